#include "config/config.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"

namespace rolegate::config {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::config_not_found:
      return "config_not_found";
    case Errc::config_invalid:
      return "config_invalid";
    case Errc::database_not_found:
      return "database_not_found";
    case Errc::feature_disabled:
      return "feature_disabled";
  }
  return {};
}

base::Result<const Database*> Config::find(std::string_view name) const {
  const auto found = std::ranges::find(databases, name, &Database::name);
  if (found != databases.end()) return &*found;
  if (std::ranges::find(broken, name) != broken.end()) {
    return base::fail(Errc::config_invalid,
                      fmt::format("The configuration of database '{}' in {} has errors.", name, file),
                      "`rolegate config check` lists them.");
  }
  std::vector<std::string_view> names;
  for (const Database& database : databases) names.push_back(database.name);
  const std::string_view nearest = base::nearest(name, names);
  std::string hint = nearest.empty() ? "" : fmt::format("Did you mean '{}'? ", nearest);
  if (names.empty()) {
    hint += "It has no valid database.";
  } else {
    constexpr std::size_t kListed = 20;
    const auto shown_names = std::span(names).first(std::min(names.size(), kListed));
    hint += fmt::format("It has {}{}.", fmt::join(shown_names, ", "),
                        names.size() > kListed ? fmt::format(" and {} more", names.size() - kListed) : "");
  }
  return base::fail(Errc::database_not_found, fmt::format("There is no database '{}' in {}.", name, file),
                    std::move(hint));
}

base::Error feature_disabled_error(const IamFlag& flag) {
  return base::make_error(
      Errc::feature_disabled, "AWS IAM database authentication is not enabled.",
      fmt::format(
          "Set the {0} feature flag to true to enable this feature: 'feature_flags: {{{0}: true}}' in "
          "{1}, or {2}=true in the environment.",
          kIamFlag, flag.file.empty() ? "the configuration" : flag.file, kIamFlagVariable));
}

}  // namespace rolegate::config
