#include "cli/client_variables.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace rolegate::cli {
namespace {

/// Everything of libpq's begins with PG
/// (https://www.postgresql.org/docs/current/libpq-envars.html).
bool is_read_by_a_client_library(std::string_view name) {
  constexpr std::array<std::string_view, 3> kPrefixes{"PG", "MYSQL_", "MARIADB_"};
  return name == "LIBMYSQL_PLUGINS" || name == "LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN" ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

void forget_client_variables() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto name = text.substr(0, text.find('=')); is_read_by_a_client_library(name))
      names.emplace_back(name);
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

}  // namespace rolegate::cli
