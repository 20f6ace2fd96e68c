#include "gateway/session/pg_client.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "unit/gateway/session/session_fixture.hpp"
#include "unit/wire/pg_script.hpp"

namespace rolegate::gateway {
namespace {

using Kind = Step::Kind;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace wire::pg::script;

class PgClientTest : public SessionServicesTest {
 protected:
  PgClientTest() {
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>();
    arrival_.settings = std::move(settings);
  }
  void offer_tls() {
    auto settings = std::make_shared<Settings>(*arrival_.settings);
    settings->postgresql_tls =
        net::SslContextPtr(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
    arrival_.settings = std::move(settings);
  }
  /// One that comes in at a shared listener, or at one of the database's own.
  PgClient& client_at(const std::string& database) {
    arrival_.listener = std::make_shared<const Listener>(
        Listener{"127.0.0.1:6432", net::Protocol::postgresql, database, false});
    return client_.emplace(arrival_, services_);
  }
  static upstream::PgWish wish_of(const PgClient& client, const config::GatewayUser* identified = nullptr) {
    return std::get<upstream::PgWish>(client.wish(identified));
  }
  /// A session that the database has let in, with a key of its own.
  static upstream::DatabaseSession session() {
    upstream::DatabaseSession session;
    session.address = "10.0.0.5";
    session.port = 5432;
    wire::pg::SessionStart start;
    start.cancel_key = {4711, "abcd"};
    start.rest = msg('N', "later");
    session.start = std::move(start);
    return session;
  }

  Arrival arrival_;
  std::optional<PgClient> client_;
};

TEST_F(PgClientTest, NamesItsUserAndDatabase) {
  PgClient& client = client_at("");
  EXPECT_EQ(client.begin().kind, Kind::more);
  EXPECT_EQ(client.receive(startup({"user", "ann", "database", "orders"})).kind, Kind::admit);
  EXPECT_EQ(client.user(), "ann");
  EXPECT_EQ(client.trust().kind, Kind::authenticated);
  const Step step = client.choose({});
  EXPECT_EQ(step.kind, Kind::connect);
  EXPECT_EQ(step.text, "orders");
}

TEST_F(PgClientTest, IsAskedForAProofThatRefusesItInItsOwnWords) {
  PgClient& client = client_at("");
  static_cast<void>(client.receive(startup({"user", "ann"})));
  EXPECT_EQ(client.ask({}, Decoys({}).of("ann")).kind, Kind::more);
  EXPECT_THAT(client.take_output(), HasSubstr("SCRAM-SHA-256"));
  const Step step = client.receive(sasl_initial("SCRAM-SHA-256", "n,,n=,r=nonce"));
  EXPECT_EQ(step.kind, Kind::more);
  EXPECT_EQ(client.receive(msg('p', "no proof")).kind, Kind::violation);
}

TEST_F(PgClientTest, SpeaksNoOtherProtocol) {
  const Step step = client_at("").receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(step.kind, Kind::violation);
  EXPECT_FALSE(step.text.empty());
}

TEST_F(PgClientTest, MayBeginWithTlsWhereThatIsOffered) {
  auto [near, far] = socket_pair();
  const net::Stream stream(std::move(near));
  SessionServicesTest::say(far, "\x16");
  EXPECT_FALSE(client_at("").begins_with_tls(stream));
  offer_tls();
  EXPECT_TRUE(client_at("").begins_with_tls(stream));
}

TEST_F(PgClientTest, DoesNotBeginWithTlsWhenItHasSaidSomethingElse) {
  offer_tls();
  PgClient& client = client_at("");
  auto [near, far] = socket_pair();
  net::Stream stream(std::move(near));
  EXPECT_FALSE(client.begins_with_tls(stream));  // it has said nothing yet
  SessionServicesTest::say(far, "x");
  EXPECT_FALSE(client.begins_with_tls(stream));
  char said = 0;
  ASSERT_EQ(stream.read({&said, 1}).bytes, 1U);
  SessionServicesTest::say(far, "\x16");
  EXPECT_FALSE(client.begins_with_tls(stream));
}

TEST_F(PgClientTest, IsNotHeardInTheClearWhereTlsIsRequired) {
  offer_tls();
  arrival_.listener =
      std::make_shared<const Listener>(Listener{"0.0.0.0:6432", net::Protocol::postgresql, {}, true});
  PgClient client(arrival_, services_);
  EXPECT_EQ(client.receive(startup({"user", "ann"})).kind, Kind::violation);
  EXPECT_THAT(client.take_output(), HasSubstr("TLS"));
}

TEST_F(PgClientTest, GetsNoSessionWhileTheGatewayDrains) {
  PgClient& early = client_at("");
  static_cast<void>(early.receive(startup({"user", "ann"})));
  static_cast<void>(early.trust());
  draining_ = true;
  EXPECT_EQ(early.choose({}).kind, Kind::no_sessions);
  EXPECT_EQ(client_at("").receive(startup({"user", "ann"})).kind, Kind::no_sessions);
  EXPECT_EQ(client_at("").receive(cancel_request(1, 2)).kind, Kind::cancel);
}

TEST_F(PgClientTest, BringsTheKeyOfItsCancelRequest) {
  const Step step = client_at("").receive(cancel_request(4711, 0x61626364));
  EXPECT_EQ(step.kind, Kind::cancel);
  EXPECT_EQ(step.key, (wire::pg::CancelKey{4711, "abcd"}));
}

TEST_F(PgClientTest, WantsTheDatabaseOfTheSettingsOnASharedListener) {
  PgClient& client = client_at("");
  static_cast<void>(client.receive(startup({"user", "ann", "database", "orders", "options", "-c x=y"})));
  EXPECT_EQ(wish_of(client), (upstream::PgWish{"", {{"options", "-c x=y"}}}));
}

TEST_F(PgClientTest, WantsTheDatabaseThatItNamesOnAListenerOfItsOwn) {
  PgClient& named = client_at("orders");
  static_cast<void>(named.receive(startup({"user", "ann", "database", "app"})));
  EXPECT_EQ(wish_of(named).database, "app");
  PgClient& unnamed = client_at("orders");
  static_cast<void>(unnamed.receive(startup({"user", "ann"})));
  EXPECT_EQ(wish_of(unnamed).database, "");
}

TEST_F(PgClientTest, TellsTheDatabaseWhoItIsWhereThatIsWanted) {
  PgClient& client = client_at("");
  static_cast<void>(client.receive(startup({"user", "ann", "application_name", "psql"})));
  config::GatewayUser ann;
  ann.name = "ann";
  EXPECT_EQ(wish_of(client, &ann).parameters, (wire::pg::Parameters{{"application_name", "ann: psql"}}));
}

TEST_F(PgClientTest, IsGivenAKeyThatLeadsToItsSessionUntilThatEnds) {
  PgClient& client = client_at("");
  static_cast<void>(client.receive(startup({"user", "ann"})));
  static_cast<void>(client.trust());
  static_cast<void>(client.receive("ahead"));
  ClientSide::Start start = client.open(session(), "orders");
  EXPECT_EQ(start.from_client, "ahead");
  EXPECT_THAT(start.to_client, StartsWith(authentication(0)));
  EXPECT_THAT(start.to_client, EndsWith(msg('Z', "I") + msg('N', "later")));
  const auto at = start.to_client.find(std::string("K\0\0\0\x0c", 5));
  ASSERT_NE(at, std::string::npos);
  const auto key = wire::pg::parse_cancel_key(start.to_client.substr(at + 5, 8));
  EXPECT_EQ(key->process_id, 4711U);
  EXPECT_NE(key->secret, "abcd");
  EXPECT_EQ(cancel_keys_.find(*key)->key.secret, "abcd");
  EXPECT_EQ(cancel_keys_.find(*key)->address, "10.0.0.5");
  client.close();
  EXPECT_FALSE(cancel_keys_.find(*key));
  EXPECT_TRUE(cancel_keys_.has_ended(*key));
}

TEST_F(PgClientTest, TakesItsKeyWithItWhenItGoes) {
  PgClient& client = client_at("");
  static_cast<void>(client.receive(startup({"user", "ann"})));
  static_cast<void>(client.trust());
  const std::string told = client.open(session(), "orders").to_client;
  const auto key = wire::pg::parse_cancel_key(told.substr(told.find('K') + 5, 8));
  client_.reset();
  EXPECT_FALSE(cancel_keys_.find(*key));
}

TEST_F(PgClientTest, IsToldAnErrorInItsProtocol) {
  PgClient& client = client_at("");
  EXPECT_THAT(client.encoded(startup_too_slow()), StartsWith("E"));
  EXPECT_THAT(client.last_words(shutting_down()), HasSubstr("C57P01"));
}

}  // namespace
}  // namespace rolegate::gateway
