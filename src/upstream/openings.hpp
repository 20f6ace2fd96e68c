#pragma once

#include <memory>
#include <unordered_map>

#include "net/event_loop.hpp"
#include "upstream/opening.hpp"
#include "upstream/session_provider.hpp"

namespace rolegate::upstream {

/// Opens a new session for each lease.
class Openings final : public SessionProvider {
 public:
  /// `services` outlives this.
  Openings(net::EventLoop& loop, const UpstreamServices& services) : loop_(loop), services_(services) {}

  [[nodiscard]] Ticket lease(Wish wish, Terms terms, Done done) override;
  void give_up(Ticket ticket) override { under_way_.erase(ticket); }

  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

 private:
  net::EventLoop& loop_;
  const UpstreamServices& services_;
  Ticket next_ = 1;
  std::unordered_map<Ticket, std::unique_ptr<Opening>> under_way_;
};

}  // namespace rolegate::upstream
