#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/output.hpp"
#include "config/database.hpp"
#include "login/steps.hpp"

namespace rolegate::cli {

/// What `test` has found out: the steps of the path as far as they were walked.
struct StepReport {
  std::string database;
  std::string kind_title;  ///< "Aurora PostgreSQL"
  std::string kind_code;   ///< "aurora_postgresql"; empty when the configuration could not be read
  std::string endpoint;    ///< "host:port"; empty when it is not known
  std::vector<login::Step> steps;
  /// What it came to nothing for. A step may have failed without this: a login refused once, then made
  /// afresh.
  std::optional<base::Error> failure;

  [[nodiscard]] std::chrono::microseconds total() const;
};

/// For people: a line per step (mark, name, duration, detail), under a failed one its error, hint and AWS's
/// words; a closing line with the verdict.
void write_step_report(Output& out, const StepReport& report);

/// {"database", "kind", "endpoint", "ok", "ms", "error", "steps": [{"name", "ok", "ms", "detail", "error"}]};
/// errors as error_json has them, or null.
[[nodiscard]] boost::json::object step_report_json(const StepReport& report);

/// "0.04 ms", "12.3 ms", "1.20 s": three digits that matter.
[[nodiscard]] std::string duration_text(std::chrono::microseconds duration);

}  // namespace rolegate::cli
