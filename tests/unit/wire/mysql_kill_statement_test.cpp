#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "wire/mysql/kill_statement.hpp"

namespace rolegate::wire::mysql {
namespace {

TEST(MysqlKillStatement, FindsTheId) {
  for (const std::string_view statement : {
           "KILL 42",
           "kill 42;",
           "KiLl QuErY 42",
           "KILL CONNECTION 42",
           "KILL HARD 42",
           "KILL SOFT QUERY 42 ; \n",
           "KILL HARD CONNECTION\t\n42",
           "/* from the pool */KILL QUERY 42",
           "\r\n KILL  42  ",
           "KILL /* who */ 42 /* that one */",
           "KILL/**/42",
           "KILL /*!50000 QUERY */ 42",
           "/*!50000 KILL*/ 42",
           "/*! KILL 42 */;",
           "/*M!100100 KILL SOFT QUERY 42 */",
       }) {
    const auto target = find_kill_target(statement);
    ASSERT_TRUE(target) << statement;
    EXPECT_EQ(target->id, 42U);
    EXPECT_EQ(statement.substr(target->offset, target->length), "42") << statement;
  }
}

TEST(MysqlKillStatement, TakesEveryIdOf32Bits) {
  EXPECT_EQ(find_kill_target("KILL 0")->id, 0U);
  EXPECT_EQ(find_kill_target("KILL 4294967295")->id, 4294967295U);
  EXPECT_EQ(find_kill_target("KILL 007")->length, 3U);
  EXPECT_FALSE(find_kill_target("KILL 4294967296"));
  EXPECT_FALSE(find_kill_target("KILL 99999999999999999999999"));
}

TEST(MysqlKillStatement, LeavesEverythingElseAlone) {
  for (const std::string_view statement : {
           "",
           "KILL",
           "KILL ",
           "KILL42",
           "KILL QUERY42",
           "KILL QUERY",
           "KILL QUERY QUERY 42",
           "KILL QUERY HARD 42",
           "KILL HARD SOFT 42",
           "KILL ID 42",
           "KILL QUERY ID 42",
           "KILL USER bob",
           "KILL CONNECTION_ID()",
           "KILL 42 43",
           "KILL 42, 43",
           "KILL 42;;",
           "KILL 42; SELECT 1",
           "KILL -42",
           "KILL +42",
           "KILL 0x2A",
           "KILL 42x",
           "KILL 42.0",
           "KILL '42'",
           "KILL @id",
           "SKILL 42",
           "SELECT 'KILL 42'",
           "/*! x */ KILL 42",
           "/*M! x */ KILL 42",
           "/* KILL 42",
           "/*!50000 KILL 42",
           "KILL */ 42",
           "KILL /*! /*! 42 */ */",
           "KILL /*!42 */",
           "/*/ KILL 42",
           "/ KILL 42",
       }) {
    EXPECT_FALSE(find_kill_target(statement)) << statement;
  }
  EXPECT_FALSE(find_kill_target(std::string("KILL 42\0", 8)));
}

TEST(MysqlKillStatement, IsFoundInACommand) {
  EXPECT_EQ(find_killed("\x03kill query 42"), 42U);
  EXPECT_EQ(find_killed(std::string("\x0C\x2A\0\0\0", 5)), 42U);
  for (const std::string& other :
       {std::string(), std::string("\x0C\x2A"), std::string("\x0C\x2A\0\0\0\0", 6), std::string("\x0E"),
        std::string("\x03SELECT 42"), "\x03KILL 42" + std::string(kMaxKill, ' ')}) {
    EXPECT_FALSE(find_killed(other)) << other;
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql
