#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::wire::mysql {

/// Follows the framing of what a logged-in client sends, just far enough for two things: COM_CHANGE_USER is
/// answered with an error and goes no further (it would carry an answer made from the client's local
/// password), and the connection id in KILL and COM_PROCESS_KILL, which the client knows from the gateway's
/// greeting, is put into the server's terms. Everything else passes byte for byte, LOAD DATA LOCAL's file
/// packets and commands over 16 MB included.
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
    std::string answer;        ///< to the client, framed
    std::size_t consumed = 0;  ///< bytes of the input dealt with; call again with the rest if it is not all
  };
  /// `bytes` non-empty. In the ordinary case all of it is `as_is`, without a copy.
  [[nodiscard]] Passed pass(std::string_view bytes);

  /// The sequence id of an answer to the command last seen: for an error that the gateway sends by itself.
  [[nodiscard]] std::uint8_t answer_sequence() const { return static_cast<std::uint8_t>(last_sequence_ + 1); }

 private:
  FindConnection find_;
  std::string held_;             ///< header and payload of a packet that has to be seen whole
  std::uint32_t remaining_ = 0;  ///< of the payload of the packet under way
  std::uint8_t last_sequence_ = 0;
  bool continued_ = false;  ///< the packet before was 2^24-1 bytes long: the next one belongs to it
  bool dropping_ = false;   ///< inside a COM_CHANGE_USER
};

}  // namespace rolegate::wire::mysql
