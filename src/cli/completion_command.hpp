#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.hpp"

namespace rolegate::cli {

struct CompletionArguments {
  std::string shell;
};
/// What the completion script asks (`rolegate __complete WORD…`): the words after the program's name, up to
/// and with the one that is being completed.
struct CompleteArguments {
  std::vector<std::string> words;
};

/// `rolegate completion bash`: prints the script.
[[nodiscard]] ExitStatus run(Context& context, const CompletionArguments& arguments);
[[nodiscard]] ExitStatus run(Context& context, const CompleteArguments& arguments);

/// packaging/completion/rolegate.bash, word for word.
[[nodiscard]] std::string_view bash_completion_script();

/// Candidates for the last word. One of kFiles or kCommands alone leaves it to the shell.
[[nodiscard]] std::vector<std::string> complete(std::span<const std::string> words,
                                                std::span<const std::string> databases);
inline constexpr std::string_view kCompleteFiles = "__files__";
inline constexpr std::string_view kCompleteCommand = "__command__";

}  // namespace rolegate::cli
