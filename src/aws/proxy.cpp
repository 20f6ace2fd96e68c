#include "aws/proxy.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace rolegate::aws {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string read(const base::Environment& environment, std::string_view lower_name,
                 std::string_view upper_name) {
  if (auto value = environment.get(lower_name)) return std::move(*value);
  return environment.get_or(upper_name, "");
}

/// `name` is `suffix`, or ends in it at a dot.
bool matches(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  return name.size() == suffix.size() || name[name.size() - suffix.size() - 1] == '.';
}

}  // namespace

ProxyVariables::ProxyVariables(const base::Environment& environment)
    : http_(read(environment, "http_proxy", environment.get("REQUEST_METHOD") ? "" : "HTTP_PROXY")),
      https_(read(environment, "https_proxy", "HTTPS_PROXY")),
      no_proxy_(base::lower_case(read(environment, "no_proxy", "NO_PROXY"))) {}

std::string ProxyVariables::proxy_for(const Url& url) const {
  const std::string& proxy = url.scheme == "https" ? https_ : http_;
  if (proxy.empty() || is_loopback(url.host) || trim(no_proxy_) == "*") return {};
  const std::string host = base::lower_case(url.host);
  const std::string authority = base::lower_case(url.authority);
  for (std::string_view rest = no_proxy_; !rest.empty();) {
    const auto item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    std::string_view suffix = trim(item);
    while (suffix.starts_with('.')) suffix.remove_prefix(1);
    if (!suffix.empty() && (matches(host, suffix) || matches(authority, suffix))) return {};
  }
  return proxy;
}

}  // namespace rolegate::aws
