#include "config/text/problem.hpp"

#include <iterator>

#include <fmt/format.h>

namespace rolegate::config {

std::string Problem::text() const {
  std::string out = file;
  const auto end = std::back_inserter(out);
  if (line > 0) fmt::format_to(end, ":{}", line);
  out += severity == Severity::warning ? ": warning: " : ": ";
  if (database.starts_with('#')) {
    fmt::format_to(end, "database {}: ", database);
  } else if (!database.empty()) {
    fmt::format_to(end, "database '{}': ", database);
  }
  if (!field.empty()) out += field;
  if (json_line > 0) fmt::format_to(end, "{}(line {} of the JSON)", field.empty() ? "" : " ", json_line);
  if (!field.empty() || json_line > 0) out += ": ";
  out += message;
  if (!remedy.empty()) fmt::format_to(end, " {}", remedy);
  return out;
}

}  // namespace rolegate::config
