#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string_view>

#include "base/scram.hpp"
#include "config/name_fault.hpp"

namespace rolegate::config {

/// What `password` of a gateway user holds.
struct PasswordVerifiers {
  base::ScramVerifier scram;
  std::optional<std::array<unsigned char, 20>> mysql_native;
};

/// "SCRAM-SHA-256$…", and with a blank between them "*" and 40 hex digits (mysql_native_password). A fault
/// never holds any of the text: it may be a password.
[[nodiscard]] std::expected<PasswordVerifiers, NameFault> parse_password_verifiers(std::string_view text);

}  // namespace rolegate::config
