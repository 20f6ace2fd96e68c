#include "admin/http/router.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rolegate::admin {
namespace {

/// Takes the first segment off `path`, which begins with a slash.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

std::optional<Parameters> match(std::string_view pattern, std::string_view path) {
  Parameters parameters;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = take_segment(pattern);
    const std::string_view segment = take_segment(path);
    if (is_parameter(expected)) {
      if (segment.empty()) return std::nullopt;
      parameters.emplace(expected.substr(1, expected.size() - 2), segment);
    } else if (segment != expected) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

const Handler* Router::Found::handler(std::string_view method) const {
  const auto found = resource_->handlers.find(method == "HEAD" ? "GET" : method);
  return found == resource_->handlers.end() ? nullptr : &found->second;
}

std::string Router::Found::methods() const {
  std::vector<std::string_view> methods;
  for (const auto& [method, handler] : resource_->handlers) {
    methods.emplace_back(method);
    if (method == "GET") methods.emplace_back("HEAD");
  }
  return fmt::format("{}", fmt::join(methods, ", "));
}

void Router::add(std::string_view pattern, std::string method, Handler handler) {
  auto known = std::ranges::find(resources_, pattern, &Resource::pattern);
  if (known == resources_.end()) {
    const auto parameters = static_cast<std::size_t>(std::ranges::count(pattern, '{'));
    known = resources_.insert(known, {.pattern = std::string(pattern), .parameters = parameters});
  }
  known->handlers.insert_or_assign(std::move(method), std::move(handler));
}

std::optional<Router::Found> Router::find(std::string_view path) const {
  std::optional<Found> best;
  for (const Resource& resource : resources_) {
    if (best && best->resource_->parameters <= resource.parameters) continue;
    auto parameters = match(resource.pattern, path);
    if (!parameters) continue;
    best.emplace();
    best->parameters = std::move(*parameters);
    best->resource_ = &resource;
  }
  return best;
}

std::string Router::list() const {
  std::string list;
  for (const Resource& resource : resources_) {
    if (!list.empty()) list += &resource == &resources_.back() ? " and " : ", ";
    list += resource.pattern;
  }
  return list;
}

}  // namespace rolegate::admin
