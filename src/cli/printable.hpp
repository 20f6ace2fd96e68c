#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::cli {

/// Text from a database, AWS or a file, made safe for a terminal: control characters, bidirectional overrides
/// and bytes that are no UTF-8 become escapes (\n, \x1b, \u202e, \xff), so that a value can neither move the
/// cursor nor change how its neighbours read.
[[nodiscard]] std::string printable(std::string_view text);

/// The same with line feeds and tabs kept, for messages of several lines.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// JSON (valid UTF-8) with DEL, C1 and bidirectional controls written as \uXXXX: RFC 8259 lets them through
/// in strings, and nowhere else, and a terminal obeys them.
[[nodiscard]] std::string printable_json(std::string_view json);

/// How many terminal columns `text` takes, which must be printable() already: combining marks none, East
/// Asian wide characters and emoji two.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace rolegate::cli
