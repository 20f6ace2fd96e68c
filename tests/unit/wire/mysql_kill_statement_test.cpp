#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "wire/mysql/kill_statement.hpp"

namespace rolegate::wire::mysql {
namespace {

using namespace std::string_literals;

/// The text with each id that can be replaced in brackets.
std::string marked(std::string_view text) {
  std::string out;
  std::size_t copied = 0;
  for (const KillTarget& target : find_kills(text).targets) {
    EXPECT_EQ(std::to_string(target.id), text.substr(target.offset, target.length));
    out += text.substr(copied, target.offset - copied);
    out += '[' + std::string(text.substr(target.offset, target.length)) + ']';
    copied = target.offset + target.length;
  }
  return out.append(text.substr(copied));
}

/// "KILL [42]": the brackets are not a part of the text.
std::string without_brackets(std::string text) {
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

TEST(MysqlKillStatement, FindsTheIdOfTheOnlyStatement) {
  for (const std::string expected : {
           "KILL [42]",
           "kill [42];",
           "KiLl QuErY [42]",
           "KILL CONNECTION [42]",
           "KILL HARD [42]",
           "KILL SOFT QUERY [42] ; \n",
           "KILL HARD CONNECTION\t\n[42]",
           "/* from the pool */KILL QUERY [42]",
           "\r\n KILL  [42]  ",
           "KILL /* who */ [42] /* that one */",
           "KILL/**/[42]",
           "KILL ([42])",
           "KILL([42])",
           "KILL QUERY (( /* */ [42] ) );",
           "-- who\nKILL [42]",
           "--\n--\tx\n KILL --\n[42] --",
           "# who; KILL 1\nKILL QUERY#\n[42]# that one",
           "KILL [42] -- 'that one",
           "KILL /*!50000 QUERY */ [42]",
           "/*!50000 KILL*/ [42]",
           "/*! KILL [42] */;",
           "/*M!100100 KILL SOFT QUERY [42] */",
           "EXECUTE IMMEDIATE 'KILL [42]'",
           "execute immediate \"kill query ([42]) ; \" ;",
           "EXECUTE IMMEDIATE/**/'-- who\nKILL [42]'",
           "PREPARE s FROM 'KILL [42]'",
           "PREPARE my_$1 FROM\n\" KILL HARD [42]\"",
       }) {
    const std::string text = without_brackets(expected);
    EXPECT_EQ(marked(text), expected);
    EXPECT_TRUE(find_kills(text).alone) << text;
  }
}

TEST(MysqlKillStatement, FindsTheIdsAmongOtherStatements) {
  for (const std::string expected : {
           "SELECT 1; KILL [42]",
           "KILL [42]; SELECT 1",
           "KILL [42];KILL QUERY ([43]); EXECUTE IMMEDIATE 'KILL [44]'; DO 1",
           "SELECT ';', ''';', \"a;\"\"'b\", `c;'``;`; KILL [42]",
           "SELECT 'KILL 1; KILL 2'; KILL [42]",
           "SELECT 1 /* ; KILL 1 */ -- ; KILL 1\n # ; KILL 1\n; KILL [42]",
           "SELECT 5--1; KILL [42]",
           "SELECT '\xC3\xA9'; KILL [42]",
           "KILL [42];;",
           ";KILL [42]",
           "SET @kill = 1; KILL CONNECTION_ID(); KILL [42]",
           "KILL [42]; SELECT 'it\\'; KILL 43 -- '",
       }) {
    const std::string text = without_brackets(expected);
    EXPECT_EQ(marked(text), expected);
    EXPECT_FALSE(find_kills(text).alone) << text;
  }
}

/// What a statement means depends on more than its bytes here.
TEST(MysqlKillStatement, IsCertainOrSilent) {
  for (const std::string_view text : {
           "SELECT '\\'; KILL 42; -- '",               // NO_BACKSLASH_ESCAPES
           "SELECT \"\\\"; KILL 42; -- \"",            // ANSI_QUOTES, too
           "SELECT `\x81`; KILL 42; -- `",             // half of a character of GBK or Shift JIS
           "SELECT \x81`; KILL 42; -- `",              // likewise
           "SELECT 1 /*!99999 + ' */; KILL 42; -- '",  // by the server's version
           "/*!99999 SELECT 1; KILL 42; */",
           "/*!99999 KILL 42; SELECT 1 */",
           "SELECT $$; KILL 42; $$",
           "SELECT $x$; KILL 42; $x$",
           "KILL /*!99999 -- */ \n 42",
           "KILL 42 /*!99999 -- */ + 1 \n */",
           "KILL 42 /*!99999 # */ + 1 \n */",
           "SELECT /* ; KILL 42",
           "SELECT ' ; KILL 42",
           "SELECT ` ; KILL 42",
       }) {
    EXPECT_EQ(marked(text), text);
  }
}

TEST(MysqlKillStatement, TakesEveryIdOf32Bits) {
  EXPECT_EQ(find_kills("KILL 0").targets.at(0).id, 0U);
  EXPECT_EQ(find_kills("KILL 4294967295").targets.at(0).id, 4294967295U);
  EXPECT_EQ(find_kills("KILL 007").targets.at(0).length, 3U);
  for (const std::string_view larger : {"KILL 4294967296", "KILL 99999999999999999999999"}) {
    const Kills kills = find_kills(larger);
    EXPECT_TRUE(kills.targets.empty() && kills.other_numbers.empty()) << larger;
  }
}

struct OtherForm {
  std::string_view text;
  std::vector<std::uint32_t> numbers;
};

TEST(MysqlKillStatement, FindsTheNumbersOfOtherForms) {
  for (const auto& [text, numbers] : std::vector<OtherForm>{
           {"KILL 42+0", {42, 0}},
           {"KILL QUERY 1 - -42", {1, 42}},
           {"KILL -42", {42}},
           {"KILL +42", {42}},
           {"KILL 42.0", {42, 0}},
           {"KILL 42x", {42}},
           {"KILL QUERY42", {42}},
           {"KILL (42", {42}},
           {"KILL 42)", {42}},
           {"KILL (SELECT 42)", {42}},
           {"KILL '42'", {42}},
           {"KILL 42 43", {42, 43}},
           {"KILL 42, 43", {42, 43}},
           {"KILL /*!42 */", {42}},
           {"SELECT 7; KILL QUERY 42 + 0; SELECT 8", {42, 0}},
           {"EXECUTE IMMEDIATE 'KILL ?' USING 42", {42}},
           {"PREPARE s FROM 'KILL 42+0'", {42, 0}},
           {"PREPARE s FROM 'KILL 42; SELECT 1'", {42, 1}},
       }) {
    const Kills kills = find_kills(text);
    EXPECT_EQ(kills.other_numbers, numbers) << text;
    EXPECT_TRUE(kills.targets.empty() && !kills.alone) << text;
  }
}

TEST(MysqlKillStatement, LeavesEverythingElseAlone) {
  for (const std::string_view text : {
           "",
           "KILL",
           "KILL ",
           "KILL42",
           "KILL QUERY",
           "KILL ID",
           "KILL QUERY ID 42",
           "KILL SOFT QUERY ID 42",
           "KILL USER bob",
           "KILL CONNECTION_ID()",
           "KILL @id",
           "SKILL 42",
           "SELECT 'KILL 42'",
           "/*! x */ KILL 42",
           "/* KILL 42",
           "/*/ KILL 42",
           "/ KILL 42",
           "--KILL 42",
           "-- KILL 42",
           "# KILL 42",
           "CALL kill(42)",
           "SELECT kill 42",
           "KILLS 42",
           "EXECUTE kill USING 42",
           "EXECUTE IMMEDIATE @kill",
           "EXECUTE IMMEDIATE 'SELECT ''KILL 42'''",
           "PREPARE 'KILL 42'",
           "PREPARE s FROM 'SELECT 1; KILL 42'",
       }) {
    const Kills kills = find_kills(text);
    EXPECT_TRUE(kills.targets.empty() && kills.other_numbers.empty() && !kills.alone) << text;
  }
  EXPECT_TRUE(find_kills("KILL 42\0"s).targets.empty());
}

TEST(MysqlKillStatement, KnowsAKillOfAParameter) {
  for (const std::string_view text : {"KILL ?", "kill query ? ;", "/* c */ KILL HARD CONNECTION ? -- x"}) {
    EXPECT_TRUE(find_kills(text).parameter) << text;
    EXPECT_TRUE(find_kills(text).targets.empty() && !find_kills(text).alone) << text;
  }
  for (const std::string_view text :
       {"KILL ?+0", "KILL ?; SELECT ?", "SELECT ?; KILL ?", "KILL QUERY ID ?", "KILL 1",
        "PREPARE s FROM 'KILL ?'", "EXECUTE IMMEDIATE 'KILL ?' USING 42"}) {
    EXPECT_FALSE(find_kills(text).parameter) << text;
  }
}

TEST(MysqlKillStatement, ReadsTheOnlyParameterOfAnExecution) {
  const std::string head = "\x17\x05\0\0\0\0\1\0\0\0\0"s;  // with no parameter that is NULL
  const auto read = [&](const std::string& rest) { return only_parameter(head + rest); };
  EXPECT_EQ(read("\1\x03\0\x2A\0\0\0"s), 42U);            // LONG
  EXPECT_EQ(read("\0\x2A\0\0\0"s), 42U);                  // of the type that was said before
  EXPECT_EQ(read("\1\x08\0\x2A\0\0\0\0\0\0\0"s), 42U);    // LONGLONG
  EXPECT_EQ(read("\1\x05\0\0\0\0\0\0\0\x45\x40"s), 42U);  // DOUBLE
  EXPECT_EQ(read("\1\xFE\0\x02"
                 "42"s),
            42U);  // STRING
  EXPECT_EQ(read("\1\xFE\0\x0A"
                 "4294967295"s),
            4294967295U);
  for (const std::string& other :
       {""s, "\1"s, "\1\x03\0"s, "\1\x03\0\x2A"s, "\1\xFE\0\x02x2"s,
        "\1\xFE\0\x03"
        "42"s,
        "\1\x05\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, "\1\x08\0\0\0\0\0\0\0\xF0\x7F"s}) {
    EXPECT_FALSE(read(other)) << testing::PrintToString(other);
  }
  EXPECT_FALSE(only_parameter("\x17\x05\0\0\0\0\1\0\0\0\1\1\x03\0"s)) << "NULL";
}

/// Its first letter is looked for before anything else is.
TEST(MysqlKillStatement, IsFoundBehindItsOwnLetters) {
  for (const std::string_view before : {"K", "k", "KI", "kilk", "KKKK", "kILKIL", ""}) {
    for (const std::string_view kill : {"kill", "Kill", "KILL", "kILL"}) {
      const std::string text = std::string(before) + ";" + std::string(kill) + " 42";
      EXPECT_EQ(find_kills(text).targets.size(), 1U) << text;
    }
  }
}

TEST(MysqlKillStatement, IsFoundInACommand) {
  EXPECT_EQ(find_killed("\x03kill query 42"), 42U);
  EXPECT_EQ(find_killed("\x0C\x2A\0\0\0"s), 42U);
  for (const std::string& other :
       {""s, "\x0C\x2A"s, "\x0C\x2A\0\0\0\0"s, "\x0E"s, "\x03SELECT 42"s, "\x03KILL 42; SELECT 1"s,
        "\x03KILL 42; KILL 43"s, "\x16KILL 42"s, "\x03KILL 42" + std::string(kMaxKill, ' ')}) {
    EXPECT_FALSE(find_killed(other)) << other;
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql
