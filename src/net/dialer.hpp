#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/event_loop.hpp"
#include "net/listening.hpp"

namespace rolegate::net {

/// Has the kernel ask a silent peer whether it is still there (after a minute, then every ten seconds, six
/// times): a machine that was suspended, or a NAT that forgot, must not leave sessions behind for ever.
void keep_alive(int socket);

/// A TCP connection to one of several addresses, tried in turn; each but the last gets an equal share of the
/// time that is left, so that one that swallows packets does not cost the whole login. Calls back once, from
/// the loop, unless it is destroyed before. The callback may destroy it.
class Dialer final : private Watcher {
 public:
  struct Connected {
    base::Descriptor socket;
    std::string address;  ///< numeric
  };
  /// Why no address could be reached: "10.0.0.1: Connection refused; 10.0.0.2: timed out".
  struct Unreachable {
    std::string reason;
    bool timed_out = false;  ///< every one of them
  };
  using Done = std::move_only_function<void(std::expected<Connected, Unreachable>)>;

  Dialer(EventLoop& loop, std::vector<std::string> addresses, std::uint16_t port, base::SteadyTime deadline,
         Done done);
  ~Dialer() override;

 private:
  void try_next();
  void ready(std::uint32_t events) override;
  void missed(std::string reason, bool timed_out);
  void stop_waiting();

  EventLoop& loop_;
  const std::vector<std::string> addresses_;
  const std::uint16_t port_;
  const base::SteadyTime deadline_;
  Done done_;
  std::size_t next_ = 0;
  base::Descriptor socket_;
  bool watched_ = false;
  EventLoop::TimerId timer_{};
  std::string reasons_;
  bool all_timed_out_ = true;
};

}  // namespace rolegate::net
