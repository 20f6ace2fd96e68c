#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::base {

/// RFC 3986 percent-encoding as SigV4 wants it: everything but A–Z a–z 0–9 - . _ ~ becomes %XX, upper case.
/// A space is %20, never '+'. Works on bytes, so any UTF-8 goes through.
void percent_encode_to(std::string& out, std::string_view text);
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Nothing when a '%' is not followed by two hexadecimal digits. '+' stays '+'.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace rolegate::base
