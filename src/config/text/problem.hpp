#pragma once

#include <string>

namespace rolegate::config {

enum class Severity { error, warning };

/// One thing that is wrong (or odd) in a configuration, with its place and its remedy. Never holds a secret.
struct Problem {
  Severity severity = Severity::error;
  std::string file;
  int line = 0;          ///< 1-based; 0 when the problem is not at a line (the file is missing, say)
  std::string database;  ///< database_name, or "#2" for the second one when it has none; may be empty
  std::string field;     ///< as written in the file: "encrypted_extra.aws_iam.region"; may be empty
  std::string message;   ///< what is wrong
  std::string remedy;    ///< what would be right; may be empty
  int json_line = 0;  ///< inside an encrypted_extra that is a string of JSON: the line there, 1-based; else 0

  /// "rolegate.yaml:12: database 'orders': encrypted_extra.aws_iam.regoin: unknown field. Did you mean
  /// 'region'?" A warning says so after the line: "rolegate.yaml:12: warning: …".
  [[nodiscard]] std::string text() const;
};

/// A file that a configuration names, and where. What is wrong with it shows when it is looked at.
struct NamedFile {
  std::string path;
  int line = 0;
  std::string database;  ///< as in Problem
  std::string field;     ///< "gateway.postgresql.tls.cert", "sqlalchemy_uri?sslrootcert"
};

}  // namespace rolegate::config
