#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "config/database.hpp"
#include "config/gateway.hpp"
#include "config/text/problem.hpp"

namespace rolegate::config {

enum class Errc { config_not_found, config_invalid, database_not_found, feature_disabled };
[[nodiscard]] std::string_view code_name(Errc code);

struct Config {
  std::string file;
  bool aws_database_iam_auth = false;  ///< the feature flag, after the environment's override
  std::vector<Database> databases;     ///< the valid ones, in the file's order
  std::vector<std::string> broken;     ///< names of those that have errors
  std::optional<Gateway> gateway;      ///< when the file has the section and it is valid
  bool gateway_broken = false;         ///< it has the section, with errors
  Admin admin;

  /// The database of that name. Errors: config_invalid when it is one of the broken ones; else
  /// database_not_found, which names the nearest one and lists what there is. The pointer lives as long as
  /// `databases` is not changed.
  [[nodiscard]] base::Result<const Database*> find(std::string_view name) const;
};

/// What reading a configuration gives: the valid databases, and every problem there is. One broken database
/// does not take the others away; a file that is no YAML at all leaves `config` empty.
struct Loaded {
  Config config;
  std::vector<Problem> problems;
  std::vector<NamedFile> files;          ///< what it names, broken or not; nobody has looked at them yet
  bool found_in_current_folder = false;  ///< nobody named the file: whoever uses it says so
  [[nodiscard]] bool has_errors() const;
  /// The database of that name, as Config::find; when it is there but broken, the error lists its problems.
  [[nodiscard]] base::Result<const Database*> find(std::string_view name) const;
};

/// Reads and validates the text of a rolegate.yaml. `file` is used in problems only. The problems are in the
/// order of their lines. A database_name that is there twice names its first database only.
/// ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH (true, false, 1 or 0, any case) overrides the file's flag; any
/// other value is a problem and turns it off.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& file,
                               const base::Environment& environment);

/// What is looked for in the current folder.
inline constexpr std::string_view kFileHere = "rolegate.yaml";

/// Where the configuration is: `explicit_path` (--config; "-" is standard input) if not empty, else
/// $ROLEGATE_CONFIG, else
/// ./rolegate.yaml, else $XDG_CONFIG_HOME/rolegate/rolegate.yaml (~/.config by default), else
/// /etc/rolegate/rolegate.yaml. The error lists every place that was looked at.
[[nodiscard]] base::Result<std::string> find_file(const std::string& explicit_path,
                                                  const base::Environment& environment);

/// find_file, base::check_file_trust, reading (at most 4 MiB) and load_text in one. A pipe that gives nothing
/// is an error (file_unreadable): what should have written to it has failed, or it was read before. A file
/// with secrets in it that everybody may read is a warning.
[[nodiscard]] base::Result<Loaded> load(const std::string& explicit_path,
                                        const base::Environment& environment);

/// Whether load can read the file once more that find_file gave. What comes from standard input, a pipe or an
/// inherited descriptor comes once, and opening it would wait for somebody to write: file_unreadable. A file
/// that is gone is config_not_found.
[[nodiscard]] base::Result<void> check_readable_again(const std::string& file);

/// "AWS IAM database authentication is not enabled. Set …": for an aws_iam database while the flag is off.
[[nodiscard]] base::Error feature_disabled_error(const Config& config);

}  // namespace rolegate::config
