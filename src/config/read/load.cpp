#include "config/read/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/file_trust.hpp"
#include "base/secret.hpp"
#include "config/read/find_file.hpp"

namespace rolegate::config {
namespace {

constexpr std::size_t kMaxFileSize = std::size_t{4} << 20;
constexpr std::string_view kStandardInput = "-";

std::optional<mode_t> mode_of(const std::string& path) {
  struct stat status{};
  const bool known =
      path == kStandardInput ? ::fstat(STDIN_FILENO, &status) == 0 : ::stat(path.c_str(), &status) == 0;
  return known ? std::optional(status.st_mode) : std::nullopt;
}

bool is_pipe(const std::optional<mode_t>& mode) { return mode && (S_ISFIFO(*mode) || S_ISSOCK(*mode)); }

bool holds_secrets(const Config& config) {
  const auto has_password = [](const Database& database) { return !database.uri.password.empty(); };
  const auto has_verifier = [](const GatewayUser& user) { return user.scram.has_value(); };
  return std::ranges::any_of(config.databases, has_password) ||
         (config.gateway && std::ranges::any_of(config.gateway->users, has_verifier));
}

void warn_of_readers(Loaded& loaded, mode_t mode) {
  if (!S_ISREG(mode) || (mode & S_IROTH) == 0 || !holds_secrets(loaded.config)) return;
  Problem problem;
  problem.severity = Severity::warning;
  problem.file = loaded.config.file;
  problem.message = fmt::format("holds passwords, and every user of this machine may read it (mode {:04o}).",
                                mode & 07777U);
  problem.remedy = fmt::format("Take that away: `chmod o-r {}`.", loaded.config.file);
  loaded.problems.insert(loaded.problems.begin(), std::move(problem));
}

}  // namespace

base::Result<const Database*> Loaded::find(std::string_view name) const {
  std::string broken;
  for (const Problem& problem : problems) {
    if (problem.severity != Severity::error || problem.database != name) continue;
    if (!broken.empty()) broken += '\n';
    broken += problem.text();
  }
  if (!broken.empty()) return base::fail(Errc::config_invalid, std::move(broken));
  return config.find(name);
}

base::Result<Loaded> load(const std::string& explicit_path, const base::Environment& environment) {
  const auto path = find_file(explicit_path, environment);
  if (!path) return std::unexpected(path.error());
  const bool found_here = explicit_path.empty() && !environment.get("ROLEGATE_CONFIG") && *path == kFileHere;
  if (*path != kStandardInput) {
    if (auto trusted = base::check_file_trust(*path); !trusted) {
      if (found_here) trusted.error().hint += " Or name another file with --config.";
      return std::unexpected(std::move(trusted.error()));
    }
  }
  auto text = base::read_input(*path, kMaxFileSize);
  if (!text) {
    if (text.error().hint.empty()) text.error().hint = "Name another file with --config.";
    return std::unexpected(std::move(text.error()));
  }
  const base::WipeAtEnd wipe(*text);
  const std::string name = *path == kStandardInput ? "standard input" : *path;
  const auto mode = mode_of(*path);
  if (text->empty() && is_pipe(mode)) {
    return base::fail(base::FileErrc::unreadable, fmt::format("No configuration came from {}.", name),
                      "The program that writes it may have failed; and what comes from a pipe can be read "
                      "only once, so it cannot be reloaded.");
  }
  Loaded loaded = load_text(*text, name, environment);
  loaded.found_in_current_folder = found_here;
  if (mode) warn_of_readers(loaded, *mode);
  return loaded;
}

base::Result<void> check_readable_again(const std::string& file) {
  const bool once = file == kStandardInput || base::is_inherited(file);
  const auto mode = mode_of(file);
  if (!once && !mode && errno == ENOENT) {
    return base::fail(Errc::config_not_found, fmt::format("The configuration file {} is gone.", file),
                      "Put it back; another file is for a new start to read.");
  }
  if (!once && !is_pipe(mode)) return {};
  return base::fail(base::FileErrc::unreadable,
                    fmt::format("{} is not read again.", file == kStandardInput ? "Standard input" : file),
                    "What comes from a pipe can be read only once, so it cannot be reloaded.");
}

}  // namespace rolegate::config
