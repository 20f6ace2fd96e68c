#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/framing.hpp"
#include "wire/pg/input_buffer.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;

TEST(PgErrorResponse, IsFramedWithItsFieldsInOrder) {
  EXPECT_EQ(error_response({"FATAL", "28000", "no", "because", "do"}),
            "E\0\0\0\x2BSFATAL\0VFATAL\0C28000\0Mno\0Dbecause\0Hdo\0\0"s);
  EXPECT_EQ(error_response({"ERROR", "0A000", "no", "", ""}), "E\0\0\0\x1ESERROR\0VERROR\0C0A000\0Mno\0\0"s);
}

TEST(PgErrorResponse, AlwaysHasACode) {
  EXPECT_EQ(error_response({"FATAL", "", "no", "", ""}), error_response({"FATAL", "XX000", "no", "", ""}));
}

TEST(PgErrorResponse, EndsATextAtItsNul) {
  EXPECT_EQ(error_response({"FATAL", "28000", "no\0Hforged"s, "a\0b"s, ""}),
            error_response({"FATAL", "28000", "no", "a", ""}));
}

TEST(PgErrorResponse, IsReadBack) {
  const std::string framed = error_response({"FATAL", "28P01", "no", "because", "do"});
  const auto fields = parse_error_response(std::string_view(framed).substr(5));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->severity, "FATAL");
  EXPECT_EQ(fields->sqlstate, "28P01");
  EXPECT_EQ(fields->message, "no");
  EXPECT_EQ(fields->detail, "because");
  EXPECT_EQ(fields->hint, "do");
}

TEST(PgErrorResponse, IsReadAsPostgresqlSendsIt) {
  const auto fields = parse_error_response(
      "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"a\"\0Fauth.c\0L334\0Rauth_failed\0\0"s);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->sqlstate, "28P01");
  EXPECT_EQ(fields->message, "password authentication failed for user \"a\"");
  EXPECT_EQ(fields->detail, "");
  EXPECT_EQ(fields->hint, "");
}

TEST(PgErrorResponse, TakesTheSeverityThatNobodyTranslates) {
  EXPECT_EQ(parse_error_response("SFATAL\0\0"s)->severity, "FATAL");
  EXPECT_EQ(parse_error_response("SERREUR\0\0"s)->severity, "ERREUR");
  EXPECT_EQ(parse_error_response("SFEHLER\0VERROR\0\0"s)->severity, "ERROR");
  EXPECT_EQ(parse_error_response("VERROR\0SFEHLER\0\0"s)->severity, "ERROR");
  EXPECT_EQ(parse_error_response("\0"s)->severity, "FATAL");
}

TEST(PgErrorResponse, IsRefusedAtEveryLengthButItsOwn) {
  const std::string body = error_response({"FATAL", "28P01", "no", "because", "do"}).substr(5);
  for (std::size_t length = 0; length < body.size(); ++length) {
    EXPECT_FALSE(parse_error_response(body.substr(0, length))) << length;
  }
  EXPECT_TRUE(parse_error_response(body));
  EXPECT_FALSE(parse_error_response(body + "x"));
  EXPECT_FALSE(parse_error_response(body + '\0'));
}

TEST(PgAuthenticationOk, IsNineBytes) { EXPECT_EQ(authentication_ok(), authentication(0)); }

TEST(PgReadyForQuery, IsSixBytes) { EXPECT_EQ(ready_for_query(), "Z\0\0\0\x05I"s); }

TEST(PgFrame, IsCompleteWithItsLastByte) {
  const std::string whole =
      "R\0\0\0\x07"
      "abc"s;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(frame_at_front(whole.substr(0, length), 100).state, Frame::State::incomplete) << length;
  }
  const std::string more = whole + "next";
  const Frame frame = frame_at_front(more, 7);
  EXPECT_EQ(frame.state, Frame::State::complete);
  EXPECT_EQ(frame.type, 'R');
  EXPECT_EQ(frame.body, "abc");
  EXPECT_EQ(frame.whole, whole);
  EXPECT_EQ(frame_at_front(msg('Z', ""), 4).state, Frame::State::complete);
}

TEST(PgFrame, IsMalformedWithAnImpossibleLength) {
  const auto state = [](std::uint32_t length) {
    return frame_at_front("R" + int32(length) + "abcdefgh", 8).state;
  };
  EXPECT_EQ(state(0), Frame::State::malformed);
  EXPECT_EQ(state(3), Frame::State::malformed);
  EXPECT_EQ(state(4), Frame::State::complete);
  EXPECT_EQ(state(8), Frame::State::complete);
  EXPECT_EQ(state(9), Frame::State::malformed);
  EXPECT_EQ(state(0x7FFFFFFF), Frame::State::malformed);
  EXPECT_EQ(state(0xFFFFFFFF), Frame::State::malformed);
}

TEST(PgFraming, CarriesInt32InNetworkOrder) {
  std::string bytes;
  append_int32(bytes, 0x80FF017F);
  EXPECT_EQ(bytes, "\x80\xFF\x01\x7F");
  EXPECT_EQ(int32_at_front(bytes + "x"), 0x80FF017FU);
}

TEST(PgInputBuffer, GivesWhatWasNotConsumed) {
  InputBuffer input;
  input.append("abc");
  input.consume(1);
  EXPECT_EQ(input.unread(), "bc");
  input.append("d");
  EXPECT_EQ(input.unread(), "bcd");
  input.consume(2);
  EXPECT_EQ(input.take(), "d");
  EXPECT_EQ(input.unread(), "");
  input.append("e");
  EXPECT_EQ(input.unread(), "e");
}

}  // namespace
}  // namespace rolegate::wire::pg
