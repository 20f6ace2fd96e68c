#include "serve/connection_string.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "base/percent_encoding.hpp"

namespace rolegate::serve {
namespace {

/// In a shell word.
std::string quoted(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./:@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace

std::string mysql_socket(const std::string& folder) { return folder + "/mysql.sock"; }

ConnectionString connection_string(const config::Database& database, const std::string& folder) {
  const std::string name = base::percent_encode(database.name);
  if (database.uri.engine == config::Engine::mysql) {
    const std::string socket = mysql_socket(folder);
    return {fmt::format("mariadb --socket={} --database={}", quoted(socket), quoted(database.name)),
            fmt::format("mysql://localhost/{}?unix_socket={}", name, socket)};
  }
  return {fmt::format("psql --host={} --dbname={}", quoted(folder), quoted(database.name)),
          fmt::format("postgresql:///{}?host={}", name, folder)};
}

}  // namespace rolegate::serve
