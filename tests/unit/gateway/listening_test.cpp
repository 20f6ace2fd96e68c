#include "gateway/listening.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/socket_address.hpp"
#include "gateway/socket_lock.hpp"
#include "unit/gateway/temporary_folder.hpp"

namespace rolegate::gateway {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

config::ListenAddress tcp(std::string host, std::uint16_t port = 0) {
  return {host + ":" + std::to_string(port), false, {}, std::move(host), port};
}

config::ListenAddress unix_socket(std::string path, std::uint16_t port = 0) {
  return {"unix:" + path, true, std::move(path), {}, port};
}

Descriptor connected(const SocketAddress& address) {
  Descriptor client(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), address.get(), address.size) != 0) client.close();
  return client;
}

/// A client gets through to it.
bool answers(const ListeningSocket& socket) {
  const auto address = own_address(socket.descriptor());
  if (!address) return false;
  const auto client = connected(*address);
  const Descriptor server(::accept(socket.descriptor(), nullptr, nullptr));
  return client && server;
}

std::uint16_t port_of(const ListeningSocket& socket) {
  const std::string& address = socket.address();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

struct stat status_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

mode_t mode_of(const std::string& path) { return status_of(path).st_mode & 07777; }

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What a killed server leaves: the file of a socket that nobody listens on any more.
void leave_behind(const std::string& path) {
  const auto address = unix_address(path);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
}

/// The umask is the process's: set for a scope.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

class ListenAt : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST(Descriptor, ClosesWhatItHolds) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  Descriptor moved(std::move(writing));
  EXPECT_EQ(moved.get(), ends[1]);
  moved = Descriptor();
  char byte;
  EXPECT_EQ(::read(reading.get(), &byte, 1), 0) << "the writing end is still open";
}

TEST_F(ListenAt, TakesAFreePortAndSaysWhich) {
  const auto socket = listen_at(tcp("127.0.0.1"), Wire::postgresql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_THAT(socket->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]+"));
  EXPECT_FALSE(socket->is_unix());
  EXPECT_TRUE(answers(*socket));
}

TEST_F(ListenAt, NeverBlocksAndIsNotInherited) {
  for (const auto& address : {tcp("127.0.0.1"), unix_socket(folder_.path("s"))}) {
    const auto socket = listen_at(address, Wire::mysql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_TRUE(::fcntl(socket->descriptor(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(socket->descriptor(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST_F(ListenAt, KeepsIpv6AndIpv4Apart) {
  // A port that is free for IPv6 may be another program's for IPv4: not every time, though.
  bool side_by_side = false;
  for (int attempt = 0; attempt < 20 && !side_by_side; ++attempt) {
    const auto six = listen_at(tcp("::"), Wire::postgresql, false);
    if (!six) GTEST_SKIP() << "no IPv6 here: " << six.error().text();
    ASSERT_THAT(six->address(), MatchesRegex("\\[::\\]:[0-9]+"));
    side_by_side = listen_at(tcp("0.0.0.0", port_of(*six)), Wire::postgresql, false).has_value();
  }
  EXPECT_TRUE(side_by_side);
}

TEST_F(ListenAt, SaysThatAPortIsTaken) {
  const auto first = listen_at(tcp("127.0.0.1"), Wire::postgresql, false);
  ASSERT_TRUE(first);
  const auto second = listen_at(tcp("127.0.0.1", port_of(*first)), Wire::postgresql, false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "listen_failed");
  EXPECT_EQ(second.error().message, "Cannot listen on " + first->address() + ": Address already in use.");
  EXPECT_THAT(second.error().hint, HasSubstr("choose another port"));
  EXPECT_FALSE(second.error().retryable);
}

TEST_F(ListenAt, SaysThatAnAddressIsNotThisMachines) {
  const auto socket = listen_at(tcp("192.0.2.1"), Wire::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "listen_failed");
  EXPECT_THAT(socket.error().hint, HasSubstr("not an address of this machine"));
  EXPECT_TRUE(socket.error().retryable) << "it may come by DHCP";
}

TEST_F(ListenAt, AsksNoNameServer) {
  const auto socket = listen_at(tcp("localhost"), Wire::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "listen_failed");
}

TEST_F(ListenAt, NamesAPostgresqlSocketAsLibpqExpectsIt) {
  const auto standard = listen_at(unix_socket(folder_.path()), Wire::postgresql, false);
  ASSERT_TRUE(standard) << standard.error().text();
  EXPECT_EQ(standard->unix_path(), folder_.path(".s.PGSQL.6432"));
  EXPECT_EQ(standard->address(), "unix:" + folder_.path(".s.PGSQL.6432"));
  EXPECT_TRUE(answers(*standard));
  const auto other = listen_at(unix_socket(folder_.path() + "/", 5433), Wire::postgresql, false);
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(other->unix_path(), folder_.path(".s.PGSQL.5433"));
}

TEST_F(ListenAt, TakesAMysqlPathAsItIs) {
  const auto socket = listen_at(unix_socket(folder_.path("mysql.sock")), Wire::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(socket->unix_path(), folder_.path("mysql.sock"));
  EXPECT_TRUE(answers(*socket));
}

TEST_F(ListenAt, GivesASocketItsModeWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 0777U}) {
    const Umask set(mask);
    const auto everyone = listen_at(unix_socket(folder_.path("everyone")), Wire::mysql, false);
    const auto owner = listen_at(unix_socket(folder_.path("owner")), Wire::mysql, true);
    ASSERT_TRUE(everyone) << everyone.error().text();
    ASSERT_TRUE(owner) << owner.error().text();
    EXPECT_EQ(mode_of(everyone->unix_path()), 0777) << mask;
    EXPECT_EQ(mode_of(owner->unix_path()), 0600) << mask;
    EXPECT_EQ(mode_of(owner->unix_path() + ".lock") & 0077, 0) << mask;
  }
}

TEST_F(ListenAt, GivesTheOwnersSocketItsModeFromItsFirstMoment) {
  const Umask set(0);
  const Descriptor watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), folder_.path().c_str(), IN_CREATE | IN_ATTRIB), 0);
  const auto socket = listen_at(unix_socket(folder_.path("s")), Wire::mysql, true);
  ASSERT_TRUE(socket) << socket.error().text();
  alignas(inotify_event) char events[4096];
  const ssize_t size = ::read(watch.get(), events, sizeof events);
  bool created = false;
  for (ssize_t at = 0; at < size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events + at);
    if (std::string_view(event->name) == "s") {
      created = created || (event->mask & IN_CREATE);
      EXPECT_FALSE(event->mask & IN_ATTRIB) << "its mode was changed after it was made";
    }
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
  EXPECT_TRUE(created);
}

TEST_F(ListenAt, OpensAndClosesASocketToOthersLater) {
  const std::string path = folder_.path("s");
  const auto socket = listen_at(unix_socket(path), Wire::mysql, true);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_TRUE(socket->set_only_owner(false));
  EXPECT_EQ(mode_of(path), 0777);
  EXPECT_TRUE(socket->set_only_owner(true));
  EXPECT_EQ(mode_of(path), 0600);
  EXPECT_TRUE(listen_at(tcp("127.0.0.1"), Wire::mysql, false)->set_only_owner(true)) << "nothing to do";
}

TEST_F(ListenAt, ChangesTheModeOfNoFileButItsOwn) {
  const std::string path = folder_.path("s");
  const auto socket = listen_at(unix_socket(path), Wire::mysql, true);
  ASSERT_TRUE(socket) << socket.error().text();
  ASSERT_EQ(::rename(path.c_str(), folder_.path("kept").c_str()), 0);
  std::ofstream(path) << "another's";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  (void)socket->set_only_owner(false);
  EXPECT_EQ(mode_of(path), 0640);
}

TEST_F(ListenAt, MakesOnlyTheLastFolder) {
  const Umask set(0077);
  {
    const auto socket = listen_at(unix_socket(folder_.path("run")), Wire::postgresql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_EQ(mode_of(folder_.path("run")), 0755);
    const auto other = listen_at(unix_socket(folder_.path("my/mysql.sock")), Wire::mysql, false);
    ASSERT_TRUE(other) << other.error().text();
    EXPECT_EQ(mode_of(folder_.path("my")), 0755);
  }
  const auto deep = listen_at(unix_socket(folder_.path("a/b")), Wire::postgresql, false);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, "socket_path_unusable");
  EXPECT_EQ(deep.error().message, "Cannot listen on unix:" + folder_.path("a/b") + ": the folder " +
                                      folder_.path("a/b") + " cannot be made: No such file or directory.");
  EXPECT_FALSE(exists(folder_.path("a")));
}

TEST_F(ListenAt, LeavesTheModeOfAFolderThatWasThere) {
  ASSERT_EQ(::mkdir(folder_.path("run").c_str(), 0700), 0);
  ASSERT_TRUE(listen_at(unix_socket(folder_.path("run")), Wire::postgresql, false));
  EXPECT_EQ(mode_of(folder_.path("run")), 0700);
}

TEST_F(ListenAt, RefusesAFolderThatIsAFile) {
  std::ofstream(folder_.path("run")) << "x";
  const auto socket = listen_at(unix_socket(folder_.path("run")), Wire::postgresql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "socket_path_unusable");
  EXPECT_THAT(socket.error().message, HasSubstr("is not a folder"));
}

TEST_F(ListenAt, SaysHowLongASocketsPathMayBe) {
  const std::string start = folder_.path("");
  const auto longest =
      listen_at(unix_socket(start + std::string(107 - start.size(), 's')), Wire::mysql, true);
  EXPECT_TRUE(longest) << longest.error().text();
  const auto longer = listen_at(unix_socket(start + std::string(108 - start.size(), 's')), Wire::mysql, true);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, "socket_path_unusable");
  EXPECT_THAT(longer.error().message, HasSubstr("has 108 bytes, and a unix socket's has 107 at most."));
}

TEST_F(ListenAt, RefusesWhatIsNoPath) {
  for (const std::string& path : {std::string(), std::string("a\0b", 3)}) {
    const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
  }
}

TEST_F(ListenAt, ReplacesASocketThatAKilledProcessLeftBehind) {
  const std::string path = folder_.path("s");
  leave_behind(path);
  const auto before = status_of(path).st_ctim;
  const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_TRUE(answers(*socket));
  EXPECT_FALSE(before.tv_sec == status_of(path).st_ctim.tv_sec &&
               before.tv_nsec == status_of(path).st_ctim.tv_nsec);
}

TEST_F(ListenAt, LeavesALiveServerItsSocket) {
  const std::string path = folder_.path("s");
  const auto address = unix_address(path);
  const Descriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(server.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(server.get(), 0), 0);
  // Also when its queue is full, after the first rounds.
  for (int round = 0; round < 4; ++round) {
    const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_THAT(socket.error().message, HasSubstr("a server is listening on " + path + " already"));
    EXPECT_TRUE(exists(path));
    EXPECT_FALSE(exists(path + ".lock"));
  }
}

TEST_F(ListenAt, LeavesADatagramSocketAlone) {
  const std::string path = folder_.path("s");
  const auto address = unix_address(path);
  const Descriptor server(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(server.get(), address->get(), address->size), 0);
  const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "socket_path_unusable");
  EXPECT_THAT(socket.error().message, HasSubstr("a server is listening"));
}

TEST_F(ListenAt, RefusesAFileThatIsNoSocket) {
  const std::string path = folder_.path("s");
  std::ofstream(path) << "important";
  for (const std::string& name : {path, folder_.path("link")}) {
    if (name != path) ASSERT_EQ(::symlink(path.c_str(), name.c_str()), 0);
    const auto socket = listen_at(unix_socket(name), Wire::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_EQ(socket.error().message,
              "Cannot listen on unix:" + name + ": " + name + " exists and is not a socket.");
  }
  EXPECT_EQ(content(path), "important");
}

TEST_F(ListenAt, RemovesItsFilesAtTheEnd) {
  const std::string path = folder_.path("s");
  {
    auto socket = listen_at(unix_socket(path), Wire::mysql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    const ListeningSocket moved(std::move(*socket));
    EXPECT_TRUE(exists(path));
    EXPECT_EQ(content(path + ".lock"), std::to_string(::getpid()) + "\n");
  }
  EXPECT_FALSE(exists(path));
  EXPECT_FALSE(exists(path + ".lock"));
}

TEST_F(ListenAt, RemovesTheFilesOfASocketThatAnotherTakesThePlaceOf) {
  auto one = listen_at(unix_socket(folder_.path("1")), Wire::mysql, false);
  auto two = listen_at(unix_socket(folder_.path("2")), Wire::mysql, false);
  ASSERT_TRUE(one && two);
  *one = std::move(*two);
  EXPECT_FALSE(exists(folder_.path("1")));
  EXPECT_EQ(one->unix_path(), folder_.path("2"));
  EXPECT_TRUE(answers(*one));
}

TEST_F(ListenAt, LeavesAFileThatIsNotItsOwnAnyMore) {
  const std::string path = folder_.path("s");
  {
    const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
    ASSERT_TRUE(socket);
    ASSERT_EQ(::rename(path.c_str(), folder_.path("kept").c_str()), 0);
    std::ofstream(path) << "another's";
  }
  EXPECT_EQ(content(path), "another's");
}

TEST_F(ListenAt, SaysWhoHoldsThePath) {
  const std::string path = folder_.path("s");
  const auto first = listen_at(unix_socket(path), Wire::mysql, false);
  ASSERT_TRUE(first);
  const auto second = listen_at(unix_socket(path), Wire::mysql, false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "socket_path_unusable");
  EXPECT_THAT(second.error().message, HasSubstr("is held by process " + std::to_string(::getpid())));
  EXPECT_TRUE(answers(*first));
}

TEST_F(ListenAt, GivesThePathToOneOfSeveralProcesses) {
  const std::string path = folder_.path("s");
  leave_behind(path);
  constexpr int kProcesses = 8;
  std::array<int, 2> start{};
  std::array<int, 2> results{};
  std::array<int, 2> finish{};
  ASSERT_EQ(::pipe2(start.data(), 0) | ::pipe2(results.data(), 0) | ::pipe2(finish.data(), 0), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(start[1]);
      ::close(finish[1]);
      char byte;
      (void)!::read(start[0], &byte, 1);  // all at once, when the test closes it
      const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
      const char result = socket ? 'y' : 'n';
      (void)!::write(results[1], &result, 1);
      (void)!::read(finish[0], &byte, 1);  // whoever has it keeps it until all have tried
      ::_exit(0);
    }
    children.push_back(child);
  }
  ::close(start[1]);
  std::string answers_got;
  pollfd readable{results[0], POLLIN, 0};
  while (answers_got.size() < kProcesses && ::poll(&readable, 1, 30'000) == 1) {
    char byte = 0;
    if (::read(results[0], &byte, 1) == 1) answers_got.push_back(byte);
  }
  EXPECT_EQ(std::count(answers_got.begin(), answers_got.end(), 'y'), 1) << answers_got;
  EXPECT_EQ(answers_got.size(), kProcesses);
  EXPECT_TRUE(connected(*unix_address(path))) << "the winner's socket is reachable";
  for (const int end : {start[0], results[0], results[1], finish[0], finish[1]}) ::close(end);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  // They ended without tidying up: that is no obstacle.
  EXPECT_TRUE(listen_at(unix_socket(path), Wire::mysql, false));
}

TEST_F(ListenAt, TakesOverTheLockFileOfAKilledProcess) {
  const std::string path = folder_.path("s");
  std::ofstream(path + ".lock") << "1234567\n/var/lib/postgresql\n";
  const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(content(path + ".lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(ListenAt, WritesToNoLockFileThatMayBeSomethingElse) {
  const std::string path = folder_.path("s");
  const std::string lock = path + ".lock";
  std::ofstream(folder_.path("important")) << "important";
  const auto refused = [&] {
    const auto socket = listen_at(unix_socket(path), Wire::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_THAT(socket.error().message, HasSubstr(lock));
    EXPECT_EQ(content(folder_.path("important")), "important");
    EXPECT_TRUE(exists(lock));
    ASSERT_EQ(::unlink(lock.c_str()), 0);
  };
  ASSERT_EQ(::symlink(folder_.path("important").c_str(), lock.c_str()), 0);
  refused();
  ASSERT_EQ(::symlink(folder_.path("not there").c_str(), lock.c_str()), 0);
  refused();
  EXPECT_FALSE(exists(folder_.path("not there"))) << "nor does it make one";
  ASSERT_EQ(::link(folder_.path("important").c_str(), lock.c_str()), 0);
  refused();
  ASSERT_EQ(::mkfifo(lock.c_str(), 0600), 0);
  refused();
  if (::geteuid() == 0) {
    std::ofstream(lock) << "x";
    ASSERT_EQ(::chown(lock.c_str(), 65534, 65534), 0);
    refused();
  }
}

TEST(SocketLock, IsHeldByOneAtATimeThoughItsFileComesAndGoes) {
  const TemporaryFolder folder;
  std::atomic<int> holders = 0;
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 3000; ++i) {
          auto lock = take_socket_lock(folder.path("s"), "here");
          if (!lock) continue;
          EXPECT_EQ(++holders, 1);
          ++taken;
          for (int turn = 0; turn < 10; ++turn) std::this_thread::yield();  // time for another to come in
          EXPECT_EQ(holders, 1);
          --holders;
          drop_socket_lock(*lock, folder.path("s"));
        }
      });
    }
  }
  EXPECT_GT(taken, 0);
}

TEST_F(ListenAt, LeavesALockFileThatIsNotItsOwnAnyMore) {
  const std::string path = folder_.path("s");
  auto lock = take_socket_lock(path, "here");
  ASSERT_TRUE(lock) << lock.error().text();
  ASSERT_EQ(::unlink((path + ".lock").c_str()), 0);
  std::ofstream(path + ".lock") << "another's";
  drop_socket_lock(*lock, path);
  EXPECT_EQ(content(path + ".lock"), "another's");
  EXPECT_FALSE(*lock);
}

}  // namespace
}  // namespace rolegate::gateway
