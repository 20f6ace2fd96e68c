#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"
#include "upstream/failures.hpp"

namespace rolegate::connect {

/// The stages of an attempt as steps of the path: how long TCP, TLS and handshake took, and in which the
/// attempt ended. A second address starts no new TCP step; its time is part of the first one.
class Stages {
 public:
  explicit Stages(login::Steps* steps) : steps_(steps) {}

  [[nodiscard]] upstream::Stage current() const { return stage_; }
  void detail(std::string text) { detail_ = std::move(text); }
  /// The attempt has come to `stage`: the step before it is done. Stages never go back.
  void reached(upstream::Stage stage);
  void finished();
  void failed(const base::Error& error);

 private:
  void close(std::optional<base::Error> error);

  login::Steps* steps_;
  upstream::Stage stage_ = upstream::Stage::connecting;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  std::string detail_;
};

/// One try at one address: a connection, or why not. Only a failure to reach the address at all makes it
/// worth trying the next: whatever answered is the database, and gets the last word.
template <typename Connection>
struct Attempt {
  std::optional<Connection> connection;
  std::optional<base::Error> error;
  std::string unreachable;  ///< with connection and error both unset: why the address could not be reached
  bool timed_out = false;   ///< … namely because the time ran out
};

/// Tries the addresses in turn. `attempt(address, tcp_deadline)` makes one Attempt; each address but the last
/// gets an equal share of the time that is left for its TCP connection, so that one that swallows packets
/// (IPv6 without a route, say) does not cost the whole login.
template <typename Connection, typename Try>
base::Result<Connection> try_each(const login::Login& login, const std::vector<std::string>& addresses,
                                  base::Deadline deadline, Stages& stages, Try attempt) {
  std::string reasons;
  bool all_timed_out = true;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    stages.detail(addresses[i]);
    const auto share = deadline.left() / static_cast<long>(addresses.size() - i);
    Attempt<Connection> result = attempt(addresses[i], deadline.within(share));
    if (result.connection) {
      stages.finished();
      return std::move(*result.connection);
    }
    if (result.error) {
      stages.failed(*result.error);
      return std::unexpected(std::move(*result.error));
    }
    all_timed_out = all_timed_out && result.timed_out;
    if (!reasons.empty()) reasons += "; ";
    reasons +=
        addresses.size() == 1 ? result.unreachable : fmt::format("{}: {}", addresses[i], result.unreachable);
  }
  base::Error error =
      all_timed_out ? timed_out(login, upstream::Stage::connecting) : upstream::not_connected(login, reasons);
  stages.failed(error);
  return std::unexpected(std::move(error));
}

}  // namespace rolegate::connect
