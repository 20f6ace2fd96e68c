#pragma once

#include <optional>
#include <string_view>

#include "admin/http/router.hpp"
#include "base/log.hpp"

namespace rolegate::admin {

/// The head of a request, as far as it matters here.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::optional<std::string_view> host;  ///< the header
  unsigned hosts = 0;                    ///< how many such headers there are
  bool has_body = false;
};

/// What the request is answered with: by the handler that the router has for it, or a refusal. Neither it nor
/// the job that it may give throws, except for want of memory. `log` outlives the job.
[[nodiscard]] Reply dispatch(const HttpRequest& request, const Router& router, base::Log& log);

}  // namespace rolegate::admin
