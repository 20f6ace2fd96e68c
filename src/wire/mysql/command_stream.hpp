#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/answer_stream.hpp"

namespace rolegate::wire::mysql {

/// Follows what a logged-in client sends, packet by packet, and tells `answers` what the server is asked.
/// What is a command and what is a file's content, it knows from there; sequence ids say nothing.
///
/// Everything passes byte for byte but two things. COM_CHANGE_USER goes no further (it would carry an answer
/// made from the client's local password): once everything before it is answered, the stream ends there, and
/// what comes next is a login. And the connection id in KILL and COM_PROCESS_KILL, which the client knows
/// from the gateway's greeting, is put into the server's terms; where a KILL is not understood far enough for
/// that, or the connection is one of another server, the server is given a statement that it answers with an
/// error, which so comes in its turn.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
class CommandStream {
 public:
  /// A session of this gateway that the client may KILL.
  struct Killable {
    std::optional<std::uint32_t> server_id;  ///< nothing: it is with another server than the client's
  };
  /// The session that this gateway gave `id` to, if the client may know it.
  using FindConnection = std::function<std::optional<Killable>(std::uint32_t id)>;
  /// `answers` outlives this.
  CommandStream(FindConnection find, AnswerStream& answers);

  struct Passed {
    std::string_view as_is;    ///< a prefix of the input goes on untouched …
    std::string instead;       ///< … and then this (made up, or held back until it was whole)
    std::size_t consumed = 0;  ///< of the input; 0: no more is taken before the server has answered
  };
  /// `bytes` non-empty. In the ordinary case all of it is `as_is`, without a copy. Call again with the rest.
  [[nodiscard]] Passed pass(std::string_view bytes);

  /// All that came was whole packets, and none of them has to wait.
  [[nodiscard]] bool between_packets() const;
  /// What comes next is a COM_CHANGE_USER, and it is its turn. Gives, once, what was taken of it already; the
  /// rest is what was not consumed.
  [[nodiscard]] std::optional<std::string> take_change_user();
  /// What comes next may be a COM_CHANGE_USER, and nobody will know any more: it stays here for ever.
  [[nodiscard]] bool is_stuck() const { return stuck_; }
  /// The last whole command was COM_QUIT.
  [[nodiscard]] bool said_quit() const { return quit_ && between_packets(); }

 private:
  [[nodiscard]] bool waits(std::string_view packet) const;
  void begin(std::string_view packet);
  void skip(std::string_view bytes, std::size_t& at);
  /// How much of a packet has to be there before it can be let go; `packet` is its beginning.
  [[nodiscard]] std::size_t needed(std::string_view packet) const;
  [[nodiscard]] bool is_command() const { return !continued_ && !answers_.wants_file(); }
  [[nodiscard]] bool is_change_user(std::string_view packet) const;
  /// For a whole packet: with the server's connection id in it, or empty when it is not one to change.
  [[nodiscard]] std::string in_servers_terms(std::string_view packet) const;
  [[nodiscard]] std::string statement_in_servers_terms(std::string_view payload) const;
  void complete_held(std::string_view bytes, Passed& passed);

  FindConnection find_;
  AnswerStream& answers_;
  std::string held_;             ///< the beginning of a packet that is not decided on yet
  std::uint32_t remaining_ = 0;  ///< of the payload of the packet under way
  bool continued_ = false;       ///< the packet before was 2^24-1 bytes long: the next one belongs to it
  bool waiting_ = false;         ///< the packet that comes next, and was looked at
  bool changes_user_ = false;
  bool stuck_ = false;
  bool quit_ = false;
};

}  // namespace rolegate::wire::mysql
