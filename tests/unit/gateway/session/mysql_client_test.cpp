#include "gateway/session/mysql_client.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "gateway/session/identify.hpp"
#include "unit/config/make_database.hpp"
#include "unit/gateway/session/session_fixture.hpp"
#include "unit/wire/mysql_reference_client.hpp"
#include "wire/mysql/commands.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::gateway {
namespace {

using Kind = Step::Kind;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::mysql::le;
using wire::mysql::packet;
using wire::mysql::ReferenceClient;
using namespace std::string_literals;

constexpr std::size_t kSslRequest = 36;
const std::string kOk = "\0\0\0\2\0\0\0"s;

std::string query(const std::string& text) { return packet(0, "\3" + text); }

class MysqlClientTest : public SessionServicesTest {
 protected:
  MysqlClientTest() {
    arrival_.client.group = "192.0.2.7";
    publish();
  }

  void publish() {
    config::Snapshot snapshot;
    snapshot.gateway = std::make_shared<const config::Gateway>(gateway_);
    for (const std::string& name : databases_) {
      config::Database database = config::make_database(name);
      database.uri.engine = config::Engine::mysql;
      snapshot = snapshot.with(std::move(database));
      greetings_.put(*snapshot.databases.find(name));
    }
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>(std::move(snapshot));
    arrival_.settings = std::move(settings);
  }
  void learn(const std::string& database) {
    wire::mysql::Greeting greeting;
    greeting.server_version = "8.0.36-" + database;
    greeting.capabilities = wire::mysql::kLongPassword | wire::mysql::kConnectAttrs | wire::mysql::kCompress;
    greetings_.learned(database, greeting);
  }
  config::GatewayUser& add_user(std::string name) {
    config::GatewayUser& user = gateway_.users.emplace_back();
    user.name = std::move(name);
    publish();
    return user;
  }
  void open_another(const std::string& user, const std::string& database, std::uint32_t id) {
    connections_.open(id, {4711, database, user, "10.0.0.5", 3306});
  }

  /// One that comes in at a shared listener, or at one of the database's own.
  MysqlClient& client_at(const std::string& database) {
    arrival_.listener =
        std::make_shared<const Listener>(Listener{"127.0.0.1:3306", net::Wire::mysql, database, false});
    return client_.emplace(arrival_, services_);
  }
  /// The greeting that such a client is given.
  wire::mysql::Greeting greet(MysqlClient& client) {
    EXPECT_EQ(client.greet().kind, Kind::more);
    const std::string output = client.take_output();
    EXPECT_EQ(output.at(3), '\0');
    const auto greeting = wire::mysql::parse_greeting(output.substr(4));
    EXPECT_TRUE(greeting);
    return greeting.value_or(wire::mysql::Greeting{});
  }
  /// A HandshakeResponse41 that answers nothing.
  static std::string response(const std::string& user, const std::string& schema = "") {
    using namespace wire::mysql;
    const Capabilities capabilities =
        kLongPassword | kProtocol41 | kSecureConnection | kPluginAuth | (schema.empty() ? 0 : kConnectWithDb);
    return packet(1, le(capabilities, 4) + le(1 << 20, 4) + "\x2E" + std::string(23, '\0') + user + "\0\0"s +
                         (schema.empty() ? "" : schema + '\0') + "caching_sha2_password\0"s);
  }
  /// Greeted, and somebody.
  MysqlClient& named(const std::string& listener, const std::string& user, const std::string& schema = "") {
    MysqlClient& client = client_at(listener);
    static_cast<void>(greet(client));
    EXPECT_EQ(client.receive(response(user, schema)).kind, Kind::admit);
    user_ = client.user();
    return client;
  }
  /// And let in: what it wants.
  Step chosen(const std::string& listener, const std::string& user, const std::string& schema = "",
              const Admission& admission = {}) {
    MysqlClient& client = named(listener, user, schema);
    EXPECT_EQ(client.trust().kind, Kind::authenticated);
    return client.choose(admission);
  }
  [[nodiscard]] upstream::MysqlWish wish(const config::GatewayUser* identified = nullptr) const {
    return std::get<upstream::MysqlWish>(client_->wish(identified));
  }
  static upstream::DatabaseSession session() {
    upstream::DatabaseSession session;
    session.address = "10.0.0.5";
    session.port = 3306;
    upstream::MysqlStart start;
    start.greeting.connection_id = 17;
    start.greeting.server_version = "8.0.36-met";
    start.ok_payload = kOk;
    start.rest = packet(0, "later");
    session.start = std::move(start);
    return session;
  }

  config::Gateway gateway_;
  std::vector<std::string> databases_;
  Arrival arrival_{{}, nullptr, nullptr, {}};
  std::optional<MysqlClient> client_;
  std::string user_;
};

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

/// Of a user who has sessions with two databases.
class MysqlFirstCommandTest : public MysqlClientTest {
 protected:
  MysqlFirstCommandTest() {
    databases_ = {"shop", "orders"};
    publish();
    open_another("ann", "shop", 0x40000001);
    open_another("ann", "orders", 0x40000002);
    open_another("bob", "shop", 0x40000003);
  }
  Step say(const std::string& bytes) {
    EXPECT_EQ(chosen("", "ann").kind, Kind::more);
    EXPECT_THAT(client_->take_output(), testing::EndsWith(packet(2, kOk)));
    return client_->receive(bytes);
  }
};

TEST_F(MysqlFirstCommandTest, SaysByAKillWhichDatabaseItIs) {
  const std::string kill = query("KILL QUERY 1073741826");
  const Step step = say(kill);
  EXPECT_EQ(step.kind, Kind::connect);
  EXPECT_EQ(step.text, "orders");
  const ClientSide::Start start = client_->open(session(), "orders");
  EXPECT_EQ(start.from_client, kill);
  EXPECT_EQ(start.to_client, packet(0, "later"));  // it has been let in already
}

TEST_F(MysqlFirstCommandTest, ComesInPieces) {
  const std::string kill = query("KILL 1073741825");
  EXPECT_EQ(say(kill.substr(0, 2)).kind, Kind::more);
  EXPECT_EQ(client_->receive(kill.substr(2, 5)).kind, Kind::more);
  EXPECT_EQ(client_->receive(kill.substr(7)).text, "shop");
}

TEST_F(MysqlFirstCommandTest, MayBeThereAlready) {
  MysqlClient& client = named("", "ann");
  static_cast<void>(client.trust());
  static_cast<void>(client.receive(query("KILL 1073741825")));
  EXPECT_EQ(client.choose({}).text, "shop");
}

TEST_F(MysqlFirstCommandTest, SaysNothingByAKillOfSomebodyElse) {
  for (const char* other : {"KILL 1073741827", "KILL 7", "SELECT 1"}) {
    const Step step = say(query(other));
    EXPECT_EQ(step.kind, Kind::undecided) << other;
    EXPECT_EQ(step.error->message, database_undecided({"orders", "shop"}).message);
  }
}

TEST_F(MysqlFirstCommandTest, IsNotWaitedForWhenItIsTooLongForAKill) {
  const std::string longest = query(std::string(wire::mysql::kMaxKill, 'x'));
  EXPECT_EQ(say(longest.substr(0, 4)).kind, Kind::more);
  const std::string longer = query(std::string(wire::mysql::kMaxKill + 1, 'x'));
  EXPECT_EQ(say(longer.substr(0, 4)).kind, Kind::undecided);
}

TEST_F(MysqlFirstCommandTest, MayBeAGoodbye) { EXPECT_EQ(say(packet(0, "\1")).kind, Kind::left); }

TEST_F(MysqlFirstCommandTest, IsAnsweredByAnErrorOfItsOwn) {
  static_cast<void>(say(""));
  EXPECT_EQ(client_->encoded(database_missing()), wire::mysql::error_packet(1, database_missing().mysql()));
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

TEST_F(MysqlFirstCommandTest, WhileTheGatewayDrainsMayOnlyKill) {
  draining_ = true;
  EXPECT_EQ(say(query("KILL 1073741825")).text, "shop");
  EXPECT_EQ(say(query("SELECT 1")).kind, Kind::no_sessions);
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
  EXPECT_EQ(greetings_.at_listener("shop")->server_version, "8.0.36-met");
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
