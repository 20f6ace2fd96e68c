#include "cli/silent_terminal.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rolegate::cli {
namespace {

sigset_t guarded_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP}) sigaddset(&set, signal);
  return set;
}

[[noreturn]] void fail(int error) { throw std::system_error(error, std::generic_category(), "terminal"); }

}  // namespace

SilentTerminal::SilentTerminal(int fd) : fd_(fd) {
  if (::tcgetattr(fd_, &before_) != 0) fail(errno);
  const sigset_t guarded = guarded_signals();
  ::pthread_sigmask(SIG_BLOCK, &guarded, &mask_before_);
  signals_ = ::signalfd(-1, &guarded, SFD_CLOEXEC | SFD_NONBLOCK);
  try {
    if (signals_ < 0) fail(errno);
    silence();
  } catch (...) {
    if (signals_ >= 0) ::close(signals_);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    throw;
  }
}

SilentTerminal::~SilentTerminal() {
  restore();
  ::close(signals_);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void SilentTerminal::silence() {
  termios silent = before_;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  // Lines with the kernel's own editing (backspace, Ctrl-U); the line end alone is shown.
  silent.c_lflag |= ICANON | ISIG | ECHONL;
  // TCSAFLUSH: what was typed before the prompt was shown on the screen, and is not the password.
  if (::tcsetattr(fd_, TCSAFLUSH, &silent) != 0) fail(errno);
}

// TCSAFLUSH: a password that was typed but not read must not become a command of the shell.
void SilentTerminal::restore() { (void)::tcsetattr(fd_, TCSAFLUSH, &before_); }

void SilentTerminal::let_through(int signal) {
  restore();
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  ::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
  silence();
}

std::ptrdiff_t SilentTerminal::read(std::span<char> out) {
  for (;;) {
    std::array<pollfd, 2> wait{{{signals_, POLLIN, 0}, {fd_, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    signalfd_siginfo signal;
    if (wait[0].revents != 0 &&
        ::read(signals_, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
      let_through(static_cast<int>(signal.ssi_signo));
      continue;
    }
    if (wait[1].revents == 0) continue;
    const ssize_t got = ::read(fd_, out.data(), out.size());
    if (got >= 0 || errno != EINTR) return got;
  }
}

}  // namespace rolegate::cli
