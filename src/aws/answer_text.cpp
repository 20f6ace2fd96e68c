#include "aws/answer_text.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rolegate::aws {

std::string text_problem(std::string_view name, std::string_view value) {
  if (value.empty()) return fmt::format("has an empty {}", name);
  if (value.size() > kMaxAnswerText)
    return fmt::format("has a {} of more than {} bytes", name, kMaxAnswerText);
  if (!base::is_utf8(value)) return fmt::format("has a {} that is not UTF-8", name);
  if (base::has_control_characters(value)) return fmt::format("has a {} with control characters", name);
  return {};
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMax = 2000;
  const bool utf8 = base::is_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < kMax; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, the controls that an eye for ASCII misses, begin with C2 and go on below A0.
    const bool c1 = utf8 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    const bool control = byte < 0x20 || byte == 0x7F || c1;
    out.push_back(control ? ' ' : byte >= 0x80 && !utf8 ? '?' : text[i]);
  }
  // The cut may have gone through a character.
  while (!base::is_utf8(out)) out.pop_back();
  return out;
}

}  // namespace rolegate::aws
