#include "gateway/session/mysql_client.hpp"

#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "gateway/session/identify.hpp"
#include "unit/gateway/session/mysql_client_fixture.hpp"
#include "unit/wire/mysql_reference_client.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::gateway {
namespace {

using Kind = Step::Kind;
using wire::mysql::packet;
using wire::mysql::ReferenceClient;
using namespace std::string_literals;

constexpr std::size_t kSslRequest = 36;
const std::string kOk = wire::mysql::ok_payload();

// The server speaks first.

TEST_F(MysqlClientTest, IsGreetedAtOnceAsItsDatabaseWould) {
  databases_ = {"shop"};
  publish();
  learn("shop");
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.begin().kind, Kind::more);
  const auto greeting = wire::mysql::parse_greeting(client.take_output().substr(4));
  EXPECT_EQ(greeting->server_version, "8.0.36-shop");
  EXPECT_EQ(greeting->capabilities & wire::mysql::kCompress, 0U);
  EXPECT_EQ(greeting->connection_id & 0xC0000000U, 0x40000000U);
}

TEST_F(MysqlClientTest, AwaitsAGreetingThatIsNotKnownAndIsGreetedAllTheSame) {
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.begin().kind, Kind::greeting);
  EXPECT_EQ(client.take_output(), "");
  const net::Mailbox mailbox(loop_);
  bool settled = false;
  client.when_greeted(mailbox.address(), [&settled] { settled = true; });
  EXPECT_FALSE(settled);
  run();
  EXPECT_TRUE(settled);
  EXPECT_EQ(greet(client).server_version, MysqlGreetings::of_unknown().server_version);
}

TEST_F(MysqlClientTest, MayNotSpeakBeforeTheGreeting) {
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.guesses(), 0U);
  const Step step = client.receive("hello");
  EXPECT_EQ(step.kind, Kind::violation);
  EXPECT_EQ(step.text, "The client spoke before the greeting.");
}

TEST_F(MysqlClientTest, BringsNoProxyHeader) {
  const std::string header = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
  EXPECT_EQ(client_at("shop").receive(header).text, wire::kUnexpectedProxyHeader);
  MysqlClient& greeted = client_at("shop");
  static_cast<void>(greet(greeted));
  EXPECT_EQ(greeted.receive(header).text, wire::kUnexpectedProxyHeader);
}

TEST_F(MysqlClientTest, IsOfferedTlsWhereThereIsSome) {
  EXPECT_EQ(greet(client_at("shop")).capabilities & wire::mysql::kSsl, 0U);
  auto settings = std::make_shared<Settings>(*arrival_.settings);
  settings->mysql_tls = net::SslContextPtr(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
  arrival_.settings = std::move(settings);
  EXPECT_NE(greet(client_at("shop")).capabilities & wire::mysql::kSsl, 0U);
  EXPECT_EQ(client_->receive(response("ann")).kind, Kind::admit);
  arrival_.listener =
      std::make_shared<const Listener>(Listener{"0.0.0.0:3306", net::Protocol::mysql, "shop", true});
  MysqlClient& required = client_.emplace(arrival_, services_);
  static_cast<void>(greet(required));
  EXPECT_EQ(required.receive(response("ann")).kind, Kind::violation);
}

TEST_F(MysqlClientTest, IsReadOfNoFurtherThanItsSslRequestAtFirst) {
  MysqlClient& client = client_at("shop");
  static_cast<void>(greet(client));
  EXPECT_EQ(client.most_to_read(), kSslRequest);
  const std::string login = response("ann");
  EXPECT_EQ(client.receive(login.substr(0, 10)).kind, Kind::more);
  EXPECT_EQ(client.most_to_read(), kSslRequest - 10);
  EXPECT_EQ(client.receive(login.substr(10, kSslRequest - 10)).kind, Kind::more);
  EXPECT_EQ(client.most_to_read(), SIZE_MAX);
  EXPECT_EQ(client.receive(login.substr(kSslRequest)).kind, Kind::admit);
}

// Who it is.

TEST_F(MysqlClientTest, NamesItsDatabaseBehindTheLastAtOfItsUser) {
  const Step step = chosen("", "ann@corp@shop", "books");
  EXPECT_EQ(user_, "ann@corp");
  EXPECT_EQ(step.kind, Kind::connect);
  EXPECT_EQ(step.text, "shop");
  EXPECT_EQ(wish().schema, "books");
}

TEST_F(MysqlClientTest, NamesItsDatabaseByTheSchemaWhereItsUserHoldsNone) {
  const Step step = chosen("", "ann", "shop");
  EXPECT_EQ(user_, "ann");
  EXPECT_EQ(step.text, "shop");
  EXPECT_EQ(wish().schema, "");
}

TEST_F(MysqlClientTest, MayBeAUserWhoseNameHoldsAnAt) {
  add_user("ann@corp");
  const Step step = chosen("", "ann@corp", "shop");
  EXPECT_EQ(user_, "ann@corp");
  EXPECT_EQ(step.text, "shop");
}

TEST_F(MysqlClientTest, HasTheDatabaseOfAListenerOfItsOwn) {
  const Step step = chosen("shop", "ann@orders", "books");
  EXPECT_EQ(user_, "ann@orders");
  EXPECT_EQ(step.text, "shop");
  EXPECT_EQ(wish().schema, "books");
}

/// Its answers are those of a client library.
class MysqlPasswordTest : public MysqlClientTest {
 protected:
  MysqlPasswordTest() {
    arrival_.client.uid = 1001;
    config::GatewayUser& alice = add_user("alice");
    alice.scram = base::ScramVerifier::of(base::Secret("open sesame"), random_, 1);
    publish();
    admission_.user = &alice;
  }
  /// As far as the question for its password.
  MysqlClient& ask(const std::string& password) {
    MysqlClient& client = client_at("shop");
    EXPECT_EQ(client.greet().kind, Kind::more);
    library_.emplace(wire::mysql::Transport::unix_socket, ReferenceClient::Claims::greetings_plugin,
                     password);
    EXPECT_EQ(client.receive(library_->answer(client.take_output())).kind, Kind::admit);
    EXPECT_EQ(client.user(), "alice");
    return client;
  }
  [[nodiscard]] Step asked(MysqlClient& client) {
    return client.ask(admission_, admission_.user->scram.value());
  }

  Admission admission_;
  std::optional<ReferenceClient> library_;
};

TEST_F(MysqlPasswordTest, IsComparedElsewhereWhereItIsNotKnownYet) {
  MysqlClient& client = ask("open sesame");
  EXPECT_TRUE(client.has_answered());
  EXPECT_EQ(asked(client).kind, Kind::more);
  EXPECT_EQ(client.receive(library_->answer(client.take_output())).kind, Kind::check);
  EXPECT_TRUE(client.password().equals("open sesame"));
  const Step step = client.password_checked(true);
  EXPECT_EQ(step.kind, Kind::authenticated);
  EXPECT_EQ(step.text, "caching_sha2_password");
}

TEST_F(MysqlPasswordTest, IsComparedAtOnceWhereItWasRightBefore) {
  fast_passwords_.remember("alice", *admission_.user->scram, base::Secret("open sesame"));
  MysqlClient& client = ask("open sesame");
  EXPECT_EQ(asked(client).kind, Kind::authenticated);
  EXPECT_EQ(client.choose({}).text, "shop");
}

TEST_F(MysqlPasswordTest, IsAskedForInFullOfWhomMayNotComeFromThere) {
  fast_passwords_.remember("alice", *admission_.user->scram, base::Secret("open sesame"));
  admission_.from_elsewhere = true;
  MysqlClient& client = ask("open sesame");
  EXPECT_EQ(asked(client).kind, Kind::more);
  EXPECT_EQ(client.receive(library_->answer(client.take_output())).kind, Kind::check);
}

TEST_F(MysqlPasswordTest, ComesInTheClearFromItsOwnMachineOnly) {
  arrival_.client.uid.reset();
  for (const char* address : {"127.0.0.1", "192.0.2.7"}) {
    arrival_.client.group = address;
    MysqlClient& client = ask("open sesame");
    static_cast<void>(asked(client));
    const Kind kind = client.receive(library_->answer(client.take_output())).kind;
    EXPECT_EQ(kind == Kind::check, arrival_.client.is_loopback()) << address;
  }
}

TEST_F(MysqlPasswordTest, MayBeProvenByItsNativeHash) {
  gateway_.users.front().mysql_native = wire::mysql::native_hash("open sesame");
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.greet().kind, Kind::more);
  library_.emplace(wire::mysql::Transport::unix_socket, ReferenceClient::Claims::native, "open sesame");
  EXPECT_EQ(client.receive(library_->answer(client.take_output())).kind, Kind::admit);
  Step step = asked(client);
  if (step.kind == Kind::more) step = client.receive(library_->answer(client.take_output()));
  EXPECT_EQ(step.kind, Kind::authenticated);
  EXPECT_EQ(step.text, "mysql_native_password");
}

TEST_F(MysqlPasswordTest, IsRefusedInTheWordsOfAServer) {
  MysqlClient& client = ask("close sesame");
  static_cast<void>(asked(client));
  ASSERT_EQ(client.receive(library_->answer(client.take_output())).kind, Kind::check);
  const Step step = client.password_checked(false);
  EXPECT_EQ(step.kind, Kind::refused);
  EXPECT_EQ(step.error->message, access_denied("alice", "localhost", true).message);
  EXPECT_EQ(client.guesses(), 1U);
}

TEST_F(MysqlPasswordTest, MayBeNoneAtAll) {
  arrival_.client.uid.reset();
  MysqlClient& client = named("shop", "alice");
  Step step = asked(client);
  if (step.kind == Kind::more) step = client.receive(packet(3, ""));
  EXPECT_EQ(step.kind, Kind::unproven);
  EXPECT_EQ(step.error->message, access_denied("alice", "192.0.2.7", false).message);
}

TEST_F(MysqlClientTest, MayQuitInPlaceOfALogin) {
  MysqlClient& client = client_at("shop");
  static_cast<void>(greet(client));
  const Step step = client.receive(packet(0, "\1"));
  EXPECT_EQ(step.kind, Kind::unproven);
  EXPECT_FALSE(step.error);
}

// What it wants.

TEST_F(MysqlClientTest, WantsWhatItHasSaid) {
  static_cast<void>(named("shop", "ann", "books"));
  EXPECT_EQ(wish().schema, "books");
  EXPECT_EQ(wish().max_packet_size, 1U << 20);
  EXPECT_EQ(wish().character_set, 0x2E);
  EXPECT_EQ(wish().attributes, "");
  config::GatewayUser ann;
  ann.name = "ann";
  EXPECT_EQ(wish(&ann).attributes, identified_attributes("", "ann"));
}

TEST_F(MysqlClientTest, GetsTheOnlyDatabaseThereIs) {
  databases_ = {"shop"};
  publish();
  EXPECT_EQ(chosen("", "owner").text, "shop");
  config::GatewayUser& ann = add_user("ann");
  ann.all_databases = true;
  EXPECT_EQ(chosen("", "ann", "", {.user = &ann}).text, "shop");
}

TEST_F(MysqlClientTest, GetsTheOnlyDatabaseThatItsUserMayUse) {
  databases_ = {"shop", "orders"};
  config::GatewayUser& ann = add_user("ann");
  ann.databases = {"orders"};
  EXPECT_EQ(chosen("", "ann", "", {.user = &ann}).text, "orders");
}

TEST_F(MysqlClientTest, GetsTheOnlyDatabaseThatItsUserHasSessionsWith) {
  databases_ = {"shop", "orders"};
  publish();
  const Step none = chosen("", "ann");
  EXPECT_EQ(none.kind, Kind::connect);
  EXPECT_EQ(none.text, "");
  open_another("ann", "orders", 1);
  open_another("bob", "shop", 2);
  EXPECT_EQ(chosen("", "ann").text, "orders");
}

// While the gateway drains.

TEST_F(MysqlClientTest, IsNotEvenGreetedByADrainingGatewayWithNobodyInside) {
  draining_ = true;
  EXPECT_EQ(client_at("shop").greet().kind, Kind::no_sessions);
  open_another("bob", "shop", 1);
  static_cast<void>(greet(client_at("shop")));
}

TEST_F(MysqlClientTest, GetsNoSessionWhileTheGatewayDrainsAndItsUserHasNone) {
  open_another("bob", "shop", 1);
  draining_ = true;
  EXPECT_EQ(chosen("shop", "ann").kind, Kind::no_sessions);
}

// Its session.

TEST_F(MysqlClientTest, OpensItsSessionWithWhatTheDatabaseSaid) {
  databases_ = {"shop"};
  publish();
  const std::uint32_t id = greet(client_at("shop")).connection_id;
  MysqlClient& client = *client_;
  static_cast<void>(client.receive(response("ann")));
  static_cast<void>(client.user());
  static_cast<void>(client.trust());
  static_cast<void>(client.take_output());
  static_cast<void>(client.receive("ahead"));
  const ClientSide::Start start = client.open(session(), "shop");
  EXPECT_EQ(start.to_client, packet(2, kOk) + packet(0, "later"));
  EXPECT_EQ(start.from_client, "ahead");
  EXPECT_NE(start.conversation, nullptr);
  EXPECT_EQ(connections_.database_of(id, "ann"), "shop");
  EXPECT_EQ(connections_.find(id, {17, "shop", "ann", "10.0.0.5", 3306})->server_id, 17U);
  client.close();
  EXPECT_TRUE(connections_.none_open());
}

TEST_F(MysqlClientTest, TakesItsIdWithItWhenItGoes) {
  static_cast<void>(chosen("shop", "ann"));
  static_cast<void>(client_->open(session(), "shop"));
  EXPECT_FALSE(connections_.none_open());
  client_.reset();
  EXPECT_TRUE(connections_.none_open());
}

// What it is told.

TEST_F(MysqlClientTest, IsToldAnErrorInTheSequenceOfItsLogin) {
  const ClientError error = startup_too_slow();
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.encoded(error), wire::mysql::error_packet(0, {error.mysql_code, {}, error.message}));
  static_cast<void>(greet(client));
  static_cast<void>(client.receive(response("ann")));
  EXPECT_EQ(client.encoded(error), wire::mysql::error_packet(2, error.mysql()));
}

TEST_F(MysqlClientTest, IsToldNothingInItsSessionButThatItWasIdle) {
  MysqlClient& client = client_at("shop");
  EXPECT_EQ(client.last_words(idle_too_long()), wire::mysql::error_packet(0, idle_too_long().mysql()));
  EXPECT_EQ(client.last_words(shutting_down()), "");
}

}  // namespace
}  // namespace rolegate::gateway
