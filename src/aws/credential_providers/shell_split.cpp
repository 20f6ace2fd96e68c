#include "aws/credential_providers/shell_split.hpp"

#include <cstddef>

namespace rolegate::aws {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Appends what stands between quotes to `word`; `at` is behind the opening quote and ends behind the closing
/// one.
bool read_quoted(std::string_view text, std::size_t& at, char quote, std::string& word) {
  for (; at < text.size(); ++at) {
    if (text[at] == quote) {
      ++at;
      return true;
    }
    const bool escapes = quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
                         (text[at + 1] == '"' || text[at + 1] == '\\');
    if (escapes) ++at;
    word.push_back(text[at]);
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> shell_split(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) return words;
    std::string& word = words.emplace_back();
    while (at < text.size() && !is_blank(text[at])) {
      const char c = text[at++];
      if (c == '\'' || c == '"') {
        if (!read_quoted(text, at, c, word)) return std::nullopt;
      } else if (c == '\\') {
        if (at == text.size()) return std::nullopt;
        word.push_back(text[at++]);
      } else {
        word.push_back(c);
      }
    }
  }
}

}  // namespace rolegate::aws
