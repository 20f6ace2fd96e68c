#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/packet_buffer.hpp"

namespace rolegate::wire::mysql {

/// A client's question to a server that is at rest (COM_QUERY), in a session without CLIENT_DEPRECATE_EOF and
/// all other capabilities that change a result set; of the answer it keeps the first row. Takes bytes and
/// says what comes next; does no I/O.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
class Question {
 public:
  enum class Event {
    more,
    answered,  ///< row()
    failed,    ///< failure()
  };
  /// An answer may be so long, and no longer.
  static constexpr std::size_t kMaxAnswer = 1 << 20;
  static constexpr std::size_t kMaxPacket = 64 << 10;

  /// The output is there at once. `sql` is shorter than kMaxPacket.
  explicit Question(std::string_view sql);

  Event receive(std::string_view bytes);
  /// What is to be sent; each byte once.
  [[nodiscard]] std::string take_output();
  /// NULL is empty; without a row it has no cells.
  [[nodiscard]] const std::vector<std::string>& row() const { return row_; }
  /// In the server's words, which are not fit to print, or "The answer is no part of the protocol."
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  enum class Stage { first, columns, columns_end, rows, answered, failed };
  Event fail(std::string failure);
  Event answered();
  Event on_packet(std::string_view payload);
  Event on_first(std::string_view payload);
  Event on_row(std::string_view payload);

  Stage stage_ = Stage::first;
  std::string output_;
  PacketBuffer input_{kMaxPacket};
  std::size_t received_ = 0;
  std::uint8_t sequence_ = 1;
  std::uint64_t columns_ = 0;       ///< of the result
  std::uint64_t columns_left_ = 0;  ///< to be defined
  std::vector<std::string> row_;
  std::string failure_;
};

}  // namespace rolegate::wire::mysql
