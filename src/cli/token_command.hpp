#pragma once

#include <string>

#include "base/secret.hpp"
#include "cli/context.hpp"
#include "login/login.hpp"

namespace rolegate::cli {

struct TokenArguments {
  std::string database;
  bool json = false;
};

/// `rolegate token DB`: the password for one login on a line of its own, and nothing else.
[[nodiscard]] ExitStatus run(Context& context, const TokenArguments& arguments);

/// The answer of `token --json`, a secret as a whole: database, engine, user, password, host, port, db_name,
/// sslmode, expires_at (null for a configured password), and connect_to when something else has to be
/// dialled.
[[nodiscard]] base::Secret token_json(const login::Login& login);

}  // namespace rolegate::cli
