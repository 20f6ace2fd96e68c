#include <cstdlib>
#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listening.hpp"
#include "net/socket_address.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::net {
namespace {

/// A socket as systemd opens it: blocking.
base::Descriptor listening(const SocketAddress& address, int type = SOCK_STREAM, bool listens = true) {
  base::Descriptor socket(::socket(address.storage.ss_family, type, 0));
  EXPECT_EQ(::bind(socket.get(), address.get(), address.size), 0);
  if (listens) EXPECT_EQ(::listen(socket.get(), 5), 0);
  return socket;
}

base::ListenAddress configured(const SocketAddress& address) {
  const std::string text = address.text();
  const auto colon = text.rfind(':');
  return {
      text, false, {}, text.substr(0, colon), static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

/// Runs `service` in a process of its own that systemd would have started with these descriptors: at 3 and
/// up. True when it says so.
bool started_with(const std::vector<int>& descriptors, const std::function<bool()>& service,
                  const char* wrong_pid = nullptr) {
  const pid_t child = ::fork();
  if (child == 0) {
    // First out of the way of each other, then to their places.
    std::vector<int> high;
    for (const int descriptor : descriptors) high.push_back(::fcntl(descriptor, F_DUPFD, 100));
    for (int i = 3; i < 100; ++i) ::close(i);
    for (std::size_t i = 0; i < high.size(); ++i) ::dup2(high[i], 3 + static_cast<int>(i));
    ::setenv("LISTEN_PID", wrong_pid != nullptr ? wrong_pid : std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(descriptors.size()).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", "rolegate.socket", 1);
    ::_exit(service() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool variables_are_gone() {
  return std::getenv("LISTEN_PID") == nullptr && std::getenv("LISTEN_FDS") == nullptr &&
         std::getenv("LISTEN_FDNAMES") == nullptr;
}

class InheritedSockets : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST_F(InheritedSockets, AreTakenAsSystemdHandsThemOver) {
  const auto tcp = listening(*numeric_address("127.0.0.1", 0));
  const auto local = listening(*unix_address(folder_.path(".s.PGSQL.6432")));
  const std::string tcp_text = own_address(tcp.get())->text();
  EXPECT_TRUE(started_with({tcp.get(), local.get()}, [&] {
    const auto sockets = inherited_sockets();
    if (sockets.size() != 2 || !variables_are_gone()) return false;
    for (const auto& socket : sockets) {
      if (!(::fcntl(socket.descriptor(), F_GETFL) & O_NONBLOCK)) return false;
      if (!(::fcntl(socket.descriptor(), F_GETFD) & FD_CLOEXEC)) return false;
    }
    return sockets[0].address() == tcp_text && !sockets[0].is_unix() && sockets[1].is_unix() &&
           sockets[1].unix_path() == folder_.path(".s.PGSQL.6432");
  }));
  EXPECT_TRUE(std::filesystem::exists(folder_.path(".s.PGSQL.6432"))) << "it is systemd's to remove";
}

TEST_F(InheritedSockets, AreNotThoseOfAnotherProcess) {
  const auto tcp = listening(*numeric_address("127.0.0.1", 0));
  for (const char* pid : {"1", "", "-1", "99999999999999999999", "12 "}) {
    EXPECT_TRUE(started_with(
        {tcp.get()},
        [] { return inherited_sockets().empty() && variables_are_gone() && ::fcntl(3, F_GETFD) >= 0; }, pid))
        << pid;
  }
}

TEST_F(InheritedSockets, AreOnlyThoseThatListen) {
  const auto datagrams = listening(*numeric_address("127.0.0.1", 0), SOCK_DGRAM, false);
  const auto idle = listening(*numeric_address("127.0.0.1", 0), SOCK_STREAM, false);
  const base::Descriptor file(::open("/dev/null", O_RDONLY));
  const auto tcp = listening(*numeric_address("127.0.0.1", 0));
  EXPECT_TRUE(started_with({datagrams.get(), idle.get(), file.get(), tcp.get()}, [] {
    const auto sockets = inherited_sockets();
    return sockets.size() == 1 && sockets[0].descriptor() == 6 && ::fcntl(3, F_GETFD) < 0;
  }));
}

TEST_F(InheritedSockets, EndWhereTheDescriptorsDo) {
  const auto tcp = listening(*numeric_address("127.0.0.1", 0));
  EXPECT_TRUE(started_with({tcp.get()}, [] {
    ::setenv("LISTEN_FDS", "2147483647", 1);
    return inherited_sockets().size() == 1;
  }));
  EXPECT_TRUE(started_with({tcp.get()}, [] {
    ::setenv("LISTEN_FDS", "-7", 1);
    return inherited_sockets().empty();
  }));
}

TEST_F(InheritedSockets, AreThereOnce) {
  const auto tcp = listening(*numeric_address("127.0.0.1", 0));
  EXPECT_TRUE(started_with({tcp.get()},
                           [] { return inherited_sockets().size() == 1 && inherited_sockets().empty(); }));
}

class TakeInherited : public InheritedSockets {
 protected:
  void inherit(const SocketAddress& address) {
    auto socket = listening(address);
    const auto own = own_address(socket.get());
    sockets_.emplace_back(std::move(socket), own->text(), own->unix_path(), true);
  }
  bool take(const base::ListenAddress& address, Protocol protocol = Protocol::postgresql) {
    return take_inherited(sockets_, address, protocol).has_value();
  }
  std::vector<ListeningSocket> sockets_;
};

TEST_F(TakeInherited, FindsTheConfiguredAddress) {
  inherit(*numeric_address("127.0.0.1", 0));
  inherit(*numeric_address("127.0.0.1", 0));
  const auto second = configured(*own_address(sockets_[1].descriptor()));
  auto other_host = second;
  other_host.host = "127.0.0.2";
  EXPECT_FALSE(take(other_host));
  auto any_port = second;
  any_port.port = 0;
  EXPECT_FALSE(take(any_port));
  const auto taken = take_inherited(sockets_, second, Protocol::mysql);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->address(), second.text);
  EXPECT_EQ(sockets_.size(), 1);
  EXPECT_FALSE(take(second)) << "it was taken";
}

TEST_F(TakeInherited, KnowsAnAddressInAnotherSpelling) {
  auto listen = listen_at({"[::1]:0", false, {}, "::1", 0}, Protocol::postgresql, false);
  if (!listen) GTEST_SKIP() << "no IPv6 here";
  const auto port = listen->address().substr(listen->address().rfind(':') + 1);
  sockets_.push_back(std::move(*listen));
  EXPECT_TRUE(take({"[0:0::1]:" + port, false, {}, "0:0::1", static_cast<std::uint16_t>(std::stoi(port))}));
}

TEST_F(TakeInherited, FindsAUnixSocketByItsProtocolsName) {
  inherit(*unix_address(folder_.path(".s.PGSQL.6432")));
  const base::ListenAddress folder{"unix:" + folder_.path(), true, folder_.path(), {}, 0};
  EXPECT_FALSE(take(folder, Protocol::mysql));
  auto other_port = folder;
  other_port.port = 5432;
  EXPECT_FALSE(take(other_port));
  EXPECT_TRUE(take(folder));
}

TEST_F(TakeInherited, KnowsAUnixSocketThroughASymbolicLink) {
  std::filesystem::create_directory(folder_.path("run"));
  std::filesystem::create_directory_symlink(folder_.path("run"), folder_.path("var-run"));
  inherit(*unix_address(folder_.path("run/mysql.sock")));
  const std::string path = folder_.path("var-run/mysql.sock");
  EXPECT_TRUE(take({"unix:" + path, true, path, {}, 0}, Protocol::mysql));
}

TEST_F(TakeInherited, NeverTakesTcpForUnix) {
  inherit(*numeric_address("127.0.0.1", 0));
  auto address = configured(*own_address(sockets_[0].descriptor()));
  address.is_unix = true;
  address.path = folder_.path("s");
  EXPECT_FALSE(take(address, Protocol::mysql));
}

}  // namespace
}  // namespace rolegate::net
