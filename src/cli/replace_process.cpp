#include "cli/replace_process.hpp"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "base/secret.hpp"

namespace rolegate::cli {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

std::string_view code_name(ExecErrc code) {
  switch (code) {
    case ExecErrc::command_not_found:
      return "command_not_found";
    case ExecErrc::command_failed:
      return "command_failed";
  }
  return {};
}

base::Error replace_process(const std::vector<std::string>& command, const ClientEnvironment& variables,
                            const InheritedLimits& inherited) {
  std::vector<std::string> own;
  for (char** entry = environ; *entry != nullptr; ++entry) own.emplace_back(*entry);
  auto merged = variables.merged_into(own);
  auto arguments = command;
  const auto argv = pointers(arguments);
  const auto envp = pointers(merged);

  restore_limits(inherited);
  ::execvpe(argv.front(), argv.data(), envp.data());
  const int error = errno;
  for (auto& entry : merged) base::wipe(entry);
  const auto code = error == ENOENT ? ExecErrc::command_not_found : ExecErrc::command_failed;
  return base::make_error(
      code,
      fmt::format("'{}' could not be started: {}.", command.front(), std::generic_category().message(error)),
      error == ENOENT ? "Is it installed, and in PATH?" : "");
}

}  // namespace rolegate::cli
