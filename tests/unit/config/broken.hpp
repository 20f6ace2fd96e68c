#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/read/load.hpp"

namespace rolegate::config {

/// One line of a table of broken input: what is given, and each problem's whole text in the order of lines.
/// In the tables of one database the place "rolegate.yaml:N: database 'orders': " is left out.
struct Broken {
  const char* name;  ///< of the test
  std::string given;
  std::vector<std::string> expected;
};

inline void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.given; }

inline std::string test_name(const testing::TestParamInfo<Broken>& info) { return info.param.name; }

inline std::vector<std::string> texts(const std::vector<Problem>& problems) {
  std::vector<std::string> out;
  for (const Problem& problem : problems) out.push_back(problem.text());
  return out;
}

/// The same without file, line and database, with "warning: " in front where it is one.
inline std::vector<std::string> short_texts(std::vector<Problem> problems) {
  for (Problem& problem : problems) {
    problem.file = problem.severity == Severity::warning ? "warning" : "error";
    problem.line = 0;
    problem.database.clear();
    problem.severity = Severity::error;
  }
  return texts(problems);
}

/// The feature flag is on, so that no file has to say so.
inline Loaded load_yaml(const std::string& text) {
  return load_text(text, "rolegate.yaml",
                   base::FixedEnvironment({{"ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH", "true"}}));
}

/// A configuration with one database, "orders", whose aws_iam block has these lines (YAML, not indented).
inline std::string with_block(const std::string& uri, const std::string& block) {
  std::string out = "databases:\n  - database_name: orders\n    sqlalchemy_uri: " + uri +
                    "\n    encrypted_extra:\n      aws_iam:\n        ";
  for (const char c : block) {
    out += c;
    if (c == '\n') out += "        ";
  }
  return out + "\n";
}

}  // namespace rolegate::config
