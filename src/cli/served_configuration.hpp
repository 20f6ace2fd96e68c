#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"

namespace rolegate::cli {

/// A folder of the process's own for its unix sockets; removed when it goes away, if it is empty then.
class SocketFolder {
 public:
  /// In $XDG_RUNTIME_DIR, else in /tmp; mode 0700.
  [[nodiscard]] static base::Result<SocketFolder> make(const base::Environment& environment);
  SocketFolder(SocketFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFolder& operator=(SocketFolder&&) = delete;
  ~SocketFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit SocketFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

enum class Reading { start, reload };
/// The configuration of this file for the gateway, with its problems in the log. At the start broken
/// databases are left out, they are no reason not to serve the others, and a broken gateway section is an
/// error; at a reload every error is, since what runs is better than that.
[[nodiscard]] base::Result<std::shared_ptr<const config::Config>> configuration_to_serve(
    Context& context, const std::string& file, Reading reading);

/// The same for these databases alone, on unix sockets in `folder` that only this user can use. Errors: those
/// of config::Loaded::find.
[[nodiscard]] base::Result<std::shared_ptr<const config::Config>> configuration_to_serve(
    Context& context, const std::string& file, const std::vector<std::string>& databases,
    const std::string& folder);

/// What to type to connect to one of them: a line for people, and a URI.
struct ConnectionString {
  std::string command;
  std::string uri;
};
[[nodiscard]] ConnectionString connection_string(const config::Database& database, const std::string& folder);

}  // namespace rolegate::cli
