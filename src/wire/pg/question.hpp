#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "wire/pg/input_buffer.hpp"

namespace rolegate::wire::pg {

/// A client's question to a server that is at rest, in the simple protocol; of the answer it keeps the first
/// row. Takes bytes and says what comes next; does no I/O.
/// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.4
class Question {
 public:
  enum class Event {
    more,
    answered,  ///< row()
    failed,    ///< failure()
  };
  /// An answer may be so long, and no longer.
  static constexpr std::size_t kMaxAnswer = 1 << 20;
  static constexpr std::size_t kMaxMessage = 64 << 10;

  /// The output is there at once.
  explicit Question(std::string_view sql);

  Event receive(std::string_view bytes);
  /// What is to be sent; each byte once.
  [[nodiscard]] std::string take_output();
  /// NULL is empty; without a row it has no cells.
  [[nodiscard]] const std::vector<std::string>& row() const { return row_; }
  /// In the server's words, which are not fit to print, or "The answer is no part of the protocol."
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  enum class Stage { answer, answered, failed };
  Event fail(std::string failure);
  Event on_message(char type, std::string_view body);
  [[nodiscard]] bool take_row(std::string_view body);

  Stage stage_ = Stage::answer;
  std::string output_;
  InputBuffer input_;
  std::size_t received_ = 0;
  bool has_row_ = false;
  std::vector<std::string> row_;
  std::string failure_;
};

}  // namespace rolegate::wire::pg
