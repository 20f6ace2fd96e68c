#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::wire::mysql {

/// Follows the framing of what a logged-in client sends, just far enough for two things: COM_CHANGE_USER goes
/// no further (it would carry an answer made from the client's local password), in its place the server gets
/// a statement that it answers with an error; and the connection id in KILL and COM_PROCESS_KILL, which the
/// client knows from the gateway's greeting, is put into the server's terms. Everything else passes byte for
/// byte, LOAD DATA LOCAL's file packets and commands over 16 MB included.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
class CommandFilter {
 public:
  /// The server's id of the session that this gateway gave `id` to, if the client may know it.
  using FindConnection = std::function<std::optional<std::uint32_t>(std::uint32_t id)>;
  /// A KILL is a short statement; a longer COM_QUERY is not looked at.
  static constexpr std::size_t kMaxKill = 128;

  explicit CommandFilter(FindConnection find);

  struct Passed {
    std::string_view as_is;    ///< a prefix of the input goes on untouched …
    std::string instead;       ///< … and then this (made up, or held back until it was whole)
    std::size_t consumed = 0;  ///< bytes of the input dealt with; call again with the rest if it is not all
  };
  /// `bytes` non-empty. In the ordinary case all of it is `as_is`, without a copy.
  [[nodiscard]] Passed pass(std::string_view bytes);

 private:
  struct Header;
  [[nodiscard]] bool begins_command(const Header& header) const;
  void begin(const Header& header);
  void skip(std::string_view bytes, std::size_t& at);
  /// How much of a packet has to be there before it can be let go; `packet` is its beginning.
  [[nodiscard]] std::size_t needed(std::string_view packet) const;
  /// For a whole packet: with the server's connection id in it, or empty when it is not one to change.
  [[nodiscard]] std::string in_servers_terms(std::string_view packet) const;
  [[nodiscard]] bool begins_change_user(std::string_view packet) const;
  void complete_held(std::string_view bytes, Passed& passed);
  void drop(std::string_view bytes, Passed& passed);

  FindConnection find_;
  std::string held_;             ///< the beginning of a packet that is not decided on yet
  std::uint32_t remaining_ = 0;  ///< of the payload of the packet under way
  std::uint8_t last_sequence_ = 0;
  bool continued_ = false;  ///< the packet before was 2^24-1 bytes long: the next one belongs to it
  bool file_ = false;       ///< the packet before was one of LOAD DATA LOCAL's, and not the last, empty one
  bool dropping_ = false;   ///< inside a COM_CHANGE_USER
};

}  // namespace rolegate::wire::mysql
