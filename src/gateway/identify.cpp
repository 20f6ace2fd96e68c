#include "gateway/identify.hpp"

#include <fmt/format.h>
#include <strings.h>

namespace rolegate::gateway {
namespace {

constexpr const char* kApplicationName = "application_name";
constexpr std::string_view kAttribute = "rolegate_user";
/// NAMEDATALEN without its NUL.
constexpr std::size_t kMostApplicationName = 63;

/// At most `most` bytes, and no half of a character.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  return text;
}

}  // namespace

void identify_in_parameters(NamedValues& parameters, std::string_view user) {
  std::string named(user);
  const auto is_application_name = [](const auto& each) {
    return ::strcasecmp(each.first.c_str(), kApplicationName) == 0;  // as the server compares
  };
  for (const auto& parameter : parameters) {
    if (is_application_name(parameter)) named = fmt::format("{}: {}", user, parameter.second);
  }
  std::erase_if(parameters, is_application_name);
  parameters.emplace_back(kApplicationName, cut(std::move(named), kMostApplicationName));
}

void identify_in_attributes(NamedValues& attributes, std::string_view user) {
  std::erase_if(attributes, [](const auto& each) { return each.first == kAttribute; });
  attributes.emplace(attributes.begin(), kAttribute, user);
}

}  // namespace rolegate::gateway
