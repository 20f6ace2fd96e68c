#include "cli/process_limits.hpp"

#include <fcntl.h>
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
  return inherited;
}

void restore_limits(const InheritedLimits& inherited) {
  ::setrlimit(RLIMIT_CORE, &inherited.core);
  ::sigaction(SIGPIPE, &inherited.sigpipe, nullptr);
}

}  // namespace rolegate::cli
