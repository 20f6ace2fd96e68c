#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/mysql_bytes.hpp"
#include "wire/mysql/question.hpp"

namespace rolegate::wire::mysql {
namespace {

using Event = Question::Event;
using Row = std::vector<std::string>;

const std::string kMalformed = "The answer is no part of the protocol.";
const std::string kEof = "\xFE\0\0\2\0"s;
const std::string kColumn = "\3def"s;

/// Packets one after the other, as the answer to a command.
std::string answer(const std::vector<std::string>& payloads) {
  std::string bytes;
  int sequence = 1;
  for (const std::string& payload : payloads) bytes += packet(sequence++, payload);
  return bytes;
}
std::string error(std::uint16_t code, const std::string& message) {
  return "\xFF"s + le(code, 2) + "#42000" + message;
}

struct Course {
  Event last = Event::more;
  Row row;
  std::string failure;
  bool operator==(const Course&) const = default;
};

Course run(const std::string& bytes, std::size_t piece) {
  Question question("SELECT 1");
  EXPECT_EQ(question.take_output(), packet(0, "\3SELECT 1"));
  EXPECT_EQ(question.take_output(), "") << "each byte once";
  Course course;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    course.last = question.receive(bytes.substr(at, piece));
  EXPECT_EQ(question.receive({}), course.last);
  course.row = question.row();
  course.failure = question.failure();
  return course;
}

/// The same, however it is cut: byte by byte, and in two at each place.
Course run_split(const std::string& bytes) {
  const Course whole = run(bytes, bytes.size());
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(run(bytes, piece), whole) << piece;
  return whole;
}

TEST(MysqlQuestion, KeepsTheFirstRow) {
  EXPECT_EQ(run_split(answer({"\2", kColumn, kColumn, kEof, "\3ada\xFB",
                              "\3bob\1"
                              "2",
                              kEof})),
            (Course{Event::answered, {"ada", ""}, ""}));
  EXPECT_EQ(run_split(answer({"\1", kColumn, kEof, kEof})), (Course{Event::answered, {}, ""}));
  EXPECT_EQ(run_split(answer({ok_payload()})), (Course{Event::answered, {}, ""}));
}

TEST(MysqlQuestion, TellsALongRowFromTheEnd) {
  const std::string text(300, 'x');
  EXPECT_EQ(run_split(answer({"\1", kColumn, kEof, "\xFE" + le(text.size(), 8) + text, kEof})),
            (Course{Event::answered, {text}, ""}));
}

TEST(MysqlQuestion, SaysWhatTheServerSays) {
  EXPECT_EQ(run_split(answer({error(1142, "denied")})),
            (Course{Event::failed, {}, "denied (error 1142, SQLSTATE 42000)"}));
  EXPECT_EQ(run_split(answer({"\1", kColumn, kEof, "\3ada", error(1317, "interrupted")})).failure,
            "interrupted (error 1317, SQLSTATE 42000)");
}

TEST(MysqlQuestion, RefusesWhatIsNoAnswer) {
  for (const std::string& bytes :
       {answer({""}),
        answer({"\xFB"
                "/etc/passwd"}),
        answer({"\1x"}), answer({"\xFC\1\x10"s}), answer({"\xFF"s}), packet(0, "\1"), packet(2, "\1"),
        answer({"\1", kColumn, kColumn}), answer({"\1", kColumn, kEof, "\3ad"}),
        answer({"\1", kColumn, kEof, "\3adax"}), answer({"\2", kColumn, kColumn, kEof, "\3ada"}),
        le(Question::kMaxPacket + 1, 3) + "\1"}) {
    EXPECT_EQ(run_split(bytes).failure, kMalformed) << testing::PrintToString(bytes);
  }
}

TEST(MysqlQuestion, BoundsTheAnswer) {
  Question question("SELECT 1");
  EXPECT_EQ(question.receive(answer({"\1", kColumn, kEof})), Event::more);
  int sequence = 4;
  const std::string most = "\xFD" + le(65'000, 3) + std::string(65'000, 'x');
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(question.receive(packet(sequence++, most)), Event::more);
  EXPECT_EQ(question.receive(packet(sequence++, most)), Event::more);
  EXPECT_EQ(question.receive(packet(sequence++, most)), Event::failed);
  EXPECT_EQ(question.failure(), "The answer is too long.");
  EXPECT_EQ(question.receive("x"), Event::failed);
}

}  // namespace
}  // namespace rolegate::wire::mysql
