#include "net/listening.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket_address.hpp"
#include "support/listening_sockets.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::net {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

base::ListenAddress tcp(std::string host, std::uint16_t port = 0) {
  return {host + ":" + std::to_string(port), false, {}, std::move(host), port};
}

std::uint16_t port_of(const ListeningSocket& socket) {
  const std::string& address = socket.address();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

class ListenAt : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
};

TEST(Descriptor, ClosesWhatItHolds) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::Descriptor reading(ends[0]);
  base::Descriptor writing(ends[1]);
  base::Descriptor moved(std::move(writing));
  EXPECT_EQ(moved.get(), ends[1]);
  moved = base::Descriptor();
  char byte;
  EXPECT_EQ(::read(reading.get(), &byte, 1), 0) << "the writing end is still open";
}

TEST_F(ListenAt, TakesAFreePortAndSaysWhich) {
  const auto socket = listen_at(tcp("127.0.0.1"), Protocol::postgresql, false);
  ASSERT_TRUE(socket) << socket.error().text();
  EXPECT_THAT(socket->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]+"));
  EXPECT_FALSE(socket->is_unix());
  EXPECT_TRUE(test::answers(*socket));
}

TEST_F(ListenAt, NeverBlocksAndIsNotInherited) {
  for (const auto& address : {tcp("127.0.0.1"), test::unix_socket(folder_.path("s"))}) {
    const auto socket = listen_at(address, Protocol::mysql, false);
    ASSERT_TRUE(socket) << socket.error().text();
    EXPECT_TRUE(::fcntl(socket->descriptor(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(socket->descriptor(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST_F(ListenAt, KeepsIpv6AndIpv4Apart) {
  // A port that is free for IPv6 may be another program's for IPv4: not every time, though.
  bool side_by_side = false;
  for (int attempt = 0; attempt < 20 && !side_by_side; ++attempt) {
    const auto six = listen_at(tcp("::"), Protocol::postgresql, false);
    if (!six) GTEST_SKIP() << "no IPv6 here: " << six.error().text();
    ASSERT_THAT(six->address(), MatchesRegex("\\[::\\]:[0-9]+"));
    side_by_side = listen_at(tcp("0.0.0.0", port_of(*six)), Protocol::postgresql, false).has_value();
  }
  EXPECT_TRUE(side_by_side);
}

TEST_F(ListenAt, SaysThatAPortIsTaken) {
  const auto first = listen_at(tcp("127.0.0.1"), Protocol::postgresql, false);
  ASSERT_TRUE(first);
  const auto second = listen_at(tcp("127.0.0.1", port_of(*first)), Protocol::postgresql, false);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "listen_failed");
  EXPECT_EQ(second.error().message, "Cannot listen on " + first->address() + ": Address already in use.");
  EXPECT_THAT(second.error().hint, HasSubstr("choose another port"));
  EXPECT_FALSE(second.error().retryable);
}

TEST_F(ListenAt, SaysThatAnAddressIsNotThisMachines) {
  const auto socket = listen_at(tcp("192.0.2.1"), Protocol::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "listen_failed");
  EXPECT_THAT(socket.error().hint, HasSubstr("not an address of this machine"));
  EXPECT_TRUE(socket.error().retryable) << "it may come by DHCP";
}

TEST_F(ListenAt, AsksNoNameServer) {
  const auto socket = listen_at(tcp("localhost"), Protocol::mysql, false);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "listen_failed");
}

}  // namespace
}  // namespace rolegate::net
