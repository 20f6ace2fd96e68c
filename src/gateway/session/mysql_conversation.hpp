#pragma once

#include <optional>
#include <string>
#include <utility>

#include "gateway/session/conversation.hpp"
#include "wire/mysql/answer_stream.hpp"
#include "wire/mysql/command_stream.hpp"

namespace rolegate::gateway {

/// A MySQL session.
class MysqlConversation final : public Conversation {
 public:
  /// `session`: the capabilities that client and server have agreed on.
  MysqlConversation(wire::mysql::Capabilities session, wire::mysql::CommandStream::FindConnection find)
      : answers_(session), commands_(std::move(find), answers_) {}

  Passed from_client(std::string_view bytes) override {
    auto passed = commands_.pass(bytes);
    return {passed.as_is, std::move(passed.instead), passed.consumed};
  }
  void from_database(std::string_view bytes) override {
    const bool sending_file = answers_.wants_file();
    answers_.receive(bytes);
    // A server takes for a file's content what it has not read yet; where that begins, it does not say.
    if (!sending_file && answers_.wants_file() && !commands_.between_packets()) answers_.doubt();
  }
  [[nodiscard]] bool at_rest() const override {
    return answers_.at_rest() && commands_.between_packets() && !changes_user_;
  }
  [[nodiscard]] bool is_stuck() const override { return commands_.is_stuck(); }
  [[nodiscard]] std::optional<std::string> take_change_user() override {
    auto taken = commands_.take_change_user();
    changes_user_ = changes_user_ || taken;  // its answer is awaited from now on
    return taken;
  }
  [[nodiscard]] bool said_goodbye() const override { return commands_.said_quit(); }

 private:
  wire::mysql::AnswerStream answers_;
  wire::mysql::CommandStream commands_;
  bool changes_user_ = false;
};

}  // namespace rolegate::gateway
