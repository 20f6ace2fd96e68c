#include "gateway/session/mysql_conversation.hpp"

#include <string>

#include <gtest/gtest.h>

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::gateway {
namespace {

using namespace std::string_literals;
using wire::mysql::framed;

const std::string kQuery = framed(0, "\3SELECT 1");
const std::string kOk = framed(1, "\0\0\0\2\0\0\0"s);
const std::string kProgress = framed(1, "\xFF\xFF\xFF\1\1\2\0\0\0\0"s);

struct MysqlConversationTest : testing::Test {
  void client(const std::string& bytes) { EXPECT_EQ(conversation.from_client(bytes).consumed, bytes.size()); }
  MysqlConversation conversation{wire::mysql::kMariaDbProgress, [](std::uint32_t) { return std::nullopt; }};
};

TEST_F(MysqlConversationTest, RestsBetweenAnAnswersLastByteAndACommandsFirst) {
  EXPECT_TRUE(conversation.at_rest());
  for (const char byte : kQuery) {
    client(std::string(1, byte));
    EXPECT_FALSE(conversation.at_rest());
  }
  for (const char byte : kOk) {
    EXPECT_FALSE(conversation.at_rest());
    conversation.from_database(std::string(1, byte));
  }
  EXPECT_TRUE(conversation.at_rest());
}

TEST_F(MysqlConversationTest, FollowsAFileDuringWhichProgressIsReported) {
  client(kQuery);
  conversation.from_database(framed(1, "\xFB/file"));
  const std::string content = framed(2, "content");
  client(content.substr(0, 6));
  conversation.from_database(kProgress);
  client(content.substr(6) + framed(3, ""));
  EXPECT_FALSE(conversation.at_rest());
  conversation.from_database(kOk);
  EXPECT_TRUE(conversation.at_rest());
}

TEST_F(MysqlConversationTest, IsInDoubtWhereAFileBeginsInsideACommand) {
  client(kQuery + kQuery.substr(0, 7));
  conversation.from_database(framed(1, "\xFB/file"));
  client(kQuery.substr(7));
  conversation.from_database(kOk + kOk);
  EXPECT_FALSE(conversation.at_rest());
}

TEST_F(MysqlConversationTest, IsNotAtRestWhenTheDatabaseSpeaksUnasked) {
  conversation.from_database(framed(0, "\xFF\x87\x07#70100Connection was killed"));
  EXPECT_FALSE(conversation.at_rest());
}

TEST_F(MysqlConversationTest, IsStuckWhereAChangeOfUserCannotBeTold) {
  client(framed(0, "\x12 COM_BINLOG_DUMP"));
  EXPECT_FALSE(conversation.is_stuck());
  EXPECT_EQ(conversation.from_client(framed(0, "\x11 somebody")).consumed, 0U);
  EXPECT_TRUE(conversation.is_stuck());
}

TEST_F(MysqlConversationTest, LetsNoChangeOfUserPassForAFile) {
  const std::string change = framed(0, "\x11 somebody");
  client(kQuery);
  EXPECT_EQ(conversation.from_client(change).consumed, 0U);
  conversation.from_database(framed(1, "\xFB/file"));
  EXPECT_EQ(conversation.from_client(change).consumed, 0U);
  EXPECT_FALSE(conversation.take_change_user());
  EXPECT_TRUE(conversation.is_stuck());
}

TEST_F(MysqlConversationTest, GivesAChangeOfUserBackInItsTurn) {
  const std::string change = framed(0, "\x11 somebody");
  client(kQuery + change.substr(0, 3));
  EXPECT_EQ(conversation.from_client(change.substr(3)).consumed, 0U);
  EXPECT_FALSE(conversation.take_change_user());
  conversation.from_database(kOk);
  EXPECT_EQ(conversation.from_client(change.substr(3)).consumed, 2U);
  EXPECT_EQ(conversation.take_change_user(), change.substr(0, 5));
  EXPECT_FALSE(conversation.may_interject()) << "its answer is awaited";
  EXPECT_FALSE(conversation.is_stuck());
}

TEST_F(MysqlConversationTest, KnowsAGoodbye) {
  client(framed(0, "\1"));
  EXPECT_TRUE(conversation.said_goodbye());
}

}  // namespace
}  // namespace rolegate::gateway
