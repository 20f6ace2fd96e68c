#pragma once

#include "gateway/session/conversation.hpp"
#include "wire/pg/session_state.hpp"

namespace rolegate::gateway {

/// A PostgreSQL session: everything passes as it is.
class PgConversation final : public Conversation {
 public:
  /// `rest`: what the database has said behind its first ReadyForQuery.
  explicit PgConversation(std::string_view rest) { state_.from_server(rest); }

  [[nodiscard]] Passed from_client(std::string_view bytes) override {
    state_.from_client(bytes);
    return {bytes, {}, bytes.size()};
  }
  void from_database(std::string_view bytes) override { state_.from_server(bytes); }
  [[nodiscard]] bool at_rest() const override { return state_.at_rest(); }
  [[nodiscard]] bool may_interject() const override { return state_.between_answers(); }
  [[nodiscard]] bool said_goodbye() const override { return state_.said_goodbye(); }

 private:
  wire::pg::SessionState state_;
};

}  // namespace rolegate::gateway
