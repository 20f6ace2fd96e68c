#pragma once

#include <array>

#include "gateway/conversation.hpp"

namespace rolegate::gateway {

/// A PostgreSQL session, judged by the last bytes of each side.
class PgConversation final : public Conversation {
 public:
  /// `start`: what the client has been told so far, ReadyForQuery at its end.
  explicit PgConversation(std::string_view start) { from_database(start); }

  Passed from_client(std::string_view bytes) override;
  void from_database(std::string_view bytes) override;
  [[nodiscard]] bool at_rest() const override { return !asked_ && may_interject(); }
  /// An ErrorResponse may come between messages at any time.
  [[nodiscard]] bool may_interject() const override;
  [[nodiscard]] bool said_goodbye() const override;

 private:
  class Tail {
   public:
    void note(std::string_view bytes);
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

   private:
    std::array<char, 6> bytes_{};
    std::size_t size_ = 0;
  };
  Tail client_;
  Tail database_;
  bool asked_ = false;
};

}  // namespace rolegate::gateway
