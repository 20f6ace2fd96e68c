#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/question.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;
using Event = Question::Event;
using Row = std::vector<std::string>;

std::string int16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}
std::string cell(const std::string& value) { return int32(static_cast<std::uint32_t>(value.size())) + value; }
const std::string kNull = int32(0xFFFFFFFF);
std::string row(const std::vector<std::string>& cells) {
  std::string body = int16(cells.size());
  for (const std::string& each : cells) body += each;
  return msg('D', body);
}
const std::string kDescription = msg('T', int16(2) + "whatever");
const std::string kEnd = msg('C', text("SELECT 1")) + msg('Z', "I");
const std::string kMalformed = "The answer is no part of the protocol.";

struct Course {
  Event last = Event::more;
  Row row;
  std::string failure;
  bool operator==(const Course&) const = default;
};

Course run(const Pieces& pieces) {
  Question question("SELECT 1");
  EXPECT_EQ(question.take_output(), msg('Q', text("SELECT 1")));
  EXPECT_EQ(question.take_output(), "") << "each byte once";
  Course course;
  for (const std::string& piece : pieces) course.last = question.receive(piece);
  EXPECT_EQ(question.receive({}), course.last);
  course.row = question.row();
  course.failure = question.failure();
  return course;
}

/// The same, however it is cut.
Course run_split(const std::string& answer) {
  const Course whole = run({answer});
  for (const Pieces& way : splits({answer})) EXPECT_EQ(run(way), whole);
  return whole;
}

TEST(PgQuestion, KeepsTheFirstRow) {
  EXPECT_EQ(run_split(kDescription + row({cell("ada"), kNull}) + row({cell("bob"), cell("2")}) + kEnd),
            (Course{Event::answered, {"ada", ""}, ""}));
  EXPECT_EQ(run_split(kDescription + row({}) + row({cell("bob")}) + kEnd), (Course{Event::answered, {}, ""}));
  EXPECT_EQ(run_split(kDescription + kEnd), (Course{Event::answered, {}, ""}));
}

TEST(PgQuestion, PassesOverWhatMayComeInBetween) {
  const std::string between = notice("listen") + msg('S', text("TimeZone") + text("UTC")) + msg('A', "told");
  EXPECT_EQ(run_split(between + kDescription + between + row({cell("ada")}) + between + kEnd),
            (Course{Event::answered, {"ada"}, ""}));
}

TEST(PgQuestion, SaysWhatTheServerSays) {
  EXPECT_EQ(run_split(error("42501", "permission denied")),
            (Course{Event::failed, {}, "permission denied (SQLSTATE 42501)"}));
  EXPECT_EQ(run({kDescription + row({cell("ada")}) + error("57014", "canceled")}).last, Event::failed);
  EXPECT_EQ(run({msg('E', text("Mno code") + '\0')}).failure, "no code");
}

TEST(PgQuestion, RefusesWhatIsNoAnswer) {
  for (const std::string& answer :
       {msg('G', ""), msg('R', int32(0)), msg('E', "x"), "D"s + int32(3),
        "D"s + int32(Question::kMaxMessage + 1), msg('D', ""), msg('D', "\0"s), msg('D', int16(1)),
        msg('D', int16(1) + int32(2) + "x"), msg('D', int16(1) + cell("x") + "y"), msg('D', int16(0xFFFF))}) {
    EXPECT_EQ(run_split(answer).failure, kMalformed);
  }
}

TEST(PgQuestion, BoundsTheAnswer) {
  const std::string most = row({cell(std::string(Question::kMaxMessage - 10, 'x'))});
  Question question("SELECT 1");
  std::size_t received = 0;
  while (received + most.size() <= Question::kMaxAnswer) {
    EXPECT_EQ(question.receive(most), Event::more);
    received += most.size();
  }
  EXPECT_EQ(question.receive(most), Event::failed);
  EXPECT_EQ(question.failure(), "The answer is too long.");
  EXPECT_EQ(question.receive(most), Event::failed);
}

}  // namespace
}  // namespace rolegate::wire::pg
