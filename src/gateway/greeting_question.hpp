#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call_pool.hpp"
#include "config/database.hpp"
#include "net/dialer.hpp"
#include "net/event_loop.hpp"
#include "net/mailbox.hpp"
#include "net/timer.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/mysql_handshake.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::gateway {

/// A MySQL database being asked for its greeting: connects, reads it, and closes. For the thread of one loop,
/// but for the look-up of the name.
class GreetingQuestion {
 public:
  /// A greeting comes at once or not at all; a client that waits for it has ten seconds.
  static constexpr std::chrono::seconds kPatience{5};
  /// Called once, by the loop, unless the question is destroyed before; may destroy it. Nothing: there is no
  /// answer.
  using Answer = std::move_only_function<void(std::optional<wire::mysql::Greeting>)>;

  GreetingQuestion(net::EventLoop& loop, base::CallPool& pool, const config::Database& database,
                   Answer answer);

 private:
  void dial(std::vector<std::string> addresses, std::uint16_t port);
  void finish(std::optional<wire::mysql::Greeting> greeting);

  net::EventLoop& loop_;
  const base::SteadyTime deadline_;
  Answer answer_;
  net::Mailbox mailbox_;
  net::Timer timer_;  ///< its deadline, or the call of answer_
  upstream::MysqlHandshake handshake_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<upstream::HandshakeDriver> driver_;
};

}  // namespace rolegate::gateway
