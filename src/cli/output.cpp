#include "cli/output.hpp"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace rolegate::cli {

void Output::write(std::string_view text) {
  if (failed()) return;
  buffer_.append(text);
  if (buffer_.size() >= kBufferSize) flush();
}

void Output::write_secret(std::string_view text) {
  flush();
  if (!failed()) error_ = put(text);
}

void Output::flush() {
  if (!failed() && !buffer_.empty()) error_ = put(buffer_);
  buffer_.clear();
}

int FdOutput::put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever shares the terminal or pipe with this program has made it non-blocking.
      pollfd wait{fd_, POLLOUT, 0};
      if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace rolegate::cli
