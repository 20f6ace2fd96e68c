#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "config/snapshot.hpp"
#include "gateway/decoys.hpp"
#include "net/stream.hpp"

namespace rolegate::gateway {

/// What a reload replaces as a whole; a session keeps what it began with.
struct Settings {
  std::shared_ptr<const config::Snapshot> snapshot;
  net::SslContextPtr postgresql_tls;  ///< null: TLS is not offered
  net::SslContextPtr mysql_tls;
  std::size_t max_sessions = 10000;
  int login_rate = 100;
  std::chrono::milliseconds idle_timeout{0};
  Decoys decoys{{}};
};

}  // namespace rolegate::gateway
