#pragma once

#include "gateway/conversation.hpp"
#include "wire/mysql/command_filter.hpp"

namespace rolegate::gateway {

/// A MySQL session. Whoever spoke last is taken to have said all that it wanted.
class MysqlConversation final : public Conversation {
 public:
  explicit MysqlConversation(wire::mysql::CommandFilter::FindConnection find) : filter_(std::move(find)) {}

  Passed from_client(std::string_view bytes) override {
    asked_ = true;
    // COM_QUIT
    said_goodbye_ = bytes.ends_with(std::string_view("\1\0\0\0\1", 5));
    auto passed = filter_.pass(bytes);
    return {passed.as_is, std::move(passed.instead), passed.consumed};
  }
  void from_database(std::string_view) override { asked_ = false; }
  [[nodiscard]] bool at_rest() const override { return !asked_; }
  [[nodiscard]] bool said_goodbye() const override { return said_goodbye_; }

 private:
  wire::mysql::CommandFilter filter_;
  bool asked_ = false;
  bool said_goodbye_ = false;
};

}  // namespace rolegate::gateway
