#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/command_stream.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {
namespace {

/// Gateway's ids 1000 … 1999 are the server's 7 …; from 3000 to 3999, they are another server's.
std::optional<CommandStream::Killable> servers_id(std::uint32_t id) {
  if (id >= 3000 && id < 4000) return CommandStream::Killable{};
  if (id < 1000 || id >= 2000) return std::nullopt;
  return CommandStream::Killable{id - 993};
}

std::string query(std::string_view text) { return packet(0, "\x03" + std::string(text)); }
std::string prepare(std::string_view text) { return packet(0, "\x16" + std::string(text)); }
std::string process_kill(std::uint32_t id) { return packet(0, "\x0C" + le(id, 4)); }
std::string change_user() {
  return packet(0,
                "\x11"
                "bob\0\x14"
                "01234567890123456789db\0"s);
}
/// An OK packet, and the answer to a COM_STMT_PREPARE without columns and parameters.
std::string done() { return packet(1, std::string(12, '\0')); }
std::string wants_file() { return packet(1, "\xFB/tmp/file"); }

/// A client's side of a session, with what the server says in between.
class Session {
 public:
  /// What the server gets of it; what is not taken stays in left(), a COM_CHANGE_USER and what is behind it.
  void client_says(std::string_view bytes) {
    left_ += bytes;
    std::string_view input = left_;
    while (!input.empty() && !changes_user_) {
      const auto passed = commands.pass(input);
      EXPECT_LE(passed.as_is.size(), passed.consumed);
      EXPECT_TRUE(passed.as_is.empty() || passed.as_is.data() == input.data()) << "no prefix of the input";
      EXPECT_LE(passed.consumed, input.size());
      to_server += std::string(passed.as_is) + passed.instead;
      input.remove_prefix(passed.consumed);
      if (auto beginning = commands.take_change_user()) {
        changes_user_ = true;
        left_ = *beginning + std::string(input);
        return;
      }
      if (passed.consumed == 0) break;
    }
    left_ = std::string(input);
  }
  void server_says(std::string_view bytes) {
    answers.receive(bytes);
    client_says({});
  }
  /// Everything that was asked.
  void server_answers() {
    while (!answers.at_rest() && !answers.in_doubt()) {
      ASSERT_FALSE(answers.wants_file());
      server_says(done());
    }
  }
  [[nodiscard]] const std::string& left() const { return left_; }
  [[nodiscard]] bool changes_user() const { return changes_user_; }

  AnswerStream answers{0};
  CommandStream commands{servers_id, answers};
  std::string to_server;

 private:
  std::string left_;
  bool changes_user_ = false;
};

/// Sends `bytes` in pieces to a server that answers everything.
std::string filtered(std::string_view bytes, std::size_t piece = std::string::npos) {
  Session session;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    session.client_says(bytes.substr(0, piece));
    session.server_answers();
  }
  EXPECT_TRUE(session.commands.between_packets());
  return session.to_server;
}

TEST(MysqlCommandStream, PassesOrdinaryCommandsUncopied) {
  const std::string stream = query("SELECT 1") + packet(0, "\x0E") + query(std::string(5000, 'x')) +
                             packet(0, "\x16SELECT ?") + packet(0, "\x02shop") + packet(0, "\x01");
  Session session;
  const auto passed = session.commands.pass(stream);
  EXPECT_EQ(passed.as_is.data(), stream.data());
  EXPECT_EQ(passed.as_is.size(), stream.size());
  EXPECT_EQ(passed.consumed, stream.size());
  EXPECT_EQ(passed.instead, "");
}

TEST(MysqlCommandStream, PassesTheMiddleOfALongCommandUncopied) {
  const std::string stream = query(std::string(100'000, 'x'));
  Session session;
  EXPECT_EQ(session.commands.pass(stream.substr(0, 50)).consumed, 50U);
  const std::string middle = stream.substr(50, 60'000);
  EXPECT_EQ(session.commands.pass(middle).as_is.data(), middle.data());
}

TEST(MysqlCommandStream, PutsIdsIntoTheServersTerms) {
  EXPECT_EQ(filtered(process_kill(1005)), process_kill(12));
  EXPECT_EQ(filtered(query("KILL 1000")), query("KILL 7"));
  EXPECT_EQ(filtered(query("/* c */ kill query 1999;")), query("/* c */ kill query 1006;"));
  EXPECT_EQ(filtered(query("SELECT 1000; KILL 1000; KILL (5); KILL QUERY (1999); SELECT 1")),
            query("SELECT 1000; KILL 7; KILL (5); KILL QUERY (1006); SELECT 1"));
  EXPECT_EQ(filtered(prepare("KILL 1000")), prepare("KILL 7"));
  EXPECT_EQ(filtered(query("EXECUTE IMMEDIATE 'KILL 1000'")), query("EXECUTE IMMEDIATE 'KILL 7'"));
}

/// The server then says which id to use.
TEST(MysqlCommandStream, HasTheServerRefuseAKillThatCannotBePutIntoItsTerms) {
  const std::string refusal = query(
      "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1094, MESSAGE_TEXT = 'KILL takes the gateway''s connection "
      "id as a plain number only; elsewhere, use the id of SELECT CONNECTION_ID()'");
  for (const std::string& text : {"KILL 1000+0"s, "SELECT 1; KILL QUERY '1000'"s, "KILL 1001; KILL 1000+0"s,
                                  "EXECUTE IMMEDIATE 'KILL ?' USING 1000"s}) {
    EXPECT_EQ(filtered(query(text)), refusal) << text;
    EXPECT_EQ(filtered(prepare(text)), refusal) << text;
  }
  EXPECT_EQ(filtered(query("KILL 5+0")), query("KILL 5+0")) << "the server's own";
}

TEST(MysqlCommandStream, HasTheServerRefuseAKillOfAnotherServersConnection) {
  const std::string refusal = query(
      "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1094, MESSAGE_TEXT = 'The connection with this id is on "
      "another "
      "server of the database, which KILL does not reach from here'");
  EXPECT_EQ(filtered(process_kill(3000)), refusal);
  for (const char* text : {"KILL 3000", "KILL QUERY 3999", "SELECT 1; KILL (3000)", "KILL 1000; KILL 3000",
                           "EXECUTE IMMEDIATE 'KILL 3000'"}) {
    EXPECT_EQ(filtered(query(text)), refusal) << text;
    EXPECT_EQ(filtered(prepare(text)), refusal) << text;
  }
  EXPECT_EQ(filtered(query("KILL 3000+0")), filtered(query("KILL 1000+0")));
  EXPECT_EQ(filtered(query("KILL 4000")), query("KILL 4000"));
}

TEST(MysqlCommandStream, LeavesIdsItDoesNotKnow) {
  for (const std::string& same : {process_kill(5), query("KILL 5"), query("KILL QUERY 2000"),
                                  packet(0, "\x0C\xE8\x03"), packet(0, "\x0C" + le(1000, 4) + "x")}) {
    EXPECT_EQ(filtered(same), same);
  }
}

/// Of a statement with one parameter.
std::string prepared(std::uint32_t id) {
  return packet(1, "\0"s + le(id, 4) + le(0, 2) + le(1, 2) + "\0\0\0"s) + packet(2, "a definition") +
         packet(3, "\xFE\0\0\2\0"s);
}
std::string execute(std::uint32_t statement, std::uint32_t value) {
  return packet(0, "\x17" + le(statement, 4) + "\0\1\0\0\0\0\1\x08\0"s + le(value, 4) + "\0\0\0\0"s);
}

TEST(MysqlCommandStream, HasTheServerRefuseAPreparedKillOfAnIdItDoesNotKnow) {
  const std::string refusal = filtered(query("KILL 1000+0"));
  Session session;
  const auto passes = [&](const std::string& bytes, const std::string& passed) {
    session.to_server.clear();
    session.client_says(bytes);
    EXPECT_EQ(session.to_server, passed);
    session.server_answers();
  };
  session.client_says(prepare("INSERT INTO log VALUES (?)") + prepare("KILL QUERY ?"));
  session.server_says(prepared(1) + prepared(2));
  EXPECT_TRUE(session.answers.at_rest());
  passes(execute(1, 1000), execute(1, 1000));
  passes(execute(2, 5), execute(2, 5));  // the server's own
  passes(execute(2, 1000), refusal);
  passes(execute(2, 3000), refusal);  // another server's
  passes(execute(2, 1000).substr(0, 20), "");
  passes(execute(2, 1000).substr(20), refusal);
  passes(packet(0, "\x1F"), packet(0, "\x1F"));
  passes(execute(2, 1000), execute(2, 1000));  // another statement now
}

TEST(MysqlCommandStream, LooksAtShortQueriesOnly) {
  const auto padded = [](std::size_t size) { return "KILL 1000" + std::string(size - 9, ' '); };
  EXPECT_EQ(filtered(query(padded(kMaxKill))), query("KILL 7" + std::string(kMaxKill - 9, ' ')));
  EXPECT_EQ(filtered(query(padded(kMaxKill)), 20), query("KILL 7" + std::string(kMaxKill - 9, ' ')));
  const std::string longer = query(padded(kMaxKill + 1));
  EXPECT_EQ(filtered(longer), longer);
}

TEST(MysqlCommandStream, EndsAtAChangeOfUser) {
  for (const std::string& change : {change_user(), packet(0, "\x11"), le(0xFFFFFF, 3) + "\0\x11"s}) {
    Session session;
    session.client_says(change + query("SELECT 2"));
    EXPECT_TRUE(session.changes_user());
    EXPECT_EQ(session.to_server, "");
    EXPECT_EQ(session.left(), change + query("SELECT 2"));
    EXPECT_FALSE(session.commands.take_change_user()) << "once";
  }
}

TEST(MysqlCommandStream, KeepsAChangeOfUserUntilEverythingBeforeItIsAnswered) {
  const std::string before = packet(0, "\x0E") + query("SELECT 1") + packet(0, "\x19" + le(1, 4));
  for (std::size_t piece = 1; piece < 40; ++piece) {
    Session session;
    const std::string all = before + change_user() + query("SELECT 2");
    for (std::size_t at = 0; at < all.size(); at += piece) session.client_says(all.substr(at, piece));
    EXPECT_EQ(session.to_server, before) << piece;
    const std::string answers = done() + done();
    for (const char byte : answers) {
      EXPECT_FALSE(session.changes_user());
      session.server_says({&byte, 1});
    }
    EXPECT_TRUE(session.changes_user());
    EXPECT_EQ(session.to_server, before) << piece;
    EXPECT_EQ(session.left(), change_user() + query("SELECT 2")) << piece;
  }
}

TEST(MysqlCommandStream, LetsNothingOfAChangeOfUserPassHoweverItIsCut) {
  const std::string all = query("SELECT 1") + change_user();
  for (std::size_t at = 1; at < all.size(); ++at) {
    Session session;
    session.client_says(all.substr(0, at));
    session.server_answers();
    session.client_says(all.substr(at));
    session.server_answers();
    EXPECT_TRUE(session.changes_user()) << at;
    EXPECT_EQ(session.to_server, query("SELECT 1")) << at;
    EXPECT_EQ(session.left(), change_user()) << at;
  }
}

TEST(MysqlCommandStream, IsInsideAPacketWhileAChangeOfUserWaits) {
  // What was sent ahead of a file's content: none of it may count as such.
  for (const std::size_t piece : {1U, 3U, 100U}) {
    Session session;
    const std::string all = query("LOAD DATA LOCAL …") + change_user();
    for (std::size_t at = 0; at < all.size(); at += piece) session.client_says(all.substr(at, piece));
    EXPECT_FALSE(session.commands.between_packets()) << piece;
    EXPECT_FALSE(session.changes_user());
  }
}

TEST(MysqlCommandStream, ChangesNoUserWhoHasSaidGoodbye) {
  Session session;
  session.client_says(packet(0, "\x01") + change_user());
  EXPECT_FALSE(session.changes_user());
  EXPECT_EQ(session.to_server, packet(0, "\x01"));
  EXPECT_EQ(session.left(), change_user());
}

TEST(MysqlCommandStream, PassesCommandsOf16MbAndMore) {
  // What follows 2^24-1 bytes belongs to them, however much it looks like a command of its own.
  for (const std::size_t size : {0xFFFFFFUL, 0xFFFFFFUL + 5}) {
    std::string stream = framed(0, "\x03" + std::string(size - 1, '\x11'));
    const std::size_t second = 4 + 0xFFFFFF;
    stream[second + 3] = 0;  // a sequence id such as a command has
    Session session;
    session.client_says(stream + change_user());
    EXPECT_TRUE(session.to_server == stream);
    session.server_answers();
    EXPECT_TRUE(session.changes_user());
    EXPECT_EQ(session.left(), change_user());
  }
}

TEST(MysqlCommandStream, TakesNoMoreThanIsFollowed) {
  Session session;
  std::string pings;
  for (std::size_t i = 0; i < AnswerStream::kMostExpected; ++i) pings += packet(0, "\x0E");
  session.client_says(pings + query("SELECT 1"));
  EXPECT_EQ(session.to_server, pings);
  EXPECT_EQ(session.left(), query("SELECT 1"));
  session.client_says(query("SELECT 2").substr(0, 3));
  EXPECT_EQ(session.to_server, pings);
  session.server_says(done());
  EXPECT_EQ(session.to_server, pings + query("SELECT 1"));
  EXPECT_EQ(session.left(), query("SELECT 2").substr(0, 3)) << "in its turn";
  session.server_says(done());
  session.client_says(query("SELECT 2").substr(3));
  EXPECT_EQ(session.to_server, pings + query("SELECT 1") + query("SELECT 2"));
}

TEST(MysqlCommandStream, TakesACommandOnInItsTurnHoweverItWasCut) {
  std::string pings;
  for (std::size_t i = 0; i < AnswerStream::kMostExpected; ++i) pings += packet(0, "\x0E");
  for (std::size_t at = 1; at < 5; ++at) {
    Session session;
    const std::string last = packet(0, "\x0E");
    session.client_says(pings + last.substr(0, at));
    session.client_says(last.substr(at));
    EXPECT_EQ(session.to_server, pings);
    session.server_says(done());
    EXPECT_EQ(session.to_server, pings + last) << at;
  }
}

TEST(MysqlCommandStream, CommandsWithoutAnAnswerAreNotWaitedFor) {
  std::string closes;
  for (int i = 0; i < 200; ++i)
    closes += packet(0, "\x19" + le(1, 4)) + packet(0, "\x18" + le(1, 4) + "\0\0xyz"s);
  Session session;
  session.client_says(closes);
  EXPECT_EQ(session.to_server, closes);
  EXPECT_TRUE(session.answers.at_rest());
}

TEST(MysqlCommandStream, KnowsAGoodbye) {
  Session session;
  EXPECT_FALSE(session.commands.said_quit());
  session.client_says(packet(0, "\x01").substr(0, 4));
  EXPECT_FALSE(session.commands.said_quit());
  session.client_says("\x01");
  EXPECT_TRUE(session.commands.said_quit());
  EXPECT_TRUE(session.answers.at_rest());
  session.client_says(query("data that ends like one: \1\0\0\0\1"s));
  EXPECT_FALSE(session.commands.said_quit());
}

/// A file's content that looks like commands, sequence id and all.
std::string file_packets(int first_sequence, int count) {
  std::string stream;
  for (int i = 0; i < count; ++i) {
    stream += i % 3 == 0 ? packet((first_sequence + i) % 256, "\x03KILL 1000")
                         : packet((first_sequence + i) % 256, i % 3 == 1 ? "\x11" : "\x01");
  }
  return stream + packet((first_sequence + count) % 256, "");
}

TEST(MysqlCommandStream, TakesNothingInAFileForACommand) {
  for (int first = 0; first < 3; ++first) {
    for (int count = 0; count < 300; count += 7) {
      Session session;
      session.client_says(query("LOAD DATA LOCAL …"));
      session.server_says(wants_file());
      session.to_server.clear();
      const std::string file = file_packets(first, count);
      session.client_says(file);
      EXPECT_EQ(session.to_server, file);
      EXPECT_FALSE(session.commands.said_quit());
      session.server_says(done());
      session.client_says(change_user());
      EXPECT_EQ(session.to_server, file);
      EXPECT_TRUE(session.changes_user()) << "a command again";
    }
  }
}

TEST(MysqlCommandStream, TakesNothingForACommandInTheSecondFileOfAQuery) {
  const std::string more = packet(1, "\0\0\0\x0A\0\0\0"s);
  Session session;
  session.client_says(query("LOAD DATA LOCAL …; LOAD DATA LOCAL …"));
  session.server_says(wants_file());
  session.client_says(file_packets(2, 0));
  session.server_says(more + wants_file());
  session.to_server.clear();
  session.client_says(file_packets(0, 5));
  EXPECT_EQ(session.to_server, file_packets(0, 5));
  session.server_says(done());
  EXPECT_TRUE(session.answers.at_rest());
}

TEST(MysqlCommandStream, PassesAFileInPacketsOf16Mb) {
  Session session;
  session.client_says(query("LOAD DATA LOCAL …"));
  session.server_says(wants_file());
  session.to_server.clear();
  // The empty packet behind 2^24-1 bytes is their end, and not the file's.
  const std::string file =
      packet(255, std::string(0xFFFFFF, 'x')) + packet(0, "") + packet(1, "\x11") + packet(2, "");
  session.client_says(file);
  EXPECT_TRUE(session.to_server == file);
  session.server_says(done());
  EXPECT_TRUE(session.answers.at_rest());
}

TEST(MysqlCommandStream, LetsNoChangeUserPassWhenInDoubt) {
  Session session;
  session.client_says(packet(0, "\x12 COM_BINLOG_DUMP") + packet(0, "\xEF an acknowledgement"));
  EXPECT_TRUE(session.answers.in_doubt());
  EXPECT_EQ(session.left(), "");
  session.to_server.clear();
  session.client_says(change_user() + query("SELECT 1"));
  EXPECT_EQ(session.to_server, "");
  EXPECT_EQ(session.left(), change_user() + query("SELECT 1"));
  EXPECT_TRUE(session.commands.is_stuck());
  EXPECT_FALSE(session.changes_user());
}

/// What is said in turns, and what the server gets of it.
struct Script {
  std::vector<std::pair<bool, std::string>> turns;  ///< the client's, or the server's
  std::string to_server;

  void client(const std::string& bytes, const std::string& passed) {
    turns.emplace_back(true, bytes);
    to_server += passed;
  }
  void client(const std::string& bytes) { client(bytes, bytes); }
  void server(const std::string& bytes) { turns.emplace_back(false, bytes); }
  void change(const std::string& bytes) {
    client(bytes, "");
    server(done());  // of the new session
  }
};

void add_something(Script& script, std::mt19937& random) {
  const auto below = [&](unsigned bound) { return static_cast<std::size_t>(random() % bound); };
  switch (below(7)) {
    case 0:
      return script.change(change_user());
    case 1:
      script.client(query("KILL 1234"), query("KILL 241"));
      break;
    case 2:
      script.client(process_kill(1100), process_kill(107));
      break;
    case 3: {
      const auto count = static_cast<int>(below(6));
      script.client(query("LOAD"));
      script.server(wants_file());
      script.client(file_packets(static_cast<int>(below(3)), count));
      break;
    }
    case 4:
      return script.change(packet(0, "\x11" + std::string(below(300), '\x11')));
    case 5:
      script.client(query("KILL 12345 ." + std::string(below(130), '\0')));
      break;
    default:
      script.client(query(std::string(below(200), '\x11')));
      break;
  }
  script.server(done());
}

/// With every turn cut by `cut`, which gives the size of the next piece.
template <typename Cut>
std::string played(const Script& script, Cut cut) {
  auto session = std::make_unique<Session>();
  std::string to_server;
  for (const auto& [by_client, bytes] : script.turns) {
    if (session->changes_user()) {
      // The login took what was left.
      to_server += session->to_server;
      session = std::make_unique<Session>();
      continue;
    }
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::string_view piece = rest.substr(0, cut(rest.size()));
      by_client ? session->client_says(piece) : session->server_says(piece);
      rest.remove_prefix(piece.size());
    }
    if (session->changes_user()) {
      EXPECT_EQ(session->left(), bytes);
    }
  }
  EXPECT_TRUE(session->answers.at_rest() && session->commands.between_packets());
  return to_server + session->to_server;
}

TEST(MysqlCommandStream, DoesTheSameInPiecesOfAnySize) {
  std::mt19937 random(20240101);
  for (int round = 0; round < 40; ++round) {
    Script script;
    for (int i = 0; i < 20; ++i) add_something(script, random);
    for (std::size_t piece = 1; piece < 40; ++piece) {
      ASSERT_EQ(played(script, [&](std::size_t) { return piece; }), script.to_server)
          << round << " " << piece;
    }
    ASSERT_EQ(played(script, [&](std::size_t left) { return 1 + random() % left; }), script.to_server);
  }
}

TEST(MysqlCommandStream, DoesTheSameForEverySplitOfATurn) {
  std::mt19937 random(20240102);
  Script script;
  for (int i = 0; i < 40; ++i) add_something(script, random);
  for (std::size_t at = 1; at < 340; ++at) {
    bool first = true;
    ASSERT_EQ(played(script,
                     [&](std::size_t left) {
                       first = !first;
                       return first ? left : std::min(at, left);
                     }),
              script.to_server)
        << at;
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql
