#include <gmock/gmock.h>

#include "gateway/session/mysql_client.hpp"
#include "unit/gateway/session/session_fixture.hpp"
#include "unit/wire/mysql_bytes.hpp"
#include "wire/mysql/capabilities.hpp"

namespace rolegate::gateway {
namespace {

using namespace wire::mysql;
using Kind = Step::Kind;

/// A client that is trusted, at a shared listener.
class MysqlClientChangeUserTest : public SessionServicesTest {
 protected:
  MysqlClientChangeUserTest() {
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>();
    arrival_.settings = std::move(settings);
    arrival_.listener =
        std::make_shared<const Listener>(Listener{"127.0.0.1:6433", net::Protocol::mysql, "", false});
    client_.emplace(arrival_, services_);
    EXPECT_EQ(client_->greet().kind, Kind::more);
    const auto greeting = parse_greeting(client_->take_output().substr(4));
    EXPECT_TRUE(greeting);
    if (greeting) id_ = greeting->connection_id;
    const std::string response = le(kProtocol41 | kSecureConnection | kConnectWithDb, 4) + le(1 << 24, 4) +
                                 "\x2D" + std::string(23, '\0') + "ann\0\0orders\0"s;
    EXPECT_EQ(client_->receive(packet(1, response).substr(0, 36)).kind, Kind::more);
    EXPECT_EQ(client_->receive(packet(1, response).substr(36)).kind, Kind::admit);
    EXPECT_EQ(client_->user(), "ann");
    EXPECT_EQ(client_->trust().kind, Kind::authenticated);
    EXPECT_EQ(client_->choose({}).text, "orders");
    open("orders");
  }

  std::string open(const std::string& database) {
    upstream::DatabaseSession session;
    session.address = "10.0.0.5";
    session.port = 3306;
    upstream::MysqlStart start;
    start.greeting.connection_id = 77;
    start.ok_payload = ok_payload();
    session.start = std::move(start);
    return client_->open(session, database).to_client;
  }
  Step change(std::string_view user, std::string_view schema) {
    return client_->change_user(
        packet(0, "\x11" + std::string(user) + "\0\0"s + std::string(schema) + "\0\x2E\1"s));
  }

  Arrival arrival_;
  std::optional<MysqlClient> client_;
  std::uint32_t id_ = 0;
};

TEST_F(MysqlClientChangeUserTest, BeginsALoginOfTheNewUser) {
  EXPECT_EQ(change("bob@books", "novels").kind, Kind::admit);
  EXPECT_EQ(client_->user(), "bob");
  EXPECT_EQ(client_->trust().kind, Kind::authenticated);
  EXPECT_EQ(client_->choose({}).text, "books");
  const auto wish = std::get<upstream::MysqlWish>(client_->wish(nullptr));
  EXPECT_EQ(wish.schema, "novels");
  EXPECT_EQ(wish.character_set, 0x012E);
  EXPECT_EQ(wish.max_packet_size, 1U << 24);
  EXPECT_EQ(client_->take_output(), "");
  EXPECT_EQ(open("books"), packet(1, ok_payload()));
  EXPECT_EQ(connections_.database_of(id_, "bob"), "books");
  EXPECT_EQ(connections_.database_of(id_, "ann"), "");
}

TEST_F(MysqlClientChangeUserTest, BringsNoMoreAlongThanALoginMay) {
  const std::string behind(wire::mysql::ServerLogin::kMaxPacket, 'x');
  const Step step = client_->change_user(packet(0,
                                                "\x11"
                                                "bob\0\0books\0"s) +
                                         behind);
  EXPECT_EQ(step.kind, Kind::violation);
  EXPECT_EQ(client_->take_output().substr(3, 2), "\1\xFF");
}

TEST_F(MysqlClientChangeUserTest, TakesItInPieces) {
  const std::string whole = packet(0,
                                   "\x11"
                                   "bob\0\0books\0\x2D\0"s);
  EXPECT_EQ(client_->change_user(whole.substr(0, 5)).kind, Kind::more);
  EXPECT_EQ(client_->receive(whole.substr(5, 3)).kind, Kind::more);
  EXPECT_EQ(client_->receive(whole.substr(8)).kind, Kind::admit);
  EXPECT_EQ(client_->user(), "bob");
}

TEST_F(MysqlClientChangeUserTest, KeepsItsIdWithoutLeadingAnywhereMeanwhile) {
  EXPECT_EQ(connections_.database_of(id_, "ann"), "orders");
  EXPECT_EQ(change("ann", "orders").kind, Kind::admit);
  EXPECT_EQ(connections_.database_of(id_, "ann"), "");
  EXPECT_TRUE(connections_.none_open());
  (void)client_->user();
  (void)client_->trust();
  open("orders");
  EXPECT_EQ(connections_.database_of(id_, "ann"), "orders");
}

TEST_F(MysqlClientChangeUserTest, StaysWithItsDatabaseWhereItNamesNone) {
  EXPECT_EQ(change("bob", "").kind, Kind::admit);
  EXPECT_EQ(client_->user(), "bob");
  EXPECT_EQ(client_->trust().kind, Kind::authenticated);
  const Step step = client_->choose({});
  EXPECT_EQ(step.kind, Kind::connect);
  EXPECT_EQ(step.text, "orders");
}

TEST_F(MysqlClientChangeUserTest, IsANewSessionToADrain) {
  draining_ = true;
  connections_.open(connections_.give_out(random_), {1, "orders", "ann", "10.0.0.5", 3306});
  EXPECT_EQ(change("ann", "orders").kind, Kind::admit);
  EXPECT_EQ(client_->user(), "ann");
  EXPECT_EQ(client_->trust().kind, Kind::authenticated);
  EXPECT_EQ(client_->choose({}).kind, Kind::no_sessions);
}

}  // namespace
}  // namespace rolegate::gateway
