#include "base/ip_address.hpp"

#include <string_view>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

using namespace std::string_view_literals;

TEST(IpAddress, IsNumbers) {
  EXPECT_TRUE(is_ipv4("192.0.2.7"));
  EXPECT_TRUE(is_ipv6("2001:db8::1"));
  EXPECT_FALSE(is_ipv4("2001:db8::1"));
  EXPECT_FALSE(is_ipv6("192.0.2.7"));
  EXPECT_TRUE(is_ip_address("::1"));
  EXPECT_TRUE(is_ip_address("127.0.0.1"));
}

TEST(IpAddress, IsNothingElse) {
  for (const std::string_view text : {""sv, "localhost"sv, "[::1]"sv, "127.0.0.1:80"sv, "127.1"sv,
                                      "fe80::1%eth0"sv, "127.0.0.1\0.example.com"sv, " 127.0.0.1"sv}) {
    EXPECT_FALSE(is_ip_address(text)) << text;
  }
}

}  // namespace
}  // namespace rolegate::base
