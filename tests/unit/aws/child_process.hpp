#pragma once

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace rolegate::aws::testing {

/// A program with pipes to its standard input and output; killed when this goes away. Reading waits a minute
/// at most.
class ChildProcess {
 public:
  enum class Stderr { shown, dropped };

  explicit ChildProcess(std::vector<std::string> arguments, Stderr errors = Stderr::shown) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    if (errors == Stderr::dropped) ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int error = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (error != 0) {
      pid_ = -1;
      throw std::system_error(error, std::generic_category(), arguments[0]);
    }
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    close_input();
    ::close(out_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t done = ::write(in_, text.data(), text.size());
      if (done <= 0) throw std::system_error(errno, std::generic_category(), "write to the child");
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  void close_input() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }
  /// The next line, without its end; empty at the end of the output.
  std::string read_line() {
    for (;;) {
      const auto end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      pollfd readable{out_, POLLIN, 0};
      char chunk[65536];
      if (::poll(&readable, 1, 60'000) <= 0) return {};
      const ssize_t got = ::read(out_, chunk, sizeof chunk);
      if (got <= 0) return std::exchange(buffer_, {});
      buffer_.append(chunk, static_cast<std::size_t>(got));
    }
  }
  /// Its exit status, waited for; -1 when a signal ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string buffer_;
};

}  // namespace rolegate::aws::testing
