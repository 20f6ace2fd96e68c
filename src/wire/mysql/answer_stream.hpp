#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// What the answer to a command consists of.
enum class Answer : std::uint8_t {
  packet,     ///< a single one: OK, EOF, ERR, COM_STATISTICS's text
  results,    ///< COM_QUERY's: any number of OK packets, result sets and requests for a file
  executed,   ///< COM_STMT_EXECUTE's: the same; a result set whose rows a cursor keeps back has none
  rows,       ///< the last part of a result set: COM_STMT_FETCH's, COM_FIELD_LIST's
  statement,  ///< COM_STMT_PREPARE's
  kill,       ///< the same, of a KILL whose id is a parameter
  unknown,
};

/// Follows what a server says to a logged-in client, packet by packet, just far enough to know where an
/// answer ends: the headers, and the first bytes of the few packets that decide it. Bytes may come in pieces
/// of any size. Once something comes that nobody can have asked for, or that is not understood, it is in
/// doubt, and stays so. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
/// and https://mariadb.com/kb/en/clientserver-protocol/
class AnswerStream {
 public:
  static constexpr std::size_t kMostExpected = 64;

  /// `session`: the capabilities that client and server have agreed on.
  explicit AnswerStream(Capabilities session) : capabilities_(session) {}

  /// The server has been given a command. Not while it is full().
  void expect(Answer answer);
  [[nodiscard]] bool full() const { return count_ == kMostExpected; }

  void receive(std::string_view bytes);

  /// The server waits for the content of a file (LOCAL INFILE), in packets of which the last is empty.
  [[nodiscard]] bool wants_file() const { return stage_ == Stage::file; }
  void file_ended();

  /// Of the prepared statements: it is such a KILL (one of the last few).
  [[nodiscard]] bool kills(std::uint32_t statement) const;
  [[nodiscard]] bool has_kills() const { return !kills_.empty(); }
  /// The session's statements are gone, and their ids may be used again.
  void forget_statements() { kills_.clear(); }

  /// Everything that was asked is answered, and the last packet has ended.
  [[nodiscard]] bool at_rest() const;
  [[nodiscard]] bool in_doubt() const { return stage_ == Stage::doubt; }
  void doubt() { stage_ = Stage::doubt; }

 private:
  /// What the next packet is.
  enum class Stage : std::uint8_t {
    rest,         ///< none is expected
    first,        ///< of an answer, or of the next result in it
    definitions,  ///< of columns and parameters, definitions_ of them
    metadata_end,
    rows,
    file,  ///< the client's turn
    doubt,
  };

  void skip_rows(std::string_view& bytes);
  [[nodiscard]] std::size_t needed(std::string_view packet) const;
  [[nodiscard]] bool ends_rows(char first, std::uint32_t length) const;
  void begin(std::string_view packet);
  void judge(std::string_view payload, std::uint32_t length);
  void begin_answer();
  void end_answer();
  void end_result(std::uint16_t status);
  void begin_definitions(std::uint64_t packets);
  void definitions_ended();
  void judge_first(std::string_view payload);
  void judge_statement(std::string_view payload);
  void judge_column_count(std::string_view payload);
  void judge_metadata_end(std::string_view payload, std::uint32_t length);

  [[nodiscard]] bool deprecates_eof() const;
  [[nodiscard]] bool is_progress(std::string_view payload) const;
  [[nodiscard]] Answer current() const { return expected_[next_]; }
  [[nodiscard]] bool is_prepared() const {
    return current() == Answer::statement || current() == Answer::kill;
  }

  const Capabilities capabilities_;
  std::array<Answer, kMostExpected> expected_{};  ///< a ring: next_, and those behind it
  std::uint8_t next_ = 0;
  std::uint8_t count_ = 0;
  Stage stage_ = Stage::rest;
  bool continued_ = false;       ///< the packet before was 2^24-1 bytes long: the next one belongs to it
  std::uint32_t remaining_ = 0;  ///< of the packet under way
  std::uint64_t definitions_ = 0;
  std::vector<std::uint32_t> kills_;
  std::string head_;  ///< the beginning of a packet that is too short yet to be judged
};

}  // namespace rolegate::wire::mysql
