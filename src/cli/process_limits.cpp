#include "cli/process_limits.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace rolegate::cli {
namespace {

void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // The lowest free descriptor is fd. Opened the wrong way round on purpose: writing to a closed output has
    // to fail, and reading from a closed input as well.
    (void)::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  }
}

/// Those open now, in ascending order; none when there is no /proc.
std::vector<unsigned> open_descriptors() {
  std::vector<unsigned> open;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    unsigned descriptor = 0;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    open.push_back(descriptor);
  }
  // The one that reads the folder is among them, and closed by now.
  std::erase_if(open, [](unsigned fd) { return ::fcntl(static_cast<int>(fd), F_GETFD) == -1; });
  std::ranges::sort(open);
  return open;
}

}  // namespace

InheritedLimits protect_process() {
  InheritedLimits inherited;
  ::getrlimit(RLIMIT_CORE, &inherited.core);
  // The soft limit only: the hard one could not be given back.
  const rlimit none{0, inherited.core.rlim_max};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &inherited.sigpipe);
  occupy_standard_descriptors();
  inherited.descriptors = open_descriptors();
  return inherited;
}

void restore_limits(const InheritedLimits& inherited) {
  unsigned first = STDERR_FILENO + 1;
  const auto close_at_exec_below = [&first](unsigned end) {
    if (first < end) ::close_range(first, end - 1, CLOSE_RANGE_CLOEXEC);
    first = end + 1;
  };
  for (const unsigned descriptor : inherited.descriptors) {
    if (descriptor >= first) close_at_exec_below(descriptor);
  }
  close_at_exec_below(UINT_MAX);
  ::setrlimit(RLIMIT_CORE, &inherited.core);
  ::sigaction(SIGPIPE, &inherited.sigpipe, nullptr);
}

}  // namespace rolegate::cli
