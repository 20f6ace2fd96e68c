#include "net/dialer.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/fake_clock.hpp"
#include "support/silent_address.hpp"

namespace rolegate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kOpen = "127.0.0.1";
constexpr const char* kSilent = test::SilentAddress::kHost;
/// Nobody listens there.
constexpr const char* kClosed = "127.0.0.3";

int option(const base::Descriptor& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(socket.get(), level, name, &value, &size), 0);
  return value;
}

/// Loopback answers at once or not at all: time passes only when the test says so.
class DialerTest : public testing::Test {
 protected:
  using Outcome = std::expected<Dialer::Connected, Dialer::Unreachable>;

  void dial(std::vector<std::string> addresses, seconds time = seconds(30)) {
    dialer_.emplace(loop_, std::move(addresses), port_, loop_.now() + time, [this](Outcome result) {
      EXPECT_FALSE(outcome_) << "called twice";
      outcome_ = std::move(result);
      dialer_.reset();
    });
    EXPECT_FALSE(outcome_) << "called by whom it was made from";
    settle();
  }
  void settle() {
    while (loop_.run_once()) {
    }
  }
  void advance(milliseconds time) {
    clock_.advance(time);
    settle();
  }
  [[nodiscard]] std::string reason() const { return outcome_ ? outcome_->error().reason : "none yet"; }

  test::FakeClock clock_;
  EventLoop loop_{clock_};
  const base::Descriptor listener_ = test::listen_at(kOpen, 0, 8);
  const std::uint16_t port_ = test::port_of(listener_);
  const test::SilentAddress silent_{port_};
  std::optional<Dialer> dialer_;
  std::optional<Outcome> outcome_;
};

TEST_F(DialerTest, TriesOneAddressAfterTheOther) {
  dial({kClosed, "no address", kOpen});
  ASSERT_TRUE(outcome_);
  ASSERT_TRUE(*outcome_) << reason();
  EXPECT_EQ((*outcome_)->address, kOpen);
}

TEST_F(DialerTest, AsksForKeepAliveAndNoDelay) {
  dial({kOpen});
  ASSERT_TRUE(outcome_);
  ASSERT_TRUE(*outcome_) << reason();
  const base::Descriptor& socket = (*outcome_)->socket;
  EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPCNT), 6);
  EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST_F(DialerTest, SaysWhyEachCouldNotBeReached) {
  dial({kClosed, "127.0.0.4"});
  EXPECT_EQ(reason(), "127.0.0.3: Connection refused; 127.0.0.4: Connection refused");
  EXPECT_FALSE(outcome_->error().timed_out);
  outcome_.reset();
  dial({kClosed});
  EXPECT_EQ(reason(), "Connection refused");
  outcome_.reset();
  dial({"no address"});
  EXPECT_EQ(reason(), "it is no address");
  outcome_.reset();
  dial({});
  EXPECT_EQ(reason(), "");
  EXPECT_FALSE(outcome_->error().timed_out);
}

TEST_F(DialerTest, GivesEachAddressAnEqualShareOfTheTimeThatIsLeft) {
  dial({kSilent, kSilent, kOpen}, seconds(30));
  advance(seconds(10) - milliseconds(1));
  EXPECT_FALSE(outcome_);
  advance(milliseconds(1));  // the second one's, 10 of 20 seconds
  EXPECT_FALSE(outcome_);
  advance(seconds(10) - milliseconds(1));
  EXPECT_FALSE(outcome_);
  advance(milliseconds(1));
  ASSERT_TRUE(outcome_);
  ASSERT_TRUE(*outcome_) << reason();
  EXPECT_EQ((*outcome_)->address, kOpen);
}

TEST_F(DialerTest, LeavesToTheOthersWhatOneDidNotNeed) {
  dial({kClosed, kSilent, kOpen}, seconds(30));
  advance(seconds(15) - milliseconds(1));
  EXPECT_FALSE(outcome_);
  advance(milliseconds(1));
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(*outcome_) << reason();
}

TEST_F(DialerTest, GivesTheLastAddressAllTheTimeThatIsLeft) {
  dial({kClosed, kSilent}, seconds(30));
  advance(seconds(30) - milliseconds(1));
  EXPECT_FALSE(outcome_);
  advance(milliseconds(1));
  EXPECT_EQ(reason(), "127.0.0.3: Connection refused; 127.0.0.2: timed out");
  EXPECT_FALSE(outcome_->error().timed_out) << "one has answered";
}

TEST_F(DialerTest, SaysThatAllWereSilent) {
  dial({kSilent, kSilent}, seconds(2));
  advance(seconds(1));
  advance(seconds(1));
  EXPECT_EQ(reason(), "127.0.0.2: timed out; 127.0.0.2: timed out");
  EXPECT_TRUE(outcome_->error().timed_out);
}

TEST_F(DialerTest, CallsNobodyOnceItIsGone) {
  dial({kSilent, kOpen});
  dialer_.reset();
  advance(seconds(60));
  EXPECT_FALSE(outcome_);
  // Its end is known, and on its way.
  dialer_.emplace(loop_, std::vector<std::string>{"no address"}, port_, loop_.now() + seconds(1),
                  [this](Outcome result) { outcome_ = std::move(result); });
  dialer_.reset();
  settle();
  EXPECT_FALSE(outcome_);
}

}  // namespace
}  // namespace rolegate::net
