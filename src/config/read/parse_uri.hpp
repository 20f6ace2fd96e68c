#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/uri.hpp"

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
  bool engine_known = false;         ///< the scheme was one of the known ones, so uri.engine means something

  [[nodiscard]] bool has_errors() const;
};

/// Takes a SQLAlchemy URI apart: SCHEME[+DRIVER]://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?QUERY], cut at
/// the places where sqlalchemy.engine.make_url cuts it (so a '/' or '?' in a password needs no escape), user,
/// password and database percent-decoded, in the query '+' is a space too.
/// `for_iam`: the rules of an aws_iam database apply (a host is required except for Redshift, the password is
/// not used).
[[nodiscard]] ParsedUri parse_uri(std::string_view text, bool for_iam);

}  // namespace rolegate::config
