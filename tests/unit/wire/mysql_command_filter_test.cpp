#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/command_filter.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {
namespace {

using testing::HasSubstr;

/// Gateway's ids 1000 … 1999 are the server's 7 … .
std::optional<std::uint32_t> servers_id(std::uint32_t id) {
  if (id < 1000 || id >= 2000) return std::nullopt;
  return id - 993;
}

/// Sends all of `bytes` through the filter as one piece.
void feed(CommandFilter& filter, std::string_view bytes, std::string& result) {
  while (!bytes.empty()) {
    const auto passed = filter.pass(bytes);
    ASSERT_LE(passed.as_is.size(), passed.consumed);
    ASSERT_TRUE(passed.as_is.empty() || passed.as_is.data() == bytes.data()) << "no prefix of the input";
    ASSERT_GT(passed.consumed, 0U);
    ASSERT_LE(passed.consumed, bytes.size());
    result += std::string(passed.as_is) + passed.instead;
    bytes.remove_prefix(passed.consumed);
  }
}

std::string filtered(std::string_view bytes, std::size_t piece = std::string::npos) {
  CommandFilter filter(servers_id);
  std::string result;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    feed(filter, bytes.substr(0, piece), result);
  }
  return result;
}

std::string query(std::string_view text) { return packet(0, "\x03" + std::string(text)); }
std::string process_kill(std::uint32_t id) { return packet(0, "\x0C" + le(id, 4)); }
std::string change_user() {
  return packet(0,
                "\x11"
                "bob\0\x14"
                "01234567890123456789db\0"s);
}
/// What the server gets in its place.
std::string refusal() {
  return query(
      "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1235, MESSAGE_TEXT = 'COM_CHANGE_USER does not go through "
      "this "
      "gateway: open a new connection instead'");
}

TEST(MysqlCommandFilter, PassesOrdinaryCommandsUncopied) {
  const std::string stream = query("SELECT 1") + packet(0, "\x0E") + query(std::string(5000, 'x')) +
                             packet(0, "") + packet(0, "\x16SELECT ?") + packet(0, "\x02shop") +
                             packet(0, "\x01");
  CommandFilter filter(servers_id);
  const auto passed = filter.pass(stream);
  EXPECT_EQ(passed.as_is.data(), stream.data());
  EXPECT_EQ(passed.as_is.size(), stream.size());
  EXPECT_EQ(passed.consumed, stream.size());
  EXPECT_EQ(passed.instead, "");
}

TEST(MysqlCommandFilter, PassesTheMiddleOfALongCommandUncopied) {
  const std::string stream = query(std::string(100'000, 'x'));
  CommandFilter filter(servers_id);
  EXPECT_EQ(filter.pass(stream.substr(0, 50)).consumed, 50U);
  const std::string middle = stream.substr(50, 60'000);
  EXPECT_EQ(filter.pass(middle).as_is.data(), middle.data());
}

TEST(MysqlCommandFilter, PutsIdsIntoTheServersTerms) {
  EXPECT_EQ(filtered(process_kill(1005)), process_kill(12));
  EXPECT_EQ(filtered(query("KILL 1000")), query("KILL 7"));
  EXPECT_EQ(filtered(query("/* c */ kill query 1999;")), query("/* c */ kill query 1006;"));
}

TEST(MysqlCommandFilter, LeavesIdsItDoesNotKnow) {
  for (const std::string& same : {process_kill(5), query("KILL 5"), query("KILL QUERY 2000"),
                                  packet(0, "\x0C\xE8\x03"), packet(0, "\x0C" + le(1000, 4) + "x")}) {
    EXPECT_EQ(filtered(same), same);
  }
}

TEST(MysqlCommandFilter, LooksAtShortQueriesOnly) {
  const auto padded = [](std::size_t size) { return "KILL 1000" + std::string(size - 9, ' '); };
  EXPECT_EQ(filtered(query(padded(CommandFilter::kMaxKill))), query("KILL 7" + std::string(119, ' ')));
  EXPECT_EQ(filtered(query(padded(CommandFilter::kMaxKill)), 20), query("KILL 7" + std::string(119, ' ')));
  const std::string longer = query(padded(CommandFilter::kMaxKill + 1));
  EXPECT_EQ(filtered(longer), longer);
}

TEST(MysqlCommandFilter, RefusesChangeUser) {
  EXPECT_EQ(filtered(change_user()), refusal());
  EXPECT_EQ(filtered(query("SELECT 1") + change_user() + query("SELECT 2")),
            query("SELECT 1") + refusal() + query("SELECT 2"));
  EXPECT_EQ(filtered(packet(0, "\x11")), refusal());
}

TEST(MysqlCommandFilter, DoesNotTakeALengthForACommand) {
  const std::string stream = packet(0, "") + query(std::string(16, 'x')) + packet(0, "") +
                             packet(0,
                                    "\x03"
                                    "12");
  EXPECT_EQ(filtered(stream), stream);
}

TEST(MysqlCommandFilter, RefusesAHugeChangeUserWithoutKeepingIt) {
  const std::string huge = framed(0, "\x11" + std::string(0xFFFFFF + 70'000, 'x'));
  for (const std::size_t piece : {std::string::npos, std::size_t{4096}, std::size_t{0xFFFFFF + 4}}) {
    EXPECT_EQ(filtered(huge + query("SELECT 2"), piece), refusal() + query("SELECT 2"));
  }
  const std::string full = framed(0, "\x11" + std::string(0xFFFFFE, 'x'));
  EXPECT_EQ(filtered(full + query("SELECT 2")), refusal() + query("SELECT 2"));
}

TEST(MysqlCommandFilter, PassesCommandsOf16MbAndMore) {
  // What follows 2^24-1 bytes belongs to them, however much it looks like a command of its own.
  for (const std::size_t size : {0xFFFFFFUL, 0xFFFFFFUL + 5}) {
    std::string stream = framed(0, "\x03" + std::string(size - 1, '\x11'));
    const std::size_t second = 4 + 0xFFFFFF;
    stream[second + 3] = 0;  // a sequence id such as a command has
    EXPECT_EQ(filtered(stream + change_user()), stream + refusal());
  }
}

/// What a client sends for LOAD DATA LOCAL, as packets of one byte.
std::string file_packets(int first_sequence, int count) {
  std::string stream;
  for (int i = 0; i < count; ++i) stream += packet((first_sequence + i) % 256, "\x11");
  return stream + packet((first_sequence + count) % 256, "");
}

TEST(MysqlCommandFilter, PassesFilesOfAnyNumberOfPackets) {
  // The sequence id comes round to 0 again.
  for (int count = 0; count < 600; ++count) {
    const std::string file = file_packets(2, count);
    EXPECT_EQ(filtered(file + change_user()), file + refusal()) << count;
  }
}

TEST(MysqlCommandFilter, PassesAFileInPacketsOf16Mb) {
  std::string file = packet(254, "x") + packet(255, std::string(0xFFFFFF, 'x')) + packet(0, "") +
                     packet(1, "\x11") + packet(2, "");
  EXPECT_EQ(filtered(file + change_user()), file + refusal());
}

TEST(MysqlCommandFilter, TellsTheEndOfALongPacketFromTheEndOfAFile) {
  const std::string file =
      packet(254, std::string(0xFFFFFF, 'x')) + packet(255, "") + packet(0, "\x11") + packet(1, "");
  EXPECT_EQ(filtered(file + change_user()), file + refusal());
}

/// The same, done simply: with the whole stream at hand.
std::string model(std::string_view stream) {
  std::string result;
  int last = -1;
  bool in_file = false;
  while (!stream.empty()) {
    std::string raw;
    std::string payload;
    const int sequence = static_cast<unsigned char>(stream[3]);
    int last_of_this = sequence;
    for (bool more = true; more;) {
      const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(stream[i])}; };
      const std::size_t length = byte(0) | byte(1) << 8 | byte(2) << 16;
      last_of_this = static_cast<unsigned char>(stream[3]);
      raw += stream.substr(0, 4 + length);
      payload += stream.substr(4, length);
      stream.remove_prefix(4 + length);
      more = length == 0xFFFFFF;
    }
    const bool file = sequence != 0 || (in_file && last == 255);
    in_file = file && !payload.empty();
    last = last_of_this;
    if (!file && payload.starts_with('\x11')) {
      result += refusal();
    } else if (!file && payload.starts_with("\x0C") && payload.size() == 5 && payload.substr(3) == "\0\0"s) {
      const auto id =
          servers_id(static_cast<unsigned char>(payload[1]) + 256U * static_cast<unsigned char>(payload[2]));
      result += id ? process_kill(*id) : raw;
    } else if (!file && payload == "\x03KILL 1234") {
      result += query("KILL 241");
    } else {
      result += raw;
    }
  }
  return result;
}

std::string some_packet(std::mt19937& random) {
  const auto below = [&](unsigned bound) { return static_cast<std::size_t>(random() % bound); };
  switch (below(9)) {
    case 0:
      return change_user();
    case 1:
      return query("KILL 1234");
    case 2:
      return process_kill(static_cast<std::uint32_t>(990 + below(1020)));
    case 3:
      return file_packets(1 + static_cast<int>(below(3)), static_cast<int>(below(3)));
    case 4:
      return packet(0, "");
    case 5:
      return packet(0, "\x11" + std::string(below(300), '\x11'));
    case 6:
      return query("KILL 1234 ." + std::string(below(130), '\0'));
    case 7:
      return packet(static_cast<int>(250 + below(6)), "\x11\0\0\0\x11"s) + packet(0, "\x11\0\0\0\x11"s);
    default:
      return query(std::string(below(200), '\x11'));
  }
}

TEST(MysqlCommandFilter, DoesAsTheModelForEverySplit) {
  std::mt19937 random(20240101);
  for (int round = 0; round < 30; ++round) {
    std::string stream;
    while (stream.size() < 600) stream += some_packet(random);
    const std::string expected = model(stream);
    ASSERT_EQ(filtered(stream), expected);
    for (std::size_t at = 1; at < stream.size(); ++at) {
      CommandFilter filter(servers_id);
      std::string result;
      feed(filter, std::string_view(stream).substr(0, at), result);
      feed(filter, std::string_view(stream).substr(at), result);
      ASSERT_EQ(result, expected) << "round " << round << " at " << at;
    }
    for (std::size_t piece = 1; piece < 40; ++piece) ASSERT_EQ(filtered(stream, piece), expected) << piece;
  }
}

TEST(MysqlCommandFilter, DoesAsTheModelForLongStreamsInPiecesOfAnySize) {
  std::mt19937 random(20240102);
  std::string stream;
  while (stream.size() < 1 << 20) stream += some_packet(random);
  const std::string expected = model(stream);
  for (const std::size_t most : {3U, 17U, 300U, 70'000U}) {
    CommandFilter filter(servers_id);
    std::string result;
    for (std::string_view left = stream; !left.empty();) {
      const std::size_t piece = std::min<std::size_t>(1 + random() % most, left.size());
      feed(filter, left.substr(0, piece), result);
      left.remove_prefix(piece);
    }
    EXPECT_TRUE(result == expected) << most;
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql
