#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "cli/output.hpp"

namespace rolegate::cli {

enum class NewPasswordErrc {
  password_unusable,    ///< empty, too long, not UTF-8, or with control characters
  passwords_differ,     ///< the second was not the first
  password_unreadable,  ///< the terminal or standard input failed
};
[[nodiscard]] std::string_view code_name(NewPasswordErrc code);

/// A new password from the descriptor `input`: from a terminal it is asked for twice (prompts go to
/// `prompts`) and not shown; from anything else it is the first line.
[[nodiscard]] base::Result<base::Secret> read_new_password(int input, Output& prompts, std::string_view user);

/// Why this cannot be a password that every client can send.
[[nodiscard]] base::Result<void> check_new_password(std::string_view password);
/// What is unwise about it: sentences, none of which holds any of it.
[[nodiscard]] std::vector<std::string> doubts_about(std::string_view password);

}  // namespace rolegate::cli
