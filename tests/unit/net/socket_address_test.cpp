#include "net/socket_address.hpp"

#include <cstddef>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/un.h>

namespace rolegate::net {
namespace {

std::string shown(const std::string& host, std::uint16_t port) {
  const auto address = numeric_address(host, port);
  return address ? address->text() : "none";
}

SocketAddress unix_of_size(const std::string& path, std::size_t length) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  SocketAddress address;
  std::memcpy(&address.storage, &local, sizeof local);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  return address;
}

TEST(SocketAddress, IsShownAsOneWouldWriteIt) {
  EXPECT_EQ(shown("192.0.2.7", 51234), "192.0.2.7:51234");
  EXPECT_EQ(shown("2001:db8:0::1", 6432), "[2001:db8::1]:6432");
  EXPECT_EQ(shown("::ffff:192.0.2.7", 1), "192.0.2.7:1");
  EXPECT_EQ(shown("fe80::1%lo", 1), "[fe80::1%lo]:1");
}

TEST(SocketAddress, NamesItsHostAlone) {
  EXPECT_EQ(numeric_address("192.0.2.7", 1)->host(), "192.0.2.7");
  EXPECT_EQ(numeric_address("2001:db8:0::1", 1)->host(), "2001:db8::1");
  EXPECT_EQ(numeric_address("::ffff:127.0.0.1", 1)->host(), "127.0.0.1");
  EXPECT_EQ(numeric_address("fe80::1%lo", 1)->host(), "fe80::1%lo");
  EXPECT_EQ(unix_address("/run/s")->host(), "");
}

TEST(SocketAddress, IsNumericOrNone) {
  for (const char* host : {"", "localhost", "1.2.3.4.5", "[::1]", "::1 "})
    EXPECT_EQ(shown(host, 1), "none") << host;
}

TEST(SocketAddress, ShowsEveryKindOfUnixSocket) {
  EXPECT_EQ(unix_address("/run/s")->text(), "unix:/run/s");
  EXPECT_EQ(unix_address("/run/s")->unix_path(), "/run/s");
  EXPECT_EQ(unix_of_size("", 0).text(), "unix:");
  EXPECT_EQ(unix_of_size(std::string("\0abc", 4), 4).text(), "unix:@abc");
  EXPECT_EQ(unix_of_size(std::string(108, 'x'), 108).unix_path(), std::string(108, 'x'))
      << "no NUL at its end";
  EXPECT_EQ(numeric_address("::1", 1)->unix_path(), "");
}

TEST(SocketAddress, HoldsTheBoundOfAUnixPath) {
  EXPECT_EQ(unix_address(std::string(107, 'x'))->unix_path(), std::string(107, 'x'));
  EXPECT_FALSE(unix_address(std::string(108, 'x')));
  EXPECT_FALSE(unix_address(""));
  EXPECT_FALSE(unix_address(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace rolegate::net
