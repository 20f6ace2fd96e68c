#pragma once

#include <string>

#include "login/login.hpp"

namespace rolegate::upstream {

/// "the user has not got the role rds_iam …", with the SQL that mends it.
[[nodiscard]] std::string no_iam_user(const login::Login& login);
/// Why a database may refuse an IAM login, likeliest first, each with its remedy: databases answer all of
/// these with one and the same sentence.
[[nodiscard]] std::string refusal_causes(const login::Login& login);

}  // namespace rolegate::upstream
