#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/startup_packet.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;
using State = StartupPacket::State;

TEST(PgStartupPacket, IsCompleteWithItsLastByte) {
  const std::string whole = script::startup({"user", "alice"});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(startup_packet_at_front(whole.substr(0, length)).state, State::incomplete) << length;
  }
  const std::string more = whole + "next";
  const StartupPacket packet = startup_packet_at_front(more);
  EXPECT_EQ(packet.state, State::complete);
  EXPECT_EQ(packet.code, kProtocol30);
  EXPECT_EQ(packet.body, "user\0alice\0\0"s);
  EXPECT_EQ(packet.size, whole.size());
}

TEST(PgStartupPacket, TellsStrangersByTheFirstByte) {
  EXPECT_EQ(startup_packet_at_front("\x16").state, State::tls);
  EXPECT_EQ(startup_packet_at_front("\x16\x03\x01\x02").state, State::tls);
  for (const std::string first : {"G", "\x01", "\x80", "\xFF", "S", "p"}) {
    EXPECT_EQ(startup_packet_at_front(first).state, State::not_postgresql) << first;
  }
}

TEST(PgStartupPacket, KnowsALoadBalancersHeader) {
  for (const std::string& header : {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"s, "\r\n\r\n\0\r\nQUIT\n!"s}) {
    const std::size_t told = header.front() == 'P' ? 6 : 12;
    for (std::size_t size = 1; size <= header.size(); ++size) {
      EXPECT_EQ(startup_packet_at_front(header.substr(0, size)).state,
                size < told ? State::incomplete : State::proxy_header)
          << size;
    }
  }
  EXPECT_EQ(startup_packet_at_front("PROXX").state, State::not_postgresql);
  EXPECT_EQ(startup_packet_at_front("\r\n\r\nGET").state, State::not_postgresql);
}

TEST(PgStartupPacket, HasALengthBetweenEightAndTenThousandFour) {
  const auto state = [](std::uint32_t length) {
    return startup_packet_at_front(int32(length) + std::string(20000, 'x')).state;
  };
  EXPECT_EQ(state(0), State::not_postgresql);
  EXPECT_EQ(state(7), State::not_postgresql);
  EXPECT_EQ(state(8), State::complete);
  EXPECT_EQ(state(10004), State::complete);
  EXPECT_EQ(state(10005), State::too_long);
  EXPECT_EQ(state(0x00FFFFFF), State::too_long);
  EXPECT_EQ(state(0x01000000), State::not_postgresql);
  EXPECT_EQ(startup_packet_at_front(int32(10005)).state, State::too_long) << "four bytes are enough";
}

TEST(PgStartupParameters, AreTakenApart) {
  const auto taken = parse_startup_parameters(
      pairs({"user", "alice", "database", "orders", "options", "-c geqo=off", "application_name", ""}));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->startup.user, "alice");
  EXPECT_EQ(taken->startup.database, "orders");
  EXPECT_TRUE(taken->startup.database_named);
  EXPECT_EQ(taken->startup.parameters, (Parameters{{"options", "-c geqo=off"}, {"application_name", ""}}));
  EXPECT_TRUE(taken->protocol_options.empty());
}

TEST(PgStartupParameters, NameTheUsersDatabaseWhenNoneIsNamed) {
  for (const auto& texts : {Pieces{"user", "alice"}, Pieces{"user", "alice", "database", ""},
                            Pieces{"database", "orders", "user", "alice", "database", ""}}) {
    const auto taken = parse_startup_parameters(pairs(texts));
    EXPECT_EQ(taken->startup.database, "alice");
    EXPECT_FALSE(taken->startup.database_named);
  }
}

TEST(PgStartupParameters, CountWithTheirLastValueInItsPlace) {
  const auto taken = parse_startup_parameters(pairs({"user", "alice", "a", "1", "b", "2", "user", "bob", "a",
                                                     "3", "database", "x", "database", "y", "A", "4"}));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->startup.user, "bob");
  EXPECT_EQ(taken->startup.database, "y");
  EXPECT_EQ(taken->startup.parameters, (Parameters{{"b", "2"}, {"a", "3"}, {"A", "4"}}));
}

TEST(PgStartupParameters, KeepProtocolOptionsApart) {
  const auto taken =
      parse_startup_parameters(pairs({"_pq_.one", "1", "user", "alice", "_pq_.", "", "_pq", "x"}));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->protocol_options, (Pieces{"_pq_.one", "_pq_."}));
  EXPECT_EQ(taken->startup.parameters, (Parameters{{"_pq", "x"}}));
}

TEST(PgStartupParameters, TakeAnEmptyList) {
  const auto taken = parse_startup_parameters("\0"s);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->startup.user, "");
  EXPECT_TRUE(taken->startup.parameters.empty());
}

TEST(PgStartupParameters, AreRefusedAtEveryLengthButTheirOwn) {
  const std::string body = pairs({"user", "alice", "database", "orders", "a", ""});
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(parse_startup_parameters(body.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_startup_parameters(body + "x"));
  EXPECT_FALSE(parse_startup_parameters(body + '\0'));
  EXPECT_FALSE(parse_startup_parameters("\0user\0alice\0\0"s)) << "hidden behind the end";
}

TEST(PgStartupParameters, TakeThousandsOfThemInShortTime) {
  std::string body;
  for (int i = 0; i < 2000; ++i) body += text(std::to_string(i)) + text("");
  const auto taken = parse_startup_parameters(body + '\0');
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->startup.parameters.size(), 2000U);
}

TEST(PgStartupMessage, IsWrittenAsItIsRead) {
  EXPECT_EQ(
      startup_message("alice", "orders", {{"application_name", "psql"}, {"options", ""}}),
      script::startup({"user", "alice", "database", "orders", "application_name", "psql", "options", ""}));
  EXPECT_EQ(startup_message("alice", "", {}), script::startup({"user", "alice"}));
}

TEST(PgStartupMessage, LetsNoParameterChangeWhoLogsInOrWhatComesAfter) {
  EXPECT_EQ(startup_message("alice", "orders",
                            {{"user", "root"},
                             {"database", "secret"},
                             {"user\0x"s, "root"},
                             {"", "hidden"},
                             {"\0user"s, "root"},
                             {"_pq_.x", "1"},
                             {"a\0user"s, "1\0user\0root"s}}),
            script::startup({"user", "alice", "database", "orders", "a", "1"}));
}

TEST(PgStartupPacket, IsWrittenAsPsqlDoes) {
  EXPECT_EQ(ssl_request(), from_hex("0000000804d2162f"));
  EXPECT_EQ(pg::cancel_request({0x01020304, int32(0xFFFEFDFC)}),
            from_hex("0000001004d2162e01020304fffefdfc"));
}

TEST(PgNegotiateProtocolVersion, NamesVersionAndUnknownOptions) {
  EXPECT_EQ(negotiate_protocol_version(kVersion30, {}), from_hex("760000000c0003000000000000"));
  EXPECT_EQ(negotiate_protocol_version(kVersion30, {"_pq_.a", "_pq_.bc"}),
            msg('v', int32(kVersion30) + int32(2) + text("_pq_.a") + text("_pq_.bc")));
}

}  // namespace
}  // namespace rolegate::wire::pg
