#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/listening.hpp"

namespace rolegate::gateway {

/// Where the lines of the audit log go: a file, a FIFO, or standard output. Used by one thread at a time,
/// which must not receive SIGPIPE or SIGXFSZ.
class AuditOutput {
 public:
  /// Empty: standard output. A FIFO that nobody reads is an error, not a wait.
  [[nodiscard]] static base::Result<AuditOutput> open(const std::string& path);

  enum class Written { yes, interrupted, failed };
  /// Writes a line with its end, with one write(2) where the kernel takes it at once. Waits for a reader that
  /// does not read until `interrupt` (an eventfd) becomes readable. `failed`: `error` says why; what was
  /// written of it is ended by a line end before the next line.
  [[nodiscard]] Written write_line(std::string_view line, int interrupt, int& error);

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  AuditOutput(base::Descriptor descriptor, std::string name);
  [[nodiscard]] Written write_all(std::string_view text, int interrupt, int& error);

  base::Descriptor descriptor_;
  std::string name_;        ///< for people
  bool may_block_ = false;  ///< a pipe, a socket or a terminal: wait until it can take something
  bool torn_ = false;       ///< it ends in the middle of a line
};

}  // namespace rolegate::gateway
