#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/database.hpp"

namespace rolegate::config {

/// One thing wrong with a URI. `field` is "sqlalchemy_uri" or "sqlalchemy_uri?sslmode".
struct UriProblem {
  std::string field;
  std::string message;
  std::string remedy;
  bool warning = false;
};

struct ParsedUri {
  Uri uri;
  std::vector<UriProblem> problems;  ///< all of them, not only the first; no message holds the password
};

/// Takes a SQLAlchemy URI apart. `for_iam`: the stricter rules of an aws_iam database apply (TLS is required,
/// a host is required except for Redshift).
[[nodiscard]] ParsedUri parse_uri(std::string_view text, bool for_iam);

}  // namespace rolegate::config
