#include "gateway/access.hpp"

#include <gtest/gtest.h>

#include "unit/config/make_database.hpp"

namespace rolegate::gateway {
namespace {

using Way = Admission::Way;
constexpr std::uint32_t kOwn = 1000;

config::Config configuration() {
  config::Config config;
  config::GatewayUser alice;
  alice.name = "alice";
  alice.scram.emplace();
  alice.databases = {"orders"};
  config::GatewayUser ci;
  ci.name = "ci";
  ci.peer_uid = 1001;
  ci.all_databases = true;
  config::GatewayUser bi;
  bi.name = "bi";
  bi.client_cert_cn = "bi.example.com";
  bi.databases = {"orders", "broken"};
  config.gateway.emplace();
  config.gateway->users.push_back(std::move(alice));
  config.gateway->users.push_back(std::move(ci));
  config.gateway->users.push_back(std::move(bi));
  for (const auto& [name, engine] :
       {std::pair{"orders", config::Engine::postgresql}, std::pair{"shop", config::Engine::mysql},
        std::pair{"sales", config::Engine::redshift}}) {
    config::Database database;
    database.name = name;
    database.uri.engine = engine;
    config.databases.push_back(std::move(database));
  }
  config.broken = {"broken"};
  return config;
}

config::Snapshot with_users() { return config::Snapshot().reloaded(configuration()); }

Client over_tcp(std::string certificate = {}) {
  return {"192.0.2.7:5000", "192.0.2.7", std::nullopt, certificate};
}
Client over_unix(std::uint32_t uid) { return {"", "uid", uid, ""}; }

TEST(Admit, WithoutUsersLetsInTheOwnerOnAUnixSocketAlone) {
  const config::Snapshot snapshot;
  EXPECT_EQ(admit(snapshot, over_unix(kOwn), "anybody", kOwn).way, Way::owner);
  EXPECT_EQ(admit(snapshot, over_unix(1001), "anybody", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_unix(0), "root", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_unix(1001), "anybody", kOwn).user, nullptr);
  EXPECT_EQ(admit(snapshot, over_tcp(), "anybody", kOwn).way, Way::users_missing);
}

TEST(Admit, DoesNotTakeABrokenSectionForAMissingOne) {
  config::Snapshot snapshot;
  snapshot.gateway_broken = true;
  EXPECT_EQ(admit(snapshot, over_unix(kOwn), "anybody", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_tcp(), "anybody", kOwn).way, Way::password);
}

TEST(Admit, WithUsersTheOwnerIsNobodySpecial) {
  EXPECT_EQ(admit(with_users(), over_unix(kOwn), "root", kOwn).way, Way::password);
}

TEST(Admit, TakesEachWayForItsOwnNameOnly) {
  const config::Snapshot snapshot = with_users();
  EXPECT_EQ(admit(snapshot, over_unix(1001), "ci", kOwn).way, Way::peer);
  EXPECT_EQ(admit(snapshot, over_unix(1002), "ci", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_unix(1001), "alice", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_tcp(), "ci", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_tcp("bi.example.com"), "bi", kOwn).way, Way::certificate);
  EXPECT_EQ(admit(snapshot, over_tcp("other.example.com"), "bi", kOwn).way, Way::password);
  EXPECT_EQ(admit(snapshot, over_tcp("bi.example.com"), "alice", kOwn).way, Way::password);
}

TEST(Admit, NoCertificateIsNotTheCertificateOfAUserWithout) {
  EXPECT_EQ(admit(with_users(), over_tcp(""), "alice", kOwn).way, Way::password);
}

TEST(Admit, AsksAStrangerForAPasswordLikeAnybody) {
  const config::Snapshot snapshot = with_users();
  const Admission stranger = admit(snapshot, over_tcp(), "mallory", kOwn);
  EXPECT_EQ(stranger.way, Way::password);
  EXPECT_EQ(stranger.user, nullptr);
  EXPECT_NE(admit(snapshot, over_tcp(), "alice", kOwn).user, nullptr);
}

TEST(Choose, FindsWhatTheUserMayUse) {
  const config::Snapshot snapshot = with_users();
  const auto* alice = snapshot.find_user("alice");
  const auto* ci = snapshot.find_user("ci");
  ASSERT_NE(choose(snapshot, "orders", alice, false).database, nullptr);
  EXPECT_EQ(choose(snapshot, "orders", alice, false).database->name, "orders");
  EXPECT_NE(choose(snapshot, "sales", ci, false).database, nullptr);
  EXPECT_NE(choose(snapshot, "shop", ci, true).database, nullptr);
  EXPECT_NE(choose(snapshot, "orders", nullptr, false).database, nullptr);
}

TEST(Choose, WhatIsForbiddenLooksLikeWhatIsNotThere) {
  const config::Snapshot snapshot = with_users();
  const auto* alice = snapshot.find_user("alice");
  for (const char* name : {"sales", "nothing", "broken", ""}) {
    const Choice choice = choose(snapshot, name, alice, false);
    EXPECT_EQ(choice.database, nullptr) << name;
    EXPECT_FALSE(choice.broken) << name;
  }
}

TEST(Choose, SaysThatADatabaseIsBrokenToWhoMayUseIt) {
  const config::Snapshot snapshot = with_users();
  EXPECT_TRUE(choose(snapshot, "broken", snapshot.find_user("bi"), false).broken);
  EXPECT_TRUE(choose(snapshot, "broken", snapshot.find_user("ci"), false).broken);
}

TEST(Choose, DoesNotMixTheProtocols) {
  const config::Snapshot snapshot = with_users();
  const auto* ci = snapshot.find_user("ci");
  EXPECT_EQ(choose(snapshot, "shop", ci, false).database, nullptr);
  EXPECT_EQ(choose(snapshot, "orders", ci, true).database, nullptr);
}

TEST(OnlyChoice, IsTheOneThatSpeaksTheProtocolOfThoseThatTheUserMayUse) {
  const config::Snapshot snapshot = with_users();
  config::GatewayUser user;
  EXPECT_EQ(only_choice(snapshot, user, true), "");
  user.databases = {"orders", "gone", "shop", "shop"};
  EXPECT_EQ(only_choice(snapshot, user, true), "shop");
  EXPECT_EQ(only_choice(snapshot, user, false), "orders");
  user.databases = {"orders", "sales"};
  EXPECT_EQ(only_choice(snapshot, user, true), "");
  EXPECT_EQ(only_choice(snapshot, user, false), "") << "there are two";
}

TEST(Client, IsOnTheSameMachineByItsAddressOnly) {
  for (const char* host : {"127.0.0.1", "127.8.9.10", "::1"}) {
    EXPECT_TRUE((Client{.address = {}, .group = host, .uid = {}, .certificate_name = {}}.is_loopback()))
        << host;
  }
  for (const char* host : {"", "128.0.0.1", "12.7.0.1", "::2", "::1%lo", "fe80::1%lo", "uid 127"}) {
    EXPECT_FALSE((Client{.address = {}, .group = host, .uid = {}, .certificate_name = {}}.is_loopback()))
        << host;
  }
}

TEST(Admission, IsProvenWhereNoPasswordIsAsked) {
  using enum Admission::Way;
  for (const Admission::Way way : {owner, peer, certificate})
    EXPECT_TRUE((Admission{way, nullptr}.is_proven()));
  for (const Admission::Way way : {password, users_missing})
    EXPECT_FALSE((Admission{way, nullptr}.is_proven()));
}

config::Config configuration_with_addresses() {
  config::Config config = configuration();
  for (config::GatewayUser& user : config.gateway->users)
    user.addresses.push_back(*config::Network::parse("192.0.2.0/24"));
  return config;
}

config::Snapshot with_addresses() { return config::Snapshot().reloaded(configuration_with_addresses()); }

const Client kElsewhere{"203.0.113.7:5000", "203.0.113.7", std::nullopt, "bi.example.com"};

TEST(Admit, AsksWhoComesFromElsewhereForAPasswordThatIsNeverRight) {
  const config::Snapshot snapshot = with_addresses();
  EXPECT_FALSE(admit(snapshot, over_tcp(), "alice", kOwn).from_elsewhere);
  EXPECT_EQ(admit(snapshot, over_tcp("bi.example.com"), "bi", kOwn).way, Way::certificate);
  EXPECT_EQ(admit(snapshot, over_unix(1001), "ci", kOwn).way, Way::peer)
      << "networks are of no concern there";
  for (const std::string_view user : {"alice", "bi"}) {
    const Admission refused = admit(snapshot, kElsewhere, user, kOwn);
    EXPECT_EQ(refused.way, Way::password) << user;
    EXPECT_TRUE(refused.from_elsewhere) << user;
  }
}

TEST(VerifierFor, LooksTheSameWhereverTheClientComesFrom) {
  config::Config config = configuration_with_addresses();
  config::GatewayUser& alice = config.gateway->users.front();
  alice.scram = *base::ScramVerifier::parse(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  const std::string salt = alice.scram->salt;
  const Decoys decoys(config.gateway->users);
  const config::Snapshot snapshot = config::Snapshot().reloaded(std::move(config));
  const auto asked = [&](const Client& client, std::string_view user) {
    return verifier_for(admit(snapshot, client, user, kOwn), decoys, user);
  };
  EXPECT_TRUE(asked(over_tcp(), "alice").matches("pencil"));
  EXPECT_EQ(asked(kElsewhere, "alice").salt, salt);
  EXPECT_FALSE(asked(kElsewhere, "alice").matches("pencil"));
  // Nobody of that name, and nobody with a password of that name.
  for (const std::string_view user : {"eve", "bi"}) {
    EXPECT_EQ(asked(over_tcp(), user).salt, decoys.of(user).salt);
    EXPECT_EQ(asked(over_tcp(), user).salt, asked(kElsewhere, user).salt);
  }
}

TEST(MayStay, GoesByUserDatabaseAndAddress) {
  const config::Snapshot snapshot = with_addresses();
  const config::Database orders = config::make_database("orders");
  EXPECT_TRUE(may_stay(snapshot, over_tcp(), "alice", orders));
  EXPECT_FALSE(may_stay(snapshot, over_tcp(), "eve", orders)) << "the user is gone";
  EXPECT_FALSE(may_stay(snapshot, over_tcp(), "alice", config::make_database("shop")))
      << "it is not the user's any more";
  EXPECT_FALSE(may_stay(snapshot, over_unix(1001), "ci", config::make_database("gone")))
      << "it is not there any more";
  EXPECT_FALSE(may_stay(snapshot, kElsewhere, "alice", orders));
  EXPECT_TRUE(may_stay(snapshot, over_unix(1001), "ci", orders));
  EXPECT_FALSE(may_stay(config::Snapshot{}, over_tcp(), "alice", orders));
  config::Database of_mysql = config::make_database("orders");
  of_mysql.uri.engine = config::Engine::mysql;
  EXPECT_FALSE(may_stay(snapshot, over_tcp(), "alice", of_mysql)) << "another one has its name";
}

}  // namespace
}  // namespace rolegate::gateway
