#pragma once

#include <string_view>

namespace rolegate::cli {

/// The command line does not make sense.
enum class UsageErrc { wrong_usage };
[[nodiscard]] std::string_view code_name(UsageErrc code);

}  // namespace rolegate::cli
