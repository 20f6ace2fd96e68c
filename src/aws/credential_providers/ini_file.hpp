#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// A value of an INI file. Any value may be a key, so all are kept as secrets.
struct IniValue {
  base::Secret text;  ///< lines joined with '\n'; empty when nested
  std::map<std::string, base::Secret, std::less<>>
      nested;    ///< `s3 =` with indented `name = value` lines below
  int line = 0;  ///< 1-based

  [[nodiscard]] bool is_nested() const { return !nested.empty(); }
};

struct IniSection {
  std::map<std::string, IniValue, std::less<>> values;  ///< names in lower case
  int line = 0;
};

struct IniFile {
  std::map<std::string, IniSection, std::less<>> sections;  ///< names as written
};

/// Reads an INI file the way botocore does, which is Python's RawConfigParser in strict mode
/// (https://docs.python.org/3/library/configparser.html) with one level of nesting: '=' or ':' after the
/// name,
/// '#' and ';' comments on lines of their own only, indented lines go on with the value, a section or a name
/// that comes twice is an error, and `[DEFAULT]` gives to every section what it does not have itself. A byte
/// order mark is skipped, a control character is an error. Errors (credentials_invalid) begin with
/// "file:line:" and never quote a line.
[[nodiscard]] base::Result<IniFile> parse_ini(std::string_view text, std::string_view file);

}  // namespace rolegate::aws
