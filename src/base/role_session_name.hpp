#pragma once

#include <string_view>

namespace rolegate::base {

/// RoleSessionName: 2–64 of [\w+=,.@-]
/// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
[[nodiscard]] bool is_role_session_name(std::string_view name);

}  // namespace rolegate::base
