#include "aws/credential_providers/run_command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/credentials.hpp"
#include "base/printable.hpp"

extern char** environ;

namespace rolegate::aws {
namespace {

using std::chrono::milliseconds;

/// How much of stderr's end is kept to find its last line in.
constexpr std::size_t kErrorTail = 4096;
/// Between looks at a child that has closed its output but not yet ended.
constexpr milliseconds kReapInterval{5};

std::string reason(int error) { return std::generic_category().message(error); }

std::unexpected<base::Error> fail(const std::string& subject, std::string_view what, std::string hint = {},
                                  bool retryable = false) {
  return base::fail(CredentialsErrc::credentials_unavailable, fmt::format("{} {}.", subject, what),
                    std::move(hint), retryable);
}

/// Both ends of a pipe; closed at the end of the scope.
struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) {
      read_end = ends[0];
      write_end = ends[1];
      ::fcntl(read_end, F_SETFL, O_NONBLOCK);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(read_end);
    close(write_end);
  }
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

/// posix_spawn's settings: the three standard streams, nothing else open, no signals blocked or ignored.
class SpawnSettings {
 public:
  SpawnSettings(const Pipe& out, const Pipe& err) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, out.write_end, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, err.write_end, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigaddset(&signals, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

/// A running child; its group is killed and it is reaped at the end of the scope unless it has ended by
/// itself.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// The exit status, or nothing when the deadline passed first.
  std::optional<int> wait(base::Deadline deadline) {
    for (;;) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      if (got == pid_) {
        pid_ = 0;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      }
      // A host program that ignores SIGCHLD has its children reaped by the system: the output has to speak.
      if (got < 0 && errno == ECHILD) {
        pid_ = 0;
        return 0;
      }
      if (deadline.passed()) return std::nullopt;
      ::poll(nullptr, 0, static_cast<int>(kReapInterval.count()));
    }
  }

 private:
  pid_t pid_;
};

/// What has been read so far; wiped at the end.
struct ProcessOutput {
  std::string output;
  std::string errors;
  ProcessOutput() = default;
  ProcessOutput(const ProcessOutput&) = delete;
  ProcessOutput& operator=(const ProcessOutput&) = delete;
  ~ProcessOutput() { base::wipe(output); }
};

/// Reads what is there; closes the end at end of file. False when nothing more will come.
bool drain(int& fd, std::array<char, 4096>& buffer, auto&& take) {
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) {
    Pipe::close(fd);
    return false;
  }
  take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  return true;
}

enum class OutputEnd { end_of_output, deadline, too_much };

OutputEnd collect(Pipe& out, Pipe& err, base::Deadline deadline, std::size_t max_output,
                  ProcessOutput& collected) {
  collected.output.reserve(max_output);  // growing would leave copies of keys behind
  std::array<char, 4096> buffer{};
  OutputEnd ended = OutputEnd::end_of_output;
  while (out.read_end >= 0 || err.read_end >= 0) {
    if (deadline.passed()) {
      ended = OutputEnd::deadline;
      break;
    }
    std::array<pollfd, 2> fds{{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
    const auto left = std::min<std::int64_t>(deadline.left().count(), 60'000);
    ::poll(fds.data(), fds.size(), static_cast<int>(left));
    if (fds[0].revents != 0) {
      bool fits = true;
      drain(out.read_end, buffer, [&](std::string_view got) {
        fits = collected.output.size() + got.size() <= max_output;
        if (fits) collected.output.append(got);
      });
      if (!fits) {
        ended = OutputEnd::too_much;
        break;
      }
    }
    if (fds[1].revents != 0) {
      drain(err.read_end, buffer, [&](std::string_view got) {
        collected.errors.append(got);
        if (collected.errors.size() > 2 * kErrorTail)
          collected.errors.erase(0, collected.errors.size() - kErrorTail);
      });
    }
  }
  OPENSSL_cleanse(buffer.data(), buffer.size());
  return ended;
}

std::string last_line(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const auto before = text.find_last_of("\r\n");
  return base::quotable(before == std::string_view::npos ? text : text.substr(before + 1));
}

}  // namespace

base::Result<CommandOutput> run_command(const std::vector<std::string>& words, const std::string& subject,
                                        base::Deadline deadline, std::size_t max_output) {
  std::vector<char*> argv;
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));  // posix_spawn's signature
  argv.push_back(nullptr);
  Pipe out;
  Pipe err;
  if (out.read_end < 0 || err.read_end < 0)
    return fail(subject, "could not be run: " + reason(errno), {}, true);

  pid_t pid = 0;
  const SpawnSettings settings(out, err);
  if (const int error =
          ::posix_spawnp(&pid, argv[0], settings.files(), settings.attributes(), argv.data(), environ)) {
    return fail(
        subject, fmt::format("could not be run: {}", reason(error)),
        fmt::format("It is run without a shell; is '{}' a program in PATH?", base::quotable(words.front())));
  }
  Child child(pid);
  Pipe::close(out.write_end);
  Pipe::close(err.write_end);

  ProcessOutput collected;
  const OutputEnd ended = collect(out, err, deadline, max_output, collected);
  if (ended == OutputEnd::too_much)
    return fail(subject, fmt::format("printed more than {} bytes and was stopped", max_output));
  const auto status = ended == OutputEnd::deadline ? std::nullopt : child.wait(deadline);
  const std::string line = last_line(collected.errors);
  if (!status) {
    return fail(subject,
                line.empty() ? "did not end in time and was stopped"
                             : fmt::format("did not end in time and was stopped; its last words: {}", line),
                "It has no standard input: it must not ask anything.", true);
  }
  return CommandOutput{base::Secret(collected.output), line, *status};
}

}  // namespace rolegate::aws
