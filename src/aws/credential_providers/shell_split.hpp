#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rolegate::aws {

/// Splits a command line into words as a POSIX shell would, without expanding anything: '…' is literal,
/// inside "…" a backslash escapes only '"' and itself, elsewhere any character. What botocore reads
/// credential_process and section names with (Python's shlex.split). Nothing when a quote is not closed or a
/// backslash ends the text.
[[nodiscard]] std::optional<std::vector<std::string>> shell_split(std::string_view text);

}  // namespace rolegate::aws
