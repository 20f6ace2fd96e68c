#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "config/gateway.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// A configuration whose gateway has these lines, and one user with these fields.
Loaded load(const std::string& fields, const std::string& gateway = {}) {
  return load_yaml(
      "databases: [{database_name: orders, sqlalchemy_uri: 'postgresql://u:p@h/app'}]\n"
      "gateway:\n  postgresql: {listen: ['unix:/x']}\n  users: [{name: a, peer_uid: 1, databases: ['*']" +
      fields + "}]\n" + gateway);
}

GatewayUser user_of(const std::string& fields) {
  const Loaded loaded = load(fields);
  EXPECT_THAT(texts(loaded.problems), IsEmpty());
  return loaded.config.gateway ? loaded.config.gateway->users.at(0) : GatewayUser{};
}

TEST(GatewayUserLimits, AreRead) {
  const GatewayUser user =
      user_of(", max_sessions: 20, max_age: 8h, addresses: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']");
  EXPECT_EQ(user.max_sessions, 20u);
  EXPECT_EQ(user.max_age, 8h);
  EXPECT_EQ(user.addresses.size(), 3u);
  EXPECT_TRUE(user.may_come_from("10.1.2.3"));
  EXPECT_TRUE(user.may_come_from("2001:db8::1"));
  EXPECT_TRUE(user.may_come_from("192.0.2.7"));
  EXPECT_FALSE(user.may_come_from("192.0.2.8"));
}

TEST(GatewayUserLimits, AreNoneByDefault) {
  const GatewayUser user = user_of("");
  EXPECT_EQ(user.max_sessions, 0u);
  EXPECT_EQ(user.max_age, 0ms);
  EXPECT_TRUE(user.may_come_from("203.0.113.9"));
}

TEST(GatewayUserLimits, AreCheckedOneByOne) {
  const std::string user = "rolegate.yaml:4: gateway.users[0].";
  EXPECT_THAT(
      texts(load(", max_sessions: 0, max_age: 721h, addresses: ['10.0.0.1/8', here, '::1']").problems),
      ElementsAre(
          user + "addresses[0]: has an address with bits beyond its prefix of 8. Write 10.0.0.0/8 for the "
                 "whole network, or 10.0.0.1 for the one address.",
          user + "addresses[1]: is no network. Write an address, or one with a prefix: 10.0.0.0/8 or "
                 "2001:db8::/32.",
          user + "max_sessions: must be from 1 to 1000000, not 0.",
          user + "max_age: is longer than 720 hours."));
  EXPECT_THAT(
      texts(load(", addresses: []").problems),
      ElementsAre(user + "addresses: is empty. List networks, or leave it out to let the user come from "
                         "anywhere."));
  EXPECT_THAT(texts(load(", addresses: 10.0.0.0/8").problems),
              ElementsAre(user + "addresses: must be a list, not a string."));
}

TEST(GatewaySection, SaysWhatTheDatabaseIsToldAndWhatAReloadTakesAway) {
  const Loaded loaded = load("", "  identify: application_name\n  grace: 30s\n  audit_required: true\n");
  ASSERT_TRUE(loaded.config.gateway) << loaded.problems.front().text();
  EXPECT_EQ(loaded.config.gateway->identify, Identify::application_name);
  EXPECT_EQ(loaded.config.gateway->grace, 30s);
  EXPECT_TRUE(loaded.config.gateway->audit_required);

  const Loaded plain = load("", "  identify: none\n");
  ASSERT_TRUE(plain.config.gateway);
  EXPECT_EQ(plain.config.gateway->identify, Identify::none);
  EXPECT_EQ(Gateway{}.identify, Identify::none);
  EXPECT_EQ(plain.config.gateway->grace, 0ms);
  EXPECT_FALSE(plain.config.gateway->audit_required);

  EXPECT_THAT(
      texts(load("", "  identify: yes please\n  grace: 25h\n  audit_required: 'true'\n").problems),
      ElementsAre(
          "rolegate.yaml:5: gateway.identify: must be none or application_name, not a text of 10 bytes.",
          "rolegate.yaml:6: gateway.grace: is longer than 24 hours.",
          "rolegate.yaml:7: gateway.audit_required: must be true or false, not a string. Write true "
          "or false, without quotes."));
}

}  // namespace
}  // namespace rolegate::config
