#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/session/client_side.hpp"

namespace rolegate::gateway {

struct FakeConversation final : Conversation {
  FakeConversation(const bool& is_at_rest, const bool& has_said_goodbye)
      : rests(is_at_rest), goodbye(has_said_goodbye) {}
  Passed from_client(std::string_view bytes) override {
    if (!bytes.starts_with("change")) return {bytes, {}, bytes.size()};
    changes_user_ = rests;
    return {};
  }
  [[nodiscard]] std::optional<std::string> take_change_user() override {
    return std::exchange(changes_user_, false) ? std::optional<std::string>("to ") : std::nullopt;
  }
  void from_database(std::string_view) override {}
  [[nodiscard]] bool at_rest() const override { return rests; }
  [[nodiscard]] bool said_goodbye() const override { return goodbye; }
  const bool& rests;
  const bool& goodbye;

 private:
  bool changes_user_ = false;
};

/// Takes the next step of the test's script, whatever it is asked.
class FakeSide final : public ClientSide {
 public:
  struct Script {
    std::deque<Step> steps;
    std::string heard;
    std::string output;
    net::EventLoop::Task greeted;  ///< to be called when a greeting is known, or nothing will be
    unsigned guesses = 0;
    bool has_answered = false;
    bool rests = true;
    bool goodbye = false;
    net::SslContextPtr tls;
    bool closed = false;
  };
  explicit FakeSide(Script& script) : script_(script) {}

  Step begin() override { return next(); }
  Step receive(std::string_view bytes) override {
    script_.heard += bytes;
    return next();
  }
  Step tls_started(const net::Stream&) override { return next(); }
  std::string take_output() override { return std::exchange(script_.output, {}); }
  [[nodiscard]] const net::SslContextPtr& tls_context() const override { return script_.tls; }
  void when_greeted(const net::Mailbox::Address& address, net::EventLoop::Task then) override {
    script_.greeted = [address, then = std::move(then)]() mutable { address.send(std::move(then)); };
  }
  Step greet() override { return next(); }
  std::string user() override { return "ann"; }
  [[nodiscard]] bool has_answered() const override { return script_.has_answered; }
  Step trust() override { return next(); }
  Step ask(const Admission&, base::ScramVerifier) override { return next(); }
  [[nodiscard]] base::Secret password() const override { return base::Secret("guess"); }
  Step password_checked(bool) override { return next(); }
  Step choose(const Admission&) override { return next(); }
  [[nodiscard]] unsigned guesses() const override { return script_.guesses; }
  [[nodiscard]] std::variant<upstream::PgWish, upstream::MysqlWish> wish(
      const config::GatewayUser*) const override {
    return upstream::PgWish{"orders", {{"application_name", "psql"}}};
  }
  Start open(const upstream::DatabaseSession&, const std::string&) override {
    return {"welcome ", "first ", std::make_unique<FakeConversation>(script_.rests, script_.goodbye)};
  }
  Step change_user(std::string_view login) override {
    script_.heard = login;
    return next();
  }
  void close() override { script_.closed = true; }
  std::string encoded(const ClientError& error) override { return "error: " + error.message; }
  std::string last_words(const ClientError& error) override { return "words: " + error.message; }

 private:
  Step next() {
    if (script_.steps.empty()) return {};
    Step step = std::move(script_.steps.front());
    script_.steps.pop_front();
    return step;
  }

  Script& script_;
};

}  // namespace rolegate::gateway
