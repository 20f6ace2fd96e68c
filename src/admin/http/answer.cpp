#include "admin/http/answer.hpp"

#include <algorithm>
#include <exception>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace rolegate::admin {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kMethods = "GET, HEAD";

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_address(int family, std::string_view text) {
  unsigned char bytes[sizeof(in6_addr)];
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_localhost(std::string_view text) {
  constexpr std::string_view kLocalhost = "localhost";
  return std::ranges::equal(text, kLocalhost, [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

bool host_allowed(std::string_view host) {
  // uri-host [ ":" port ], RFC 9110, section 7.2.
  std::string_view name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return false;
  if (host.starts_with('[')) return is_address(AF_INET6, name);
  return is_localhost(name) || is_address(AF_INET, name);
}

HttpAnswer refusal(unsigned status, std::string_view sentence) {
  return {.page = {status, std::string(kText), fmt::format("{}\n", sentence)}, .allow = {}, .close = true};
}

HttpAnswer answer(const HttpRequest& request, Pages& pages, base::Log& log) {
  if (request.hosts > 1) return refusal(400, "The request has several Host headers.");
  if (request.host && !request.host->empty() && !host_allowed(*request.host)) {
    return refusal(421,
                   "The Host header names no IP address and not localhost: ask for this page by address.");
  }
  if (!request.target.starts_with('/')) return refusal(400, "The request's target is no path.");
  const std::string_view path = request.target.substr(0, request.target.find('?'));

  HttpAnswer answer;
  if (!pages.has(path)) {
    answer = refusal(404, fmt::format("There is no such page; there are {}.", pages.list()));
  } else if (request.method != "GET" && request.method != "HEAD") {
    answer = refusal(405, "This page can be read, and nothing else.");
    answer.allow = kMethods;
  } else if (request.has_body) {
    return refusal(413, "A request for this page has no body.");
  } else {
    try {
      answer.page = pages.get(path);
    } catch (const std::exception& problem) {
      log.error("The admin page {} could not be made: {}", path, problem.what());
      answer = refusal(500, "This page could not be made; the log says why.");
    }
  }
  answer.close = request.has_body;
  return answer;
}

}  // namespace rolegate::admin
