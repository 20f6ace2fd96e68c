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

}  // namespace rolegate::aws
