#include "base/arn.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace rolegate::base {

std::optional<Arn> read_arn(std::string_view text) {
  constexpr std::string_view kPrefix = "arn:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  Arn arn;
  for (std::string_view* part : {&arn.partition, &arn.service, &arn.region, &arn.account}) {
    *part = text.substr(0, text.find(':'));
    text.remove_prefix(std::min(part->size() + 1, text.size()));
  }
  arn.resource = text;
  return arn;
}

bool is_aws_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

}  // namespace rolegate::base
