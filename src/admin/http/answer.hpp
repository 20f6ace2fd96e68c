#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/http/page.hpp"
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

struct HttpAnswer {
  Page page;
  std::string_view allow;  ///< empty: no such header
  bool close = false;      ///< what the client sends next cannot be told apart from a body
};

/// What the request is answered with. Never throws, except for want of memory.
[[nodiscard]] HttpAnswer answer(const HttpRequest& request, Pages& pages, base::Log& log);
/// For what is no request at all, or more of one than is read: the status and a sentence.
[[nodiscard]] HttpAnswer refusal(unsigned status, std::string_view sentence);

/// Whether a Host header is an IP address or "localhost", with or without a port. A web page that has its own
/// name resolve to this machine (DNS rebinding) makes browsers send that name here: only names that nobody
/// else can own are taken. The address that is listened on is one of them, because it is always numeric.
[[nodiscard]] bool host_allowed(std::string_view host);

}  // namespace rolegate::admin
