#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/event_loop.hpp"
#include "net/listening.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"

namespace rolegate::net {

/// Has the kernel ask a silent peer whether it is still there (after a minute, then every ten seconds, six
/// times): a machine that was suspended, or a NAT that forgot, must not leave sessions behind for ever.
void keep_alive(int socket);

/// A TCP connection to one of several addresses, tried in turn; each but the last gets an equal share of the
/// time that is left, so that one that swallows packets does not cost the whole login.
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
  /// Called once, by the loop, unless the dialer is destroyed before; may destroy it.
  using Done = std::move_only_function<void(std::expected<Connected, Unreachable>)>;

  Dialer(EventLoop& loop, std::vector<std::string> addresses, std::uint16_t port, base::SteadyTime deadline,
         Done done);

 private:
  void try_next();
  void ready(std::uint32_t events) override;
  void missed(std::string reason, bool timed_out);
  void finish(std::expected<Connected, Unreachable> result);

  EventLoop& loop_;
  const std::vector<std::string> addresses_;
  const std::uint16_t port_;
  const base::SteadyTime deadline_;
  Done done_;
  std::size_t next_ = 0;
  base::Descriptor socket_;
  std::optional<Watch> watch_;  ///< of the socket
  Timer timer_;                 ///< the share of the address, or the call of done_
  std::string reasons_;
  bool all_timed_out_ = true;
};

}  // namespace rolegate::net
