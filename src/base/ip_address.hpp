#pragma once

#include <string_view>

namespace rolegate::base {

/// Numbers, as inet_pton(3) reads them: no name, no port, no brackets, no interface.
[[nodiscard]] bool is_ipv4(std::string_view text);
[[nodiscard]] bool is_ipv6(std::string_view text);
[[nodiscard]] inline bool is_ip_address(std::string_view text) { return is_ipv4(text) || is_ipv6(text); }

}  // namespace rolegate::base
