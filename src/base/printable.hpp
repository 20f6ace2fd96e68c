#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::base {

// Text from a database, a client, AWS or a file, made fit to be shown. Whoever adds a way of saying what
// others wrote takes one of these; they differ in where the text goes.

/// For a terminal, nothing lost: control characters, bidirectional overrides and bytes that are no UTF-8
/// become escapes (\n, \x1b, \u202e, \xff), so that a value can neither move the cursor nor change how its
/// neighbours read.
[[nodiscard]] std::string printable(std::string_view text);

/// As printable(), with line feeds and tabs kept, for messages of several lines.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// JSON (valid UTF-8), still the same JSON, for terminals and readers of lines: DEL, C1 and bidirectional
/// controls and the line separators are written as \uXXXX. RFC 8259 lets them through in strings, and nowhere
/// else.
[[nodiscard]] std::string printable_json(std::string_view json);

/// Words for the middle of a sentence, at most `longest` bytes of them: a space for each control character,
/// '?' for each byte that is no UTF-8.
[[nodiscard]] std::string quotable(std::string_view text, std::size_t longest = 200);

/// What a server or a client library said, as one line of an error: at most 300 bytes and an ellipsis, valid
/// UTF-8, one space for control characters in a row. A peer that is not trusted yet may have written it.
[[nodiscard]] std::string server_text(std::string_view text);

}  // namespace rolegate::base
