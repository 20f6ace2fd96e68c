#include "net/socket_lock.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/listening_sockets.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::net {
namespace {

using testing::HasSubstr;

class SocketLock : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST_F(SocketLock, SaysWhoHoldsThePath) {
  const std::string path = folder_.path("s");
  const auto first = listen_at(test::unix_socket(path), Protocol::mysql, false);
  ASSERT_TRUE(first);
  const auto second = listen_at(test::unix_socket(path), Protocol::mysql, false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "socket_path_unusable");
  EXPECT_THAT(second.error().message, HasSubstr("is held by process " + std::to_string(::getpid())));
  EXPECT_TRUE(test::answers(*first));
}

TEST_F(SocketLock, GivesThePathToOneOfSeveralProcesses) {
  const std::string path = folder_.path("s");
  test::leave_behind(path);
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
      const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
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
  EXPECT_TRUE(test::connected(*unix_address(path))) << "the winner's socket is reachable";
  for (const int end : {start[0], results[0], results[1], finish[0], finish[1]}) ::close(end);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  // They ended without tidying up: that is no obstacle.
  EXPECT_TRUE(listen_at(test::unix_socket(path), Protocol::mysql, false));
}

TEST_F(SocketLock, TakesOverTheLockFileOfAKilledProcess) {
  const std::string path = folder_.path("s");
  std::ofstream(path + ".lock") << "1234567\n/var/lib/postgresql\n";
  const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_EQ(test::content(path + ".lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(SocketLock, WritesToNoLockFileThatMayBeSomethingElse) {
  const std::string path = folder_.path("s");
  const std::string lock = path + ".lock";
  std::ofstream(folder_.path("important")) << "important";
  const auto refused = [&] {
    const auto socket = listen_at(test::unix_socket(path), Protocol::mysql, false);
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().code, "socket_path_unusable");
    EXPECT_THAT(socket.error().message, HasSubstr(lock));
    EXPECT_EQ(test::content(folder_.path("important")), "important");
    EXPECT_TRUE(test::exists(lock));
    ASSERT_EQ(::unlink(lock.c_str()), 0);
  };
  ASSERT_EQ(::symlink(folder_.path("important").c_str(), lock.c_str()), 0);
  refused();
  ASSERT_EQ(::symlink(folder_.path("not there").c_str(), lock.c_str()), 0);
  refused();
  EXPECT_FALSE(test::exists(folder_.path("not there"))) << "nor does it make one";
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

TEST_F(SocketLock, IsHeldByOneAtATimeThoughItsFileComesAndGoes) {
  std::atomic<int> holders = 0;
  std::atomic<int> taken = 0;
  // Each round is a chance to go wrong; where other processes make them last, fewer do.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 3000 && std::chrono::steady_clock::now() < until; ++i) {
          auto lock = take_socket_lock(folder_.path("s"), "here");
          if (!lock) continue;
          EXPECT_EQ(++holders, 1);
          ++taken;
          for (int turn = 0; turn < 10; ++turn) std::this_thread::yield();  // time for another to come in
          EXPECT_EQ(holders, 1);
          --holders;
          drop_socket_lock(*lock, folder_.path("s"));
        }
      });
    }
  }
  EXPECT_GT(taken, 0);
}

TEST_F(SocketLock, LeavesALockFileThatIsNotItsOwnAnyMore) {
  const std::string path = folder_.path("s");
  auto lock = take_socket_lock(path, "here");
  ASSERT_TRUE(lock) << lock.error().text();
  ASSERT_EQ(::unlink((path + ".lock").c_str()), 0);
  std::ofstream(path + ".lock") << "another's";
  drop_socket_lock(*lock, path);
  EXPECT_EQ(test::content(path + ".lock"), "another's");
  EXPECT_FALSE(*lock);
}

}  // namespace
}  // namespace rolegate::net
