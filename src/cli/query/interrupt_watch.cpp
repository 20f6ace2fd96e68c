#include "cli/query/interrupt_watch.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rolegate::cli {

InterruptWatch::InterruptWatch() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, &previous_mask_);
  signals_ = ::signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || stop_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  thread_ = std::thread([this] { run(); });
}

InterruptWatch::~InterruptWatch() {
  const std::uint64_t one = 1;
  while (::write(stop_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  ::close(signals_);
  ::close(stop_);
  ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

InterruptWatch::Scope InterruptWatch::watch(std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  cancel_ = std::move(cancel);
  return Scope(*this);
}

InterruptWatch::Scope::~Scope() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.cancel_ = nullptr;
}

void InterruptWatch::run() {
  for (;;) {
    std::array<pollfd, 2> wait{{{signals_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
    if (wait[1].revents != 0) return;
    signalfd_siginfo signal;
    if (::read(signals_, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) on_signal();
  }
}

void InterruptWatch::on_signal() {
  const std::lock_guard lock(mutex_);
  // The next one ends the process at once, also while the first one's cancelling takes its time.
  ::signal(SIGINT, SIG_DFL);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  if (cancel_ && !interrupted_.exchange(true)) {
    cancel_();
  } else {
    ::raise(SIGINT);
  }
}

}  // namespace rolegate::cli
