#include "gateway/audit/audit_output.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/audit/audit_log.hpp"

namespace rolegate::gateway {
namespace {

/// True: the descriptor takes bytes, or says what is wrong with it when written to. False: interrupted.
bool wait_until_writable(int descriptor, int interrupt) {
  pollfd both[] = {{descriptor, POLLOUT, 0}, {interrupt, POLLIN, 0}};
  for (;;) {
    if (::poll(both, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return true;  // out of kernel memory: write(2) may do
    }
    if (both[0].revents != 0) return true;
    if (both[1].revents != 0) return false;
  }
}

}  // namespace

AuditOutput::AuditOutput(base::Descriptor descriptor, std::string name)
    : descriptor_(std::move(descriptor)), name_(std::move(name)) {
  struct stat status{};
  may_block_ = ::fstat(descriptor_.get(), &status) != 0 || !S_ISREG(status.st_mode);
}

base::Result<AuditOutput> AuditOutput::open(const std::string& path) {
  const std::string name = path.empty() ? "standard output" : path;
  // O_NONBLOCK: a FIFO without a reader gives ENXIO instead of waiting for one (fifo(7)).
  base::Descriptor file(
      path.empty() ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                   : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                            S_IRUSR | S_IWUSR));
  if (file) return AuditOutput(std::move(file), name);
  const int error = errno;
  return base::fail(
      AuditErrc::audit_log_unusable,
      fmt::format("The audit log {} cannot be opened: {}.", name,
                  error == ENXIO ? "nobody reads from it" : std::generic_category().message(error)),
      "Its folder must exist, and the gateway's user must be able to write there (systemd: LogsDirectory=). "
      "Without audit_log in the configuration, the lines go to standard output.");
}

AuditOutput::Written AuditOutput::write_all(std::string_view text, int interrupt, int& error) {
  for (std::string_view rest = text; !rest.empty();) {
    // A blocking pipe that has room for something takes PIPE_BUF bytes without blocking (pipe(7)); whether
    // standard output blocks is not ours to change, others share it.
    if (may_block_ && !wait_until_writable(descriptor_.get(), interrupt)) return Written::interrupted;
    const std::size_t size = may_block_ ? std::min<std::size_t>(rest.size(), PIPE_BUF) : rest.size();
    const ssize_t done = ::write(descriptor_.get(), rest.data(), size);
    if (done < 0 && (errno == EINTR || (errno == EAGAIN && may_block_))) continue;
    if (done <= 0) {
      error = done < 0 ? errno : EIO;
      return Written::failed;
    }
    rest.remove_prefix(static_cast<std::size_t>(done));
    torn_ = !rest.empty();
  }
  return Written::yes;
}

AuditOutput::Written AuditOutput::write_line(std::string_view line, int interrupt, int& error) {
  if (!torn_) return write_all(line, interrupt, error);
  return write_all(fmt::format("\n{}", line), interrupt, error);
}

}  // namespace rolegate::gateway
