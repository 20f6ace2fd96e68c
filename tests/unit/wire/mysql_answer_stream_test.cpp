#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/answer_stream.hpp"
#include "wire/mysql/capabilities.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::uint16_t kAutocommit = 0x0002;
constexpr std::uint16_t kMore = 0x0008;
constexpr std::uint16_t kCursor = 0x0040;

std::string ok(std::uint16_t status = kAutocommit, char header = '\0') {
  return packet(1, header + "\0\xFC\x10\x27"s + le(status, 2) + "\0\0"s);
}
std::string eof(std::uint16_t status = kAutocommit) { return packet(1, "\xFE\3\0"s + le(status, 2)); }
std::string error() { return packet(1, "\xFF\x15\x04#28000no"); }
std::string progress() { return packet(1, "\xFF\xFF\xFF\1\1\2\x10\x27\0\x05Stage"s); }
std::string definition() {
  return packet(1,
                "\x03"
                "def\0\0\0\1a\0\x0C\x3F\0\1\0\0\0\x08\1\0\0\0\0"s);
}
std::string definitions(int count) {
  std::string all;
  for (; count > 0; --count) all += definition();
  return all;
}
/// Rows whose content looks like something else, in whole packets too.
std::string imitations() {
  const std::string inside = ok() + eof() + error() + packet(1, "\xFB/etc/passwd");
  return packet(2, static_cast<char>(inside.size()) + inside) +  // text
         packet(3, "\0\0"s + inside) +                           // binary
         packet(4, "\xFB"s) +                                    // NULL, and no request for a file
         packet(5, "\0"s) +                                      // an empty text, and no OK packet
         packet(6, "\0\0\0\2\0\0\0"s) + packet(7, "\xFC\x00\x01"s + std::string(256, '\xFE'));
}
/// A value of 16 MB begins as an EOF packet does; what follows its first packet may look like anything.
std::string huge_row() {
  return packet(8, "\xFE"s + le(0xFFFFFF, 8) + std::string(0xFFFFFF - 9, 'x')) +
         packet(9, "\xFE\0\0\2\0\0\0\0\0"s);
}

struct Case {
  std::string name;
  Capabilities session;
  Answer answer;
  std::string bytes;
};

std::vector<Case> cases() {
  const std::string rows = imitations();
  const std::string old_set = packet(1, "\2") + definitions(2) + eof() + rows;
  const std::string new_set = packet(1, "\2") + definitions(2) + rows;
  const std::string no_metadata = packet(1, "\2\0"s);
  std::string large(30, '\0');
  large.append("session changes");
  std::vector<Case> all{
      {"ok", 0, Answer::results, ok()},
      {"ok with session changes", kSessionTrack, Answer::results, packet(1, "\0\0\0\2\x40\0\0"s + large)},
      {"error", 0, Answer::results, error()},
      {"set", 0, Answer::results, old_set + eof()},
      {"empty set", 0, Answer::results, packet(1, "\1") + definitions(1) + eof() + eof()},
      {"set that ends with an error", 0, Answer::results, old_set + error()},
      {"set of 300 columns", 0, Answer::results,
       packet(1, "\xFC\x2C\1"s) + definitions(300) + eof() + rows + eof()},
      {"error in metadata", 0, Answer::results, packet(1, "\2") + definitions(1) + error()},
      {"new set", kDeprecateEof, Answer::results, new_set + ok(kAutocommit, '\xFE')},
      {"new set that ends with an error", kDeprecateEof, Answer::results, new_set + error()},
      {"several", 0, Answer::results, ok(kMore) + old_set + eof(kMore) + old_set + eof(kMore) + ok()},
      {"several, of which the last fails", 0, Answer::results, old_set + eof(kMore) + error()},
      {"new several", kDeprecateEof, Answer::results,
       new_set + ok(kMore, '\xFE') + ok(kMore) + new_set + ok(kAutocommit, '\xFE')},
      {"executed", 0, Answer::executed, old_set + eof()},
      {"executed into a cursor", 0, Answer::executed, packet(1, "\2") + definitions(2) + eof(kCursor)},
      {"executed into a new cursor", kDeprecateEof, Answer::executed,
       packet(1, "\2") + definitions(2) + ok(kCursor, '\xFE')},
      {"a query's rows under a cursor's flag", 0, Answer::results,
       packet(1, "\2") + definitions(2) + eof(kCursor) + rows + eof()},
      {"fetch", 0, Answer::rows, rows + eof(kCursor | kMore)},
      {"new fetch", kDeprecateEof, Answer::rows, rows + ok(kCursor, '\xFE')},
      {"fetch of nothing", 0, Answer::rows, eof()},
      {"fetch that fails", 0, Answer::rows, error()},
      {"field list", 0, Answer::rows, definitions(3) + eof()},
      {"statement", 0, Answer::statement,
       packet(1, "\0\1\0\0\0\2\0\3\0\0\0\0"s) + definitions(3) + eof() + definitions(2) + eof()},
      {"statement without parameters", 0, Answer::statement,
       packet(1, "\0\1\0\0\0\2\0\0\0\0\0\0"s) + definitions(2) + eof()},
      {"statement without anything", 0, Answer::statement, packet(1, "\0\1\0\0\0\0\0\0\0\0\0\0"s)},
      {"new statement", kDeprecateEof, Answer::statement,
       packet(1, "\0\1\0\0\0\2\0\3\0\0\0\0"s) + definitions(5)},
      {"statement that fails", 0, Answer::statement, error()},
      {"statement with metadata", kDeprecateEof | kOptionalResultsetMetadata, Answer::statement,
       packet(1, "\0\1\0\0\0\2\0\3\0\0\0\0\1"s) + definitions(5)},
      {"statement without metadata", kOptionalResultsetMetadata, Answer::statement,
       packet(1, "\0\1\0\0\0\2\0\3\0\0\0\0\0"s) + eof() + eof()},
      {"statistics", 0, Answer::packet, packet(1, "Uptime: 5")},
      {"end of file for an option", 0, Answer::packet, eof()},
      {"set with metadata", kDeprecateEof | kOptionalResultsetMetadata, Answer::results,
       packet(1, "\2\1") + definitions(2) + rows + ok(kAutocommit, '\xFE')},
      {"set without metadata", kDeprecateEof | kOptionalResultsetMetadata, Answer::results,
       no_metadata + rows + ok(kAutocommit, '\xFE')},
      {"old set without metadata", kOptionalResultsetMetadata, Answer::results,
       no_metadata + eof() + rows + eof()},
      {"MariaDB's cached metadata", kDeprecateEof | kMariaDbCacheMetadata, Answer::executed,
       no_metadata + rows + ok(kAutocommit, '\xFE')},
      {"progress", kMariaDbProgress, Answer::results, progress() + progress() + ok()},
      {"progress in rows", kProgressObsolete, Answer::results, old_set + progress() + eof()},
      {"no progress was agreed on", 0, Answer::results, progress()},
  };
  return all;
}

AnswerStream asked(const Case& a) {
  AnswerStream stream(a.session);
  stream.expect(a.answer);
  return stream;
}

TEST(MysqlAnswerStream, EndsWithTheLastByteInEveryPiece) {
  for (const Case& a : cases()) {
    AnswerStream bytewise = asked(a);
    for (std::size_t i = 0; i < a.bytes.size(); ++i) {
      ASSERT_FALSE(bytewise.at_rest()) << a.name << " at " << i;
      bytewise.receive(a.bytes.substr(i, 1));
      ASSERT_FALSE(bytewise.in_doubt()) << a.name << " at " << i;
    }
    EXPECT_TRUE(bytewise.at_rest()) << a.name;
  }
}

TEST(MysqlAnswerStream, EndsWithTheLastByteHoweverItIsCutInTwo) {
  for (const Case& a : cases()) {
    for (std::size_t at = 0; at < a.bytes.size(); ++at) {
      AnswerStream stream = asked(a);
      stream.receive(std::string_view(a.bytes).substr(0, at));
      ASSERT_FALSE(stream.at_rest()) << a.name << " at " << at;
      stream.receive(std::string_view(a.bytes).substr(at));
      ASSERT_TRUE(stream.at_rest()) << a.name << " at " << at;
    }
  }
}

TEST(MysqlAnswerStream, FollowsAnswersToCommandsThatWereSentAhead) {
  for (const Case& a : cases()) {
    for (const Case& b : cases()) {
      if (b.session != a.session) continue;
      AnswerStream stream = asked(a);
      stream.expect(b.answer);
      stream.receive(a.bytes);
      ASSERT_FALSE(stream.at_rest()) << a.name << ", " << b.name;
      stream.receive(b.bytes);
      ASSERT_TRUE(stream.at_rest()) << a.name << ", " << b.name;
    }
  }
}

TEST(MysqlAnswerStream, FollowsRowsOf16Mb) {
  for (const auto& [session, last] :
       {std::pair{Capabilities{0}, eof()}, {kDeprecateEof, ok(kAutocommit, '\xFE')}}) {
    AnswerStream stream(session);
    stream.expect(Answer::rows);
    stream.receive(huge_row());
    EXPECT_FALSE(stream.at_rest() || stream.in_doubt());
    stream.receive(packet(1, std::string(0xFFFFFF, 'x')) + packet(2, ""));
    EXPECT_FALSE(stream.at_rest() || stream.in_doubt());
    stream.receive(last);
    EXPECT_TRUE(stream.at_rest());
  }
}

TEST(MysqlAnswerStream, WantsAFileWhereTheServerAsksForOne) {
  AnswerStream stream(0);
  stream.expect(Answer::results);
  stream.receive(packet(1, "\xFBname"));
  EXPECT_TRUE(stream.wants_file());
  EXPECT_FALSE(stream.at_rest());
  stream.file_ended();
  EXPECT_FALSE(stream.wants_file() || stream.at_rest());
  stream.receive(ok(kMore) + packet(1, "\xFBname"));
  EXPECT_TRUE(stream.wants_file());
  stream.file_ended();
  stream.receive(ok());
  EXPECT_TRUE(stream.at_rest());
}

TEST(MysqlAnswerStream, HearsOfProgressWhileAFileIsSent) {
  AnswerStream stream(kMariaDbProgress);
  stream.expect(Answer::results);
  stream.receive(packet(1, "\xFBname") + progress());
  EXPECT_TRUE(stream.wants_file());
}

TEST(MysqlAnswerStream, IsInDoubtForEver) {
  const std::vector<std::pair<std::string, std::string>> odd{
      {"", ok()},                                            // nobody has asked
      {"", error()},                                         // a session that was killed
      {"q", ok() + ok()},                                    //
      {"qq", packet(1, "\xFBname")},                         // the next command is taken for the file
      {"q", packet(1, "\xFBname") + ok()},                   // before the file has ended
      {"q", packet(1, "")},                                  //
      {"q", packet(1, "\0\xFF"s)},                           // no OK packet
      {"q", packet(1, "\xFE\0\0\2\0"s)},                     // no column count
      {"q", packet(1, "\2\1")},                              // something behind it
      {"q", packet(1, "\1") + definition() + definition()},  // more than were announced
      {"q", packet(1, "\1") + definition() + eof() + packet(1, "\xFE\0"s)},
      {"p", packet(1, "\5\0\0\0\0\0\0\0\0\0\0\0"s)},
      {"u", ""},
  };
  for (const auto& [commands, bytes] : odd) {
    AnswerStream stream(0);
    for (const char command : commands) {
      stream.expect(command == 'q' ? Answer::results : command == 'p' ? Answer::statement : Answer::unknown);
    }
    stream.receive(bytes);
    EXPECT_TRUE(stream.in_doubt()) << testing::PrintToString(bytes);
    stream.expect(Answer::packet);
    stream.receive(ok() + eof());
    EXPECT_TRUE(stream.in_doubt() && !stream.at_rest());
  }
}

TEST(MysqlAnswerStream, IsInDoubtWhenACommandComesBehindTheBeginningOfWhatNobodyAskedFor) {
  AnswerStream stream(kProtocol41);
  stream.receive("\x64\0\0\1\0\0\0\0\0\0"s);
  stream.expect(Answer::rows);
  stream.receive(std::string(200, '\0'));
  EXPECT_TRUE(stream.in_doubt());
}

TEST(MysqlAnswerStream, TakesABoundedNumberOfCommands) {
  AnswerStream stream(0);
  for (int round = 0; round < 3; ++round) {
    while (!stream.full()) stream.expect(Answer::packet);
    for (std::size_t i = 0; i < AnswerStream::kMostExpected; ++i) {
      EXPECT_FALSE(stream.at_rest());
      stream.receive(ok());
      EXPECT_FALSE(stream.full());
    }
    EXPECT_TRUE(stream.at_rest());
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql
