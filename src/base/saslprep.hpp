#pragma once

#include <string_view>

#include "base/secret.hpp"

namespace rolegate::base {

/// The form of a password that SCRAM works with (RFC 4013), so that é is one password however a keyboard
/// writes it. As PostgreSQL and libpq have it: what is not UTF-8, or prohibited there, or nothing afterwards,
/// stays as it is. https://www.postgresql.org/docs/15/sasl-authentication.html
[[nodiscard]] Secret saslprep(std::string_view password);

}  // namespace rolegate::base
