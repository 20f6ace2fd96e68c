#include "serve/service_manager.hpp"

#include <cstddef>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "net/socket_address.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::serve {
namespace {

using testing::MatchesRegex;

base::FixedEnvironment environment(const std::string& socket) {
  return base::FixedEnvironment({{"NOTIFY_SOCKET", socket}});
}

/// What systemd listens with.
class NotifySocket {
 public:
  explicit NotifySocket(const net::SocketAddress& address)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(socket_.get(), address.get(), address.size), 0);
  }
  /// The datagram that has come, as one text; "(none)" when there is none.
  std::string received() {
    char text[4096];
    const ssize_t size = ::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "(none)" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  base::Descriptor socket_;
};

class ServiceManagerTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  NotifySocket socket_{*net::unix_address(folder_.path("notify"))};
  ServiceManager manager_{environment(folder_.path("notify"))};
};

TEST_F(ServiceManagerTest, SaysThatItIsReady) {
  manager_.ready("2 listeners, 3 databases");
  EXPECT_EQ(socket_.received(), "READY=1\nSTATUS=2 listeners, 3 databases");
  EXPECT_EQ(socket_.received(), "(none)");
}

TEST_F(ServiceManagerTest, SaysWhereItListens) {
  manager_.listeners(R"([{"protocol":"mysql","address":"127.0.0.1:41234"}])");
  EXPECT_EQ(socket_.received(), R"(X_ROLEGATE_LISTENERS=[{"protocol":"mysql","address":"127.0.0.1:41234"}])");
}

TEST_F(ServiceManagerTest, SaysNothingOfMoreListenersThanSystemdTakes) {
  manager_.listeners(std::string(4096, 'x'));
  manager_.ready("here");
  EXPECT_EQ(socket_.received(), "READY=1\nSTATUS=here");
}

TEST_F(ServiceManagerTest, SaysOfAsManyListenersAsSystemdTakes) {
  const std::string json(4096 - std::string_view("X_ROLEGATE_LISTENERS=").size(), 'x');
  manager_.listeners(json);
  EXPECT_EQ(socket_.received(), "X_ROLEGATE_LISTENERS=" + json);
}

TEST_F(ServiceManagerTest, SaysSinceWhenItReloads) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<long>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
  };
  const long before = now();
  manager_.reloading();
  const long after = now();
  const std::string message = socket_.received();
  const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_THAT(message, MatchesRegex(start + "[0-9]+"));
  const long said = std::stol(message.substr(start.size()));
  EXPECT_GE(said, before);
  EXPECT_LE(said, after);
}

TEST_F(ServiceManagerTest, SaysThatItStopsAndHowItDoes) {
  manager_.stopping("12 sessions are left");
  manager_.status("11 sessions are left");
  EXPECT_EQ(socket_.received(), "STOPPING=1\nSTATUS=12 sessions are left");
  EXPECT_EQ(socket_.received(), "STATUS=11 sessions are left");
}

TEST_F(ServiceManagerTest, LetsNoStatusBeAnythingElse) {
  manager_.status("one\nMAINPID=1\ttwo\r");
  EXPECT_EQ(socket_.received(), "STATUS=one MAINPID=1 two ");
}

TEST(ServiceManager, KnowsAbstractSockets) {
  const std::string name = "@rolegate-test-" + std::to_string(::getpid());
  net::SocketAddress address = *net::unix_address(name);
  reinterpret_cast<char*>(&address.storage)[offsetof(sockaddr_un, sun_path)] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  NotifySocket socket(address);
  ServiceManager(environment(name)).status("here");
  EXPECT_EQ(socket.received(), "STATUS=here");
}

TEST(ServiceManager, DoesNothingWithoutAManager) {
  const test::TemporaryFolder folder;
  for (const std::string& socket : {std::string(), std::string("relative"), std::string("vsock:2:1234"),
                                    std::string("@"), folder.path("gone"), "/" + std::string(200, 'x')}) {
    const ServiceManager manager(environment(socket));
    manager.ready("ready");
    manager.reloading();
    manager.stopping("stopping");
  }
  ServiceManager(base::FixedEnvironment()).ready("ready");
}

TEST_F(ServiceManagerTest, OutlivesAManagerThatIsNoDatagramSocket) {
  const auto address = net::unix_address(folder_.path("stream"));
  const base::Descriptor stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(stream.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(stream.get(), 1), 0);
  ServiceManager(environment(folder_.path("stream"))).ready("ready");
}

}  // namespace
}  // namespace rolegate::serve
