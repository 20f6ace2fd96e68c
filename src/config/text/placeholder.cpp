#include "config/text/placeholder.hpp"

#include <algorithm>
#include <array>

namespace rolegate::config {
namespace {

struct Brackets {
  std::string_view open;
  std::string_view close;
  bool expression;  ///< what is between them may be more than a name
  bool in_text;     ///< also with other text around them; "sales <eu>" is a name
};
constexpr std::array<Brackets, 3> kBrackets{
    {{"{{", "}}", true, true}, {"${", "}", false, true}, {"<", ">", false, false}}};
constexpr std::size_t kLongest = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// DB_USER, account-id.
bool is_name(std::string_view text) {
  const auto part = [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return text.size() >= 2 && is_letter(text.front()) && std::ranges::all_of(text, part);
}

/// env['DB_USER'], .Values.user, var("x") | default: printable, with a word in it.
bool is_expression(std::string_view text) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return text.size() <= kLongest && std::ranges::all_of(text, printable) &&
         std::ranges::any_of(text, is_letter);
}

/// The first pair of these brackets with what can be replaced between them; empty when there is none.
std::string_view first_in(std::string_view text, const Brackets& brackets) {
  const std::size_t open = text.find(brackets.open);
  if (open == std::string_view::npos) return {};
  const std::size_t begin = open + brackets.open.size();
  const std::size_t close = text.find(brackets.close, begin);
  if (close == std::string_view::npos) return {};
  const std::string_view inside = text.substr(begin, close - begin);
  if (brackets.expression ? !is_expression(inside) : !is_name(inside)) return {};
  return text.substr(open, close + brackets.close.size() - open);
}

}  // namespace

bool is_placeholder(std::string_view text) {
  return !text.empty() && std::ranges::any_of(kBrackets, [&](const Brackets& brackets) {
    return first_in(text, brackets).size() == text.size();
  });
}

bool holds_placeholder(std::string_view text) {
  return is_placeholder(text) || std::ranges::any_of(kBrackets, [&](const Brackets& brackets) {
           return brackets.in_text && !first_in(text, brackets).empty();
         });
}

}  // namespace rolegate::config
