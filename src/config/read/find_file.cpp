#include "config/read/find_file.hpp"

#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "config/config.hpp"

namespace rolegate::config {
namespace {

constexpr std::string_view kStandardInput = "-";

bool exists(const std::string& path) {
  if (path == kStandardInput) return true;
  std::error_code error;
  // A file that is there but cannot be looked at counts: reading it gives the better error.
  const auto status = std::filesystem::status(path, error);
  return status.type() != std::filesystem::file_type::not_found;
}

/// XDG Base Directory Specification: a relative $XDG_CONFIG_HOME is to be ignored.
std::string config_home(const base::Environment& environment) {
  if (auto home = environment.get("XDG_CONFIG_HOME"); home && home->starts_with('/')) return *home;
  if (auto home = environment.get("HOME")) return *home + "/.config";
  return {};
}

}  // namespace

base::Result<std::string> find_file(const std::string& explicit_path, const base::Environment& environment) {
  if (!explicit_path.empty()) {
    if (exists(explicit_path)) return explicit_path;
    return base::fail(Errc::config_not_found,
                      fmt::format("The configuration file {} does not exist.", explicit_path),
                      "Name another one with --config.");
  }
  if (const auto named = environment.get("ROLEGATE_CONFIG")) {
    if (exists(*named)) return *named;
    return base::fail(
        Errc::config_not_found,
        fmt::format("The configuration file {}, which ROLEGATE_CONFIG names, does not exist.", *named),
        "Correct or unset ROLEGATE_CONFIG, or name a file with --config.");
  }
  std::vector<std::string> places{std::string(kFileHere)};
  if (const std::string home = config_home(environment); !home.empty())
    places.push_back(home + "/rolegate/rolegate.yaml");
  places.emplace_back("/etc/rolegate/rolegate.yaml");
  for (const std::string& place : places) {
    if (exists(place)) return place;
  }
  return base::fail(Errc::config_not_found,
                    fmt::format("There is no configuration file: looked for {}.", fmt::join(places, ", ")),
                    "Create one of them, or name a file with --config or ROLEGATE_CONFIG.");
}

}  // namespace rolegate::config
