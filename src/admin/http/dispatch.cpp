#include "admin/http/dispatch.hpp"

#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "admin/http/host.hpp"

namespace rolegate::admin {
namespace {

HttpAnswer broken(std::string_view path, const std::exception& problem, base::Log& log) {
  log.error("The admin page {} could not be made: {}", path, problem.what());
  return refusal(500, "This page could not be made; the log says why.");
}

/// For whom a request is meant, and whether it names a path at all.
std::optional<HttpAnswer> refuse_head(const HttpRequest& request) {
  if (request.hosts > 1) return refusal(400, "The request has several Host headers.");
  if (request.host && !request.host->empty() && !host_allowed(*request.host)) {
    return refusal(421,
                   "The Host header names no IP address and not localhost: ask for this page by address.");
  }
  if (!request.target.starts_with('/')) return refusal(400, "The request's target is no path.");
  return std::nullopt;
}

Reply call(const Handler& handler, const RoutedRequest& request, base::Log& log) {
  try {
    Reply reply = handler(request);
    Job* job = std::get_if<Job>(&reply);
    if (job == nullptr) return reply;
    return Job([job = std::move(*job), path = std::string(request.path), &log]() mutable {
      try {
        return job();
      } catch (const std::exception& problem) {
        return broken(path, problem, log);
      }
    });
  } catch (const std::exception& problem) {
    return broken(request.path, problem, log);
  }
}

Reply route(const HttpRequest& request, const Router& router, base::Log& log) {
  const auto question = request.target.find('?');
  const std::string_view path = request.target.substr(0, question);
  auto found = router.find(path);
  if (!found) return refusal(404, fmt::format("There is no such page; there are {}.", router.list()));
  // A page that is not for everybody asks here who it is, before it says which methods it has.
  const Handler* handler = found->handler(request.method);
  if (handler == nullptr) {
    HttpAnswer answer = refusal(405, fmt::format("This page answers {} and nothing else.", found->methods()));
    answer.headers.emplace_back("Allow", found->methods());
    return answer;
  }
  if (request.has_body) return refusal(413, "A request for this page has no body.");
  return call(*handler,
              {.method = request.method,
               .path = path,
               .query = question == std::string_view::npos ? "" : request.target.substr(question + 1),
               .parameters = std::move(found->parameters)},
              log);
}

}  // namespace

Reply dispatch(const HttpRequest& request, const Router& router, base::Log& log) {
  if (auto refused = refuse_head(request)) {
    refused->close = true;
    return std::move(*refused);
  }
  Reply reply = route(request, router, log);
  if (auto* answer = std::get_if<HttpAnswer>(&reply)) answer->close = request.has_body;
  return reply;
}

}  // namespace rolegate::admin
