#include "config/network.hpp"

#include <gtest/gtest.h>

namespace rolegate::config {
namespace {

bool holds(std::string_view network, std::string_view host) {
  const auto parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->contains(host);
}

std::string fault(std::string_view text) {
  const auto parsed = Network::parse(text);
  if (parsed) return "none";
  return parsed.error().message + (parsed.error().remedy.empty() ? "" : " " + parsed.error().remedy);
}

TEST(Network, HoldsTheAddressesThatBeginAsItDoes) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(holds("::1", "::1"));
}

TEST(Network, KeepsTheTwoKindsOfAddressesApart) {
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "a00::1"));
  // A socket for both kinds has IPv4 clients in IPv6's form.
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
}

TEST(Network, PassesOverTheInterfaceOfALinkLocalAddress) { EXPECT_TRUE(holds("fe80::/10", "fe80::1%eth0")); }

TEST(Network, HoldsNothingThatIsNoAddress) {
  for (const std::string_view host : {"", "uid 1001", "localhost", "10.0.0", "10.0.0.1:5432"})
    EXPECT_FALSE(holds("0.0.0.0/0", host)) << host;
}

TEST(Network, SaysWhatIsWrong) {
  const std::string none =
      "is no network. Write an address, or one with a prefix: 10.0.0.0/8 or 2001:db8::/32.";
  for (const std::string_view text : {"", "/8", "10.0.0/8", "localhost", "[::1]", "10.0.0.1:80", "unix", "*"})
    EXPECT_EQ(fault(text), none) << text;
  for (const std::string_view text :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8"})
    EXPECT_EQ(fault(text), "has no prefix length from 0 to 32.") << text;
  EXPECT_EQ(fault("::/129"), "has no prefix length from 0 to 128.");
  EXPECT_EQ(
      fault("10.1.2.3/8"),
      "has an address with bits beyond its prefix of 8. Write 10.0.0.0/8 for the whole network, or 10.1.2.3 "
      "for the one address.");
  EXPECT_EQ(fault("2001:db8::1/32"),
            "has an address with bits beyond its prefix of 32. Write 2001:db8::/32 for the whole network, or "
            "2001:db8::1 for the one address.");
}

}  // namespace
}  // namespace rolegate::config
