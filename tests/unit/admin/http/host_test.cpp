#include "admin/http/host.hpp"

#include <gtest/gtest.h>

namespace rolegate::admin {
namespace {

TEST(HostAllowed, TakesAddressesAndLocalhost) {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:9432", "10.1.2.3:80", "[::1]", "[::1]:9432", "[2001:db8::7]:1",
        "[::ffff:127.0.0.1]", "localhost", "LocalHost:65535", "localhost:"}) {
    EXPECT_TRUE(host_allowed(host)) << host;
  }
}

TEST(HostAllowed, TakesNothingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view host : {"attacker.example"sv,
                                      "attacker.example:9432"sv,
                                      "localhost.attacker.example"sv,
                                      "127.0.0.1.example"sv,
                                      "127.0.0.1:80:80"sv,
                                      "127.0.0.1:x"sv,
                                      "127.0.0.1:123456"sv,
                                      "127.1"sv,
                                      "2130706433"sv,
                                      "0x7f.0.0.1"sv,
                                      "::1"sv,
                                      "[::1"sv,
                                      "[::1]9432"sv,
                                      "[127.0.0.1]"sv,
                                      "[localhost]"sv,
                                      "[]"sv,
                                      "["sv,
                                      ":9432"sv,
                                      "user@127.0.0.1"sv,
                                      "127.0.0.1 "sv,
                                      "127.0.0.1\0.example"sv,
                                      "localhos"sv,
                                      "localhostt"sv}) {
    EXPECT_FALSE(host_allowed(host)) << host;
  }
}

}  // namespace
}  // namespace rolegate::admin
