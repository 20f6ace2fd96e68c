#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/session_state.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;

enum class Side { client, server };
enum class Is { at_rest, busy };

/// One message, and how the session stands behind it.
struct Step {
  Side from;
  std::string bytes;
  Is then = Is::busy;
};
using Conversation = std::vector<Step>;

Step asks(std::string bytes, Is then = Is::busy) { return {Side::client, std::move(bytes), then}; }
Step says(std::string bytes, Is then = Is::busy) { return {Side::server, std::move(bytes), then}; }

const std::string kReady = msg('Z', "I");
const std::string kSync = msg('S', "");
const std::string kParse = msg('P', text("") + text("SELECT 1") + std::string(2, '\0'));
const std::string kBind = msg('B', std::string(8, '\0'));
const std::string kExecute = msg('E', text("") + int32(0));
const std::string kParsed = msg('1', "");
const std::string kBound = msg('2', "");
const std::string kComplete = msg('C', text("SELECT 1"));
const std::string kCopyIn = msg('G', std::string("\0\0\1\0\0", 5));
const std::string kCopyOut = msg('H', std::string("\0\0\1\0\0", 5));
const std::string kCopyDone = msg('c', "");
const std::string kCopyFail = msg('f', text("changed my mind"));
const std::string kCopyFailed = error("22P02", "invalid input syntax");

std::string query(const std::string& sql) { return msg('Q', text(sql)); }
/// A value that imitates a ReadyForQuery, and one of an ErrorResponse's header.
std::string copy_data() { return msg('d', "1\t" + kReady + "E" + int32(8) + "\n" + kReady); }
std::string data_row() { return msg('D', "\0\1"s + int32(6) + kReady); }

void feed(SessionState& state, Side from, std::string_view bytes) {
  if (from == Side::client) {
    state.from_client(bytes);
  } else {
    state.from_server(bytes);
  }
}

/// Whole, and cut in two at each place of each message: between the two pieces nothing is ever at rest.
void check(const Conversation& conversation) {
  SessionState whole;
  for (std::size_t i = 0; i < conversation.size(); ++i) {
    const Step& step = conversation[i];
    const SessionState before = whole;
    feed(whole, step.from, step.bytes);
    EXPECT_EQ(whole.at_rest(), step.then == Is::at_rest) << "behind message " << i << ", " << step.bytes;
    for (std::size_t at = 1; at < step.bytes.size(); ++at) {
      SessionState cut = before;
      feed(cut, step.from, std::string_view(step.bytes).substr(0, at));
      EXPECT_FALSE(cut.at_rest()) << "message " << i << " cut at " << at;
      feed(cut, step.from, std::string_view(step.bytes).substr(at));
      EXPECT_EQ(cut.at_rest(), whole.at_rest()) << "message " << i << " cut at " << at;
    }
  }
}

Conversation everyday() {
  return {
      asks(query("SELECT 1")),
      says(msg('T', std::string(24, '\0'))),
      says(data_row()),
      says(data_row()),
      says(kComplete),
      says(kReady, Is::at_rest),
      says(notice("hello"), Is::at_rest),
      says(msg('S', text("TimeZone") + text("UTC")), Is::at_rest),
      says(msg('A', int32(7) + text("news") + text("Z")), Is::at_rest),
      // An error inside of a transaction
      asks(query("SELEC")),
      says(error("42601", "syntax error")),
      says(msg('Z', "E"), Is::at_rest),
      // The extended query, with a Flush first
      asks(kParse),
      asks(msg('H', "")),
      says(kParsed),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      says(kBound),
      says(data_row()),
      says(msg('s', "")),
      says(msg('Z', "T"), Is::at_rest),
      // A pipeline of two, answered together
      asks(kParse),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      says(kParsed),
      says(kBound),
      says(kComplete),
      says(kReady),
      says(kBound),
      says(kComplete),
      says(kReady, Is::at_rest),
      // A Sync alone, a FunctionCall, an empty Query
      asks(kSync),
      says(kReady, Is::at_rest),
      asks(msg('F', std::string(8, '\0'))),
      says(msg('V', int32(0xFFFFFFFF))),
      says(kReady, Is::at_rest),
      asks(query("")),
      says(msg('I', "")),
      says(kReady, Is::at_rest),
      // COPY out and in
      asks(query("COPY t TO STDOUT")),
      says(kCopyOut),
      says(copy_data()),
      says(kCopyDone),
      says(kComplete),
      says(kReady, Is::at_rest),
      asks(query("COPY t FROM STDIN; COPY t FROM STDIN")),
      says(kCopyIn),
      asks(copy_data()),
      asks(kSync),
      asks(kCopyDone),
      says(kComplete),
      says(kCopyIn),
      asks(copy_data()),
      asks(kCopyFail),
      says(kCopyFailed),
      says(kReady, Is::at_rest),
  };
}

TEST(PgSessionState, FollowsAConversationHoweverItIsCut) { check(everyday()); }

TEST(PgSessionState, AgreesByteByByteAndInLongPieces) {
  // What one side says without the other in between, as a piece of its own, cut at each place.
  std::vector<Step> pieces;
  for (const Step& step : everyday()) {
    if (!pieces.empty() && pieces.back().from == step.from) {
      pieces.back().bytes += step.bytes;
      pieces.back().then = step.then;
    } else {
      pieces.push_back(step);
    }
  }
  SessionState in_bytes;
  SessionState in_pieces;
  for (const Step& piece : pieces) {
    const SessionState before = in_pieces;
    feed(in_pieces, piece.from, piece.bytes);
    EXPECT_EQ(in_pieces.at_rest(), piece.then == Is::at_rest);
    for (const char& byte : piece.bytes) feed(in_bytes, piece.from, {&byte, 1});
    EXPECT_EQ(in_bytes.at_rest(), in_pieces.at_rest());
    for (std::size_t at = 1; at < piece.bytes.size(); ++at) {
      SessionState cut = before;
      feed(cut, piece.from, std::string_view(piece.bytes).substr(0, at));
      feed(cut, piece.from, std::string_view(piece.bytes).substr(at));
      EXPECT_EQ(cut.at_rest(), in_pieces.at_rest()) << piece.bytes << " cut at " << at;
    }
  }
}

TEST(PgSessionState, IsAtRestInTheBeginning) { EXPECT_TRUE(SessionState().at_rest()); }

// libpq, and others, send the Sync of the extended query before they know that it is a COPY, and one more
// behind it; the server passes over the first.
TEST(PgSessionState, CountsNoSyncThatLiesInsideACopy) {
  check({
      asks(kParse),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      says(kParsed),
      says(kBound),
      says(kCopyIn),
      asks(copy_data()),
      asks(kSync),
      asks(kCopyDone),
      says(kComplete),  // as far as the client has come, the query still wants its Sync
      asks(kSync),
      says(kReady, Is::at_rest),
      asks(query("SELECT 1")),
      says(kComplete),
      says(kReady, Is::at_rest),
  });
  check({
      asks(kParse),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      says(kParsed),
      says(kBound),
      says(kCopyIn),
      asks(copy_data()),
      asks(kCopyDone),
      asks(kSync),
      says(kComplete),
      says(kReady, Is::at_rest),
  });
}

// Has the server read that Sync before the COPY failed, or does a ReadyForQuery follow for it?
TEST(PgSessionState, IsInDoubtWhenACopyFailsAroundASync) {
  check({
      asks(kParse),
      asks(kBind),
      asks(kExecute),
      asks(kSync),
      says(kParsed),
      says(kBound),
      says(kCopyIn),
      asks(copy_data()),
      says(kCopyFailed),
      asks(kCopyDone),
      asks(kSync),
      says(kReady),
      says(kReady),
  });
}

TEST(PgSessionState, KnowsWhatFollowsACopyThatFails) {
  check({
      asks(query("COPY t FROM STDIN")),
      says(kCopyIn),
      asks(copy_data()),
      says(kCopyFailed),
      asks(copy_data()),
      asks(kCopyDone),  // too late: passed over
      says(kReady, Is::at_rest),
      asks(query("COPY t FROM STDIN")),
      says(kCopyIn),
      says(kCopyFailed),
      says(kReady, Is::at_rest),
      asks(kCopyFail, Is::at_rest),  // later still
      asks(query("COPY t FROM STDIN")),
      says(kCopyIn),
      asks(kCopyDone),
      says(kComplete),
      says(kReady, Is::at_rest),
  });
  check({
      asks(kParse),
      asks(kBind),
      asks(kExecute),
      asks(msg('H', "")),
      says(kParsed),
      says(kBound),
      says(kCopyIn),
      says(kCopyFailed),
      asks(kSync),
      says(kReady, Is::at_rest),
  });
}

/// As asyncpg does: a statement is prepared with a Flush, and a simple query follows.
TEST(PgSessionState, CountsAQueryBehindAnExtendedOneWithoutSync) {
  check({
      asks(kParse),
      asks(msg('H', "")),
      says(kParsed),
      asks(query("SELECT 1")),
      says(kComplete),
      says(kReady, Is::at_rest),
      asks(query("SELEC")),
      says(error("42601", "syntax error")),
      says(kReady, Is::at_rest),
  });
}

TEST(PgSessionState, IsNeverAtRestAgainWhenInDoubt) {
  const Conversation ends[] = {
      {says(error("57P01", "terminating connection"))},  // the server's own last words
      {says(kReady)},                                    // that nobody asked for
      {says(data_row())},                                // likewise
      {asks(msg('p', text("secret")))},                  // no message of a session
      {asks("Q" + int32(3))},                            // no length
      // Two kinds of query mixed: whose COPY is it?
      {asks(kParse + kBind + kExecute), asks(query("COPY t FROM STDIN")), says(kParsed + kBound + kComplete),
       says(kCopyIn), asks(kCopyDone + kSync), says(kComplete), says(kReady)},
      // A Query behind an extended query that failed is passed over
      {asks(kParse), asks(query("SELECT 1")), says(error("42601", "syntax error")), says(kReady)},
      {asks(query("COPY t FROM STDIN")), asks(kCopyDone), says(kCopyIn), says(kComplete), says(kReady)},
      {asks(query("COPY t FROM STDIN")), says(kCopyIn), asks(query("SELECT 1")), says(kCopyFailed),
       says(kReady)},
      {asks(query("COPY t FROM STDIN")), says(kCopyIn), says(kComplete), says(kReady)},
  };
  for (const Conversation& end : ends) {
    SessionState state;
    for (const Step& step : end) feed(state, step.from, step.bytes);
    EXPECT_FALSE(state.at_rest());
    feed(state, Side::client, query("SELECT 1"));
    feed(state, Side::server, kComplete + kReady);
    EXPECT_FALSE(state.at_rest()) << end.back().bytes;
  }
}

TEST(PgSessionState, KnowsWhetherAnAnswerHasBegun) {
  SessionState state;
  EXPECT_TRUE(state.between_answers());
  state.from_client(query("SELECT 1") + query("SELECT 2").substr(0, 3));
  EXPECT_TRUE(state.between_answers()) << "the first word of an answer may be an error";
  state.from_server(notice("hello"));
  EXPECT_TRUE(state.between_answers());
  const std::string answer = msg('T', std::string(24, '\0')) + data_row() + kCopyIn + kComplete;
  for (std::size_t size = 1; size <= answer.size(); ++size) {
    SessionState in_the_middle = state;
    in_the_middle.from_server(std::string_view(answer).substr(0, size));
    EXPECT_FALSE(in_the_middle.between_answers()) << size;
  }
  state.from_server(answer + kReady.substr(0, 5));
  EXPECT_FALSE(state.between_answers());
  state.from_server(kReady.substr(5));
  EXPECT_TRUE(state.between_answers());
  EXPECT_FALSE(state.at_rest());
  state.from_server(error("57P01", "terminating connection"));
  EXPECT_FALSE(state.between_answers()) << "the server has said its last words";
}

// Either side speaks when it likes until both have said CopyDone.
TEST(PgSessionState, IsNotAtRestWhileItReplicates) {
  check({
      asks(query("START_REPLICATION SLOT s LOGICAL 0/0")),
      says(msg('W', std::string("\0\0\0", 3))),
      says(copy_data()),
      asks(copy_data()),
      asks(kCopyDone),
      says(copy_data()),
      says(kCopyDone),
      says(kComplete),
      says(kReady, Is::at_rest),
  });
}

TEST(PgSessionState, HearsTheGoodbyeAsAWholeMessageOnly) {
  const std::string terminate = msg('X', "");
  SessionState state;
  // Its bytes as the end of a value
  state.from_client(query("SELECT 'a" + terminate));
  EXPECT_FALSE(state.said_goodbye());
  state.from_client(terminate.substr(0, 4));
  EXPECT_FALSE(state.said_goodbye());
  state.from_client(terminate.substr(4));
  EXPECT_TRUE(state.said_goodbye());

  SessionState copying;
  copying.from_client(query("COPY t FROM STDIN"));
  copying.from_server(kCopyIn);
  copying.from_client(msg('d', terminate));
  EXPECT_FALSE(copying.said_goodbye());
  copying.from_client(terminate);
  EXPECT_TRUE(copying.said_goodbye());
}

}  // namespace
}  // namespace rolegate::wire::pg
