#pragma once

#include <string_view>

namespace rolegate::base {

/// Valid UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
/// Holds a C0 or C1 control character or DEL: what no name, host or user of this program may hold.
[[nodiscard]] bool has_control_characters(std::string_view text);

}  // namespace rolegate::base
