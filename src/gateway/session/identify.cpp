#include "gateway/session/identify.hpp"

#include <fmt/format.h>
#include <strings.h>

#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/payload.hpp"

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

std::string identified_attributes(std::string_view attributes, std::string_view user) {
  using namespace wire::mysql;
  const auto encoded = [](std::string_view name, std::string_view value) {
    std::string attribute;
    append_length_encoded(attribute, name);
    append_length_encoded(attribute, value);
    return attribute;
  };
  std::string identified = encoded(kAttribute, user);
  PayloadReader reader(attributes);
  while (reader.left() > 0) {
    const std::string_view name = reader.length_encoded_bytes();
    const std::string_view value = reader.length_encoded_bytes();
    if (!reader.ok()) break;  // a server reads no further either
    if (name == kAttribute) continue;
    const std::string attribute = encoded(name, value);
    if (identified.size() + attribute.size() <= kMaxAttributes) identified += attribute;
  }
  return identified;
}

}  // namespace rolegate::gateway
