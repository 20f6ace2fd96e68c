#include "net/unix_listening.hpp"

#include <fstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/listening.hpp"
#include "support/listening_sockets.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::net {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

struct stat status_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

mode_t mode_of(const std::string& path) { return status_of(path).st_mode & 07777; }

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
class UnixListening : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST_F(UnixListening, NamesAPostgresqlSocketAsLibpqExpectsIt) {
  const auto standard = listen_at(test::unix_socket(folder_.path()), Protocol::postgresql, false);
  ASSERT_TRUE(standard) << standard.error().text();
  EXPECT_EQ(standard->unix_path(), folder_.path(".s.PGSQL.6432"));
  EXPECT_EQ(standard->address(), "unix:" + folder_.path(".s.PGSQL.6432"));
  EXPECT_TRUE(test::answers(*standard));
  const auto other = listen_at(test::unix_socket(folder_.path() + "/", 5433), Protocol::postgresql, false);
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(other->unix_path(), folder_.path(".s.PGSQL.5433"));
}

TEST_F(UnixListening, TakesAMysqlPathAsItIs) {
  const auto socket = listen_at(test::unix_socket(folder_.path("mysql.sock")), Protocol::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(socket->unix_path(), folder_.path("mysql.sock"));
  EXPECT_TRUE(test::answers(*socket));
}

TEST_F(UnixListening, GivesASocketItsModeWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 0777U}) {
    const Umask set(mask);
    const auto everyone = listen_at(test::unix_socket(folder_.path("everyone")), Protocol::mysql, false);
    const auto owner = listen_at(test::unix_socket(folder_.path("owner")), Protocol::mysql, true);
    ASSERT_TRUE(everyone) << everyone.error().text();
    ASSERT_TRUE(owner) << owner.error().text();
    EXPECT_EQ(mode_of(everyone->unix_path()), 0777) << mask;
    EXPECT_EQ(mode_of(owner->unix_path()), 0600) << mask;
    EXPECT_EQ(mode_of(owner->unix_path() + ".lock") & 0077, 0) << mask;
  }
}

TEST_F(UnixListening, GivesTheOwnersSocketItsModeFromItsFirstMoment) {
  const Umask set(0);
  const base::Descriptor watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), folder_.path().c_str(), IN_CREATE | IN_ATTRIB), 0);
  const auto socket = listen_at(test::unix_socket(folder_.path("s")), Protocol::mysql, true);
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

TEST_F(UnixListening, OpensAndClosesASocketToOthersLater) {
  const std::string path = folder_.path("s");
  const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, true);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_TRUE(socket->set_only_owner(false));
  EXPECT_EQ(mode_of(path), 0777);
  EXPECT_TRUE(socket->set_only_owner(true));
  EXPECT_EQ(mode_of(path), 0600);
  EXPECT_TRUE(
      listen_at({"127.0.0.1:0", false, {}, "127.0.0.1", 0}, Protocol::mysql, false)->set_only_owner(true))
      << "nothing to do";
}

TEST_F(UnixListening, ChangesTheModeOfNoFileButItsOwn) {
  const std::string path = folder_.path("s");
  const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, true);
  ASSERT_TRUE(socket) << socket.error().text();
  ASSERT_EQ(::rename(path.c_str(), folder_.path("kept").c_str()), 0);
  std::ofstream(path) << "another's";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  (void)socket->set_only_owner(false);
  EXPECT_EQ(mode_of(path), 0640);
}

TEST_F(UnixListening, MakesOnlyTheLastFolder) {
  const Umask set(0077);
  {
    const auto socket = listen_at(test::unix_socket(folder_.path("run")), Protocol::postgresql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_EQ(mode_of(folder_.path("run")), 0755);
    const auto other = listen_at(test::unix_socket(folder_.path("my/mysql.sock")), Protocol::mysql, false);
    ASSERT_TRUE(other) << other.error().text();
    EXPECT_EQ(mode_of(folder_.path("my")), 0755);
  }
  const auto deep = listen_at(test::unix_socket(folder_.path("a/b")), Protocol::postgresql, false);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, "socket_path_unusable");
  EXPECT_EQ(deep.error().message, "Cannot listen on unix:" + folder_.path("a/b") + ": the folder " +
                                      folder_.path("a/b") + " cannot be made: No such file or directory.");
  EXPECT_FALSE(test::exists(folder_.path("a")));
}

TEST_F(UnixListening, LeavesTheModeOfAFolderThatWasThere) {
  ASSERT_EQ(::mkdir(folder_.path("run").c_str(), 0700), 0);
  ASSERT_TRUE(listen_at(test::unix_socket(folder_.path("run")), Protocol::postgresql, false));
  EXPECT_EQ(mode_of(folder_.path("run")), 0700);
}

TEST_F(UnixListening, RefusesAFolderThatIsAFile) {
  std::ofstream(folder_.path("run")) << "x";
  const auto socket = listen_at(test::unix_socket(folder_.path("run")), Protocol::postgresql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "socket_path_unusable");
  EXPECT_THAT(socket.error().message, HasSubstr("is not a folder"));
}

TEST_F(UnixListening, SaysHowLongASocketsPathMayBe) {
  const std::string start = folder_.path("");
  const auto longest =
      listen_at(test::unix_socket(start + std::string(107 - start.size(), 's')), Protocol::mysql, true);
  EXPECT_TRUE(longest) << longest.error().text();
  const auto longer =
      listen_at(test::unix_socket(start + std::string(108 - start.size(), 's')), Protocol::mysql, true);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, "socket_path_unusable");
  EXPECT_THAT(longer.error().message, HasSubstr("has 108 bytes, and a unix socket's has 107 at most."));
}

TEST_F(UnixListening, RefusesWhatIsNoPath) {
  for (const std::string& path : {std::string(), std::string("a\0b", 3)}) {
    const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
  }
}

TEST_F(UnixListening, ReplacesASocketThatAKilledProcessLeftBehind) {
  const std::string path = folder_.path("s");
  test::leave_behind(path);
  const auto before = status_of(path).st_ctim;
  const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_TRUE(test::answers(*socket));
  EXPECT_FALSE(before.tv_sec == status_of(path).st_ctim.tv_sec &&
               before.tv_nsec == status_of(path).st_ctim.tv_nsec);
}

TEST_F(UnixListening, LeavesALiveServerItsSocket) {
  const std::string path = folder_.path("s");
  const auto address = unix_address(path);
  const base::Descriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(server.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(server.get(), 0), 0);
  // Also when its queue is full, after the first rounds.
  for (int round = 0; round < 4; ++round) {
    const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_THAT(socket.error().message, HasSubstr("a server is listening on " + path + " already"));
    EXPECT_TRUE(test::exists(path));
    EXPECT_FALSE(test::exists(path + ".lock"));
  }
}

TEST_F(UnixListening, LeavesADatagramSocketAlone) {
  const std::string path = folder_.path("s");
  const auto address = unix_address(path);
  const base::Descriptor server(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(server.get(), address->get(), address->size), 0);
  const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "socket_path_unusable");
  EXPECT_THAT(socket.error().message, HasSubstr("a server is listening"));
}

TEST_F(UnixListening, RefusesAFileThatIsNoSocket) {
  const std::string path = folder_.path("s");
  std::ofstream(path) << "important";
  for (const std::string& name : {path, folder_.path("link")}) {
    if (name != path) ASSERT_EQ(::symlink(path.c_str(), name.c_str()), 0);
    const auto socket = listen_at(test::unix_socket(name), Protocol::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_EQ(socket.error().message,
              "Cannot listen on unix:" + name + ": " + name + " exists and is not a socket.");
  }
  EXPECT_EQ(test::content(path), "important");
}

TEST_F(UnixListening, RemovesItsFilesAtTheEnd) {
  const std::string path = folder_.path("s");
  {
    auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    const ListeningSocket moved(std::move(*socket));
    EXPECT_TRUE(test::exists(path));
    EXPECT_EQ(test::content(path + ".lock"), std::to_string(::getpid()) + "\n");
  }
  EXPECT_FALSE(test::exists(path));
  EXPECT_FALSE(test::exists(path + ".lock"));
}

TEST_F(UnixListening, RemovesTheFilesOfASocketThatAnotherTakesThePlaceOf) {
  auto one = listen_at(test::unix_socket(folder_.path("1")), Protocol::mysql, false);
  auto two = listen_at(test::unix_socket(folder_.path("2")), Protocol::mysql, false);
  ASSERT_TRUE(one && two);
  *one = std::move(*two);
  EXPECT_FALSE(test::exists(folder_.path("1")));
  EXPECT_EQ(one->unix_path(), folder_.path("2"));
  EXPECT_TRUE(test::answers(*one));
}

TEST_F(UnixListening, LeavesAFileThatIsNotItsOwnAnyMore) {
  const std::string path = folder_.path("s");
  {
    const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
    ASSERT_TRUE(socket);
    ASSERT_EQ(::rename(path.c_str(), folder_.path("kept").c_str()), 0);
    std::ofstream(path) << "another's";
  }
  EXPECT_EQ(test::content(path), "another's");
}
}  // namespace
}  // namespace rolegate::net
