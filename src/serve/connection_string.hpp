#pragma once

#include <string>

#include "config/database.hpp"

namespace rolegate::serve {

/// What to type to connect to a database whose socket is in a folder: a line for people, and a URI.
struct ConnectionString {
  std::string command;
  std::string uri;
};
[[nodiscard]] ConnectionString connection_string(const config::Database& database, const std::string& folder);

/// The socket for MySQL clients in that folder; PostgreSQL's clients know theirs by the folder.
[[nodiscard]] std::string mysql_socket(const std::string& folder);

}  // namespace rolegate::serve
