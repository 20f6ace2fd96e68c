#include "upstream/openings.hpp"

#include <utility>

namespace rolegate::upstream {

SessionProvider::Ticket Openings::lease(Wish wish, Terms terms, Done done) {
  const Ticket ticket = next_++;
  under_way_[ticket] =
      std::make_unique<Opening>(loop_, services_, std::move(wish), std::move(terms),
                                [this, ticket, done = std::move(done)](Result result) mutable {
                                  under_way_.erase(ticket);
                                  done(std::move(result));  // this may be gone with whoever asked
                                });
  return ticket;
}

}  // namespace rolegate::upstream
