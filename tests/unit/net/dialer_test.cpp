#include "net/dialer.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket_address.hpp"

namespace rolegate::net {
namespace {

using std::chrono::seconds;

/// All of 127.0.0.0/8 is this machine: a port may be open at one of its addresses and closed at the others.
constexpr const char* kOpen = "127.0.0.1";
constexpr const char* kOther = "127.0.0.2";

base::Descriptor listen_at(const char* host, std::uint16_t port, int backlog) {
  base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = numeric_address(host, port);
  EXPECT_EQ(::bind(socket.get(), address->get(), address->size), 0);
  EXPECT_EQ(::listen(socket.get(), backlog), 0);
  return socket;
}

std::uint16_t port_of(const base::Descriptor& socket) {
  const std::string address = own_address(socket.get())->text();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

int option(const base::Descriptor& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(socket.get(), level, name, &value, &size), 0);
  return value;
}

class DialerTest : public testing::Test {
 protected:
  using Outcome = std::expected<Dialer::Connected, Dialer::Unreachable>;

  static Outcome dial(std::vector<std::string> addresses, std::uint16_t port, seconds time = seconds(30)) {
    const base::SystemClock clock;
    EventLoop loop(clock);
    const base::SteadyTime deadline = loop.now() + time;
    std::optional<Outcome> outcome;
    Dialer dialer(loop, std::move(addresses), port, deadline, [&](Outcome result) {
      EXPECT_TRUE(!result || loop.now() < deadline);
      outcome = std::move(result);
      loop.stop();
    });
    loop.run();
    return std::move(*outcome);
  }

  const base::Descriptor listener_ = listen_at(kOpen, 0, 8);
  const std::uint16_t port_ = port_of(listener_);
};

TEST_F(DialerTest, TriesOneAddressAfterTheOther) {
  const auto outcome = dial({kOther, "no address", kOpen}, port_);
  ASSERT_TRUE(outcome) << outcome.error().reason;
  EXPECT_EQ(outcome->address, kOpen);
}

TEST_F(DialerTest, AsksForKeepAliveAndNoDelay) {
  const auto outcome = dial({kOpen}, port_);
  ASSERT_TRUE(outcome) << outcome.error().reason;
  EXPECT_EQ(option(outcome->socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(outcome->socket, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(outcome->socket, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(outcome->socket, IPPROTO_TCP, TCP_KEEPCNT), 6);
  EXPECT_EQ(option(outcome->socket, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(DialerTest, SaysWhyEachCouldNotBeReached) {
  const auto outcome = dial({kOther, "127.0.0.3"}, port_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, "127.0.0.2: Connection refused; 127.0.0.3: Connection refused");
  EXPECT_FALSE(outcome.error().timed_out);
  EXPECT_EQ(dial({kOther}, port_).error().reason, "Connection refused");
}

/// An address whose port takes no more connections drops what comes: nothing is heard of it.
class SilentAddress {
 public:
  explicit SilentAddress(std::uint16_t port) : listener_(listen_at(kOther, port, 0)) {
    const auto address = numeric_address(kOther, port);
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(waiting_.back().get(), address->get(), address->size));
    }
  }

 private:
  base::Descriptor listener_;
  std::vector<base::Descriptor> waiting_;
};

TEST_F(DialerTest, LeavesTimeForTheNextAddress) {
  const SilentAddress silent(port_);
  const auto outcome = dial({kOther, kOpen}, port_, seconds(6));
  ASSERT_TRUE(outcome) << outcome.error().reason;
  EXPECT_EQ(outcome->address, kOpen);
}

TEST_F(DialerTest, SaysThatAllWereSilent) {
  const SilentAddress silent(port_);
  const auto outcome = dial({kOther}, port_, seconds(1));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, "timed out");
  EXPECT_TRUE(outcome.error().timed_out);
  EXPECT_FALSE(dial({kOther, "127.0.0.3"}, port_, seconds(1)).error().timed_out);
}

}  // namespace
}  // namespace rolegate::net
