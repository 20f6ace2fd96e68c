#include "cli/completion_command.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/error_report.hpp"
#include "cli/help_command.hpp"
#include "cli/known_options.hpp"
#include "cli/usage_error.hpp"
#include "config/read/load.hpp"

namespace rolegate::cli {
namespace {

constexpr std::string_view kBash =
    R"bash(# bash completion for rolegate. The program itself knows the candidates: commands, options, database names.
_rolegate() {
  local IFS=$'\n' candidates
  candidates=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  case "${candidates[0]-}" in
    __files__) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")) ;;
    __command__) COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")) ;;
    *) COMPREPLY=("${candidates[@]}") ;;
  esac
}
complete -F _rolegate rolegate
)bash";

bool takes_value(std::string_view option) {
  constexpr std::array kTakeValue = {"--config", "--profile", "--timeout",    "--format",
                                     "--caller", "--account", "--resource-id"};
  return std::ranges::find(kTakeValue, option) != kTakeValue.end();
}

/// The words that are neither options nor their values: "config", "check".
std::vector<std::string> positionals(std::span<const std::string> words) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (takes_value(words[i])) {
      ++i;
    } else if (!words[i].starts_with('-')) {
      found.push_back(words[i]);
    }
  }
  return found;
}

/// "token", "config check"; empty before a command has been typed.
std::string command_name(std::span<const std::string> typed) {
  if (typed.empty()) return {};
  return typed[0] == "config" && typed.size() > 1 ? typed[0] + " " + typed[1] : typed[0];
}

/// The file that --config names among the words, for the database names.
std::string config_file(std::span<const std::string> words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--config") return words[i + 1];
  }
  return {};
}

void keep_matching(std::vector<std::string>& candidates, std::string_view start) {
  std::erase_if(candidates, [&](const std::string& candidate) { return !candidate.starts_with(start); });
  std::ranges::sort(candidates);
  const auto repeated = std::ranges::unique(candidates);
  candidates.erase(repeated.begin(), repeated.end());
}

std::vector<std::string> options_of(std::string_view command) {
  std::vector<std::string> options;
  for (auto& known : known_options()) {
    if (known.command.empty() || known.command == command) {
      options.insert(options.end(), known.options.begin(), known.options.end());
    }
  }
  return options;
}

/// What may stand at this place of a command line: the next word of a command's name, or a database.
std::vector<std::string> next_words(std::span<const std::string> before,
                                    std::span<const std::string> databases) {
  std::string prefix;
  for (const auto& word : before) prefix += word + " ";
  std::vector<std::string> words;
  for (const auto& help : all_help()) {
    if (help.name.starts_with(prefix)) {
      const std::string_view rest = help.name.substr(prefix.size());
      words.emplace_back(rest.substr(0, rest.find(' ')));
    }
  }
  if (before.size() == 1 && before[0] == "completion") return {"bash"};
  constexpr std::array kWithoutDatabase = {"config", "help", "passwd"};
  const bool takes_database =
      before.size() == 1 && std::ranges::find(kWithoutDatabase, before[0]) == kWithoutDatabase.end();
  if (words.empty() && takes_database) words.assign(databases.begin(), databases.end());
  return words;
}

}  // namespace

std::string_view bash_completion_script() { return kBash; }

std::vector<std::string> complete(std::span<const std::string> words,
                                  std::span<const std::string> databases) {
  if (words.empty()) return {};
  const auto before = words.first(words.size() - 1);
  const std::string& current = words.back();
  if (const auto dashes = std::ranges::find(before, "--"); dashes != before.end()) {
    const auto typed = positionals({before.begin(), dashes});
    const bool names_program = dashes + 1 == before.end() && !typed.empty() && typed[0] == "exec";
    return {std::string(names_program ? kCompleteCommand : kCompleteFiles)};
  }
  if (!before.empty() && takes_value(before.back())) {
    if (before.back() == "--config") return {std::string(kCompleteFiles)};
    return {};
  }
  const auto typed = positionals(before);
  std::vector<std::string> candidates =
      current.starts_with('-') ? options_of(command_name(typed)) : next_words(typed, databases);
  keep_matching(candidates, current);
  return candidates;
}

ExitStatus run(Context& context, const CompletionArguments& arguments) {
  if (arguments.shell != "bash") {
    return report(context.err,
                  base::make_error(UsageErrc::wrong_usage,
                                   fmt::format("There is no completion for '{}'.", arguments.shell),
                                   "`rolegate completion bash` prints the one there is."));
  }
  context.out.write(bash_completion_script());
  return ExitStatus::done;
}

ExitStatus run(Context& context, const CompleteArguments& arguments) {
  std::vector<std::string> databases;
  if (const auto loaded = config::load(config_file(arguments.words), context.environment)) {
    for (const auto& database : loaded->config.databases) databases.push_back(database.name);
  }
  for (const auto& candidate : complete(arguments.words, databases)) context.out.write(candidate + "\n");
  return ExitStatus::done;
}

}  // namespace rolegate::cli
