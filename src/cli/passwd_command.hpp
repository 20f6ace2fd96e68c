#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "cli/context.hpp"

namespace rolegate::cli {

struct PasswdArguments {
  std::string name;
  bool mysql_native = false;
  bool json = false;
};

/// `rolegate passwd NAME`: reads a new password (terminal or standard input) and prints the entry of
/// gateway.users that lets NAME in with it. Changes no file.
[[nodiscard]] ExitStatus run(Context& context, const PasswdArguments& arguments);

/// What `password` of a gateway user holds: "SCRAM-SHA-256$…", and " *…" (mysql_native_password) if wanted.
[[nodiscard]] std::string verifiers(const base::Secret& password, base::Random& random, bool mysql_native);

/// `- {name: alice, password: "SCRAM-SHA-256$…", databases: [orders]}`: an item of gateway.users.
[[nodiscard]] std::string user_entry(std::string_view name, std::string_view verifiers,
                                     std::span<const std::string> databases);

}  // namespace rolegate::cli
