#pragma once

#include <string_view>

namespace rolegate::admin {

/// Whether a Host header is an IP address or "localhost", with or without a port. A web page that has its own
/// name resolve to this machine (DNS rebinding) makes browsers send that name here: only names that nobody
/// else can own are taken. The address that is listened on is one of them, because it is always numeric.
[[nodiscard]] bool host_allowed(std::string_view host);

}  // namespace rolegate::admin
