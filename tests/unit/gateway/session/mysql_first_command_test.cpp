#include <string>

#include <gmock/gmock.h>

#include "unit/gateway/session/mysql_client_fixture.hpp"
#include "wire/mysql/kill_statement.hpp"

// What a client says first that has named no database: it comes back to KILL.

namespace rolegate::gateway {
namespace {

using Kind = Step::Kind;
using wire::mysql::packet;

const std::string kOk = wire::mysql::ok_payload();

std::string query(const std::string& text) { return packet(0, "\3" + text); }

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

TEST_F(MysqlFirstCommandTest, WhileTheGatewayDrainsMayOnlyKill) {
  draining_ = true;
  EXPECT_EQ(say(query("KILL 1073741825")).text, "shop");
  EXPECT_EQ(say(query("SELECT 1")).kind, Kind::no_sessions);
}

}  // namespace
}  // namespace rolegate::gateway
