#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "config/config.hpp"
#include "config/text/problem.hpp"

namespace rolegate::config {

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

/// find_file, base::check_file_trust, reading (at most 4 MiB) and load_text in one. A pipe that gives nothing
/// is an error (file_unreadable): what should have written to it has failed, or it was read before. A file
/// with secrets in it that everybody may read is a warning.
[[nodiscard]] base::Result<Loaded> load(const std::string& explicit_path,
                                        const base::Environment& environment);

/// Whether load can read the file once more that find_file gave. What comes from standard input, a pipe or an
/// inherited descriptor comes once, and opening it would wait for somebody to write: file_unreadable. A file
/// that is gone is config_not_found.
[[nodiscard]] base::Result<void> check_readable_again(const std::string& file);

}  // namespace rolegate::config
