#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "base/error.hpp"
#include "config/snapshot.hpp"
#include "gateway/decoys.hpp"
#include "net/stream.hpp"

namespace rolegate::gateway {

/// What a change replaces as a whole; a session keeps what it began with.
struct Settings {
  std::shared_ptr<const config::Snapshot> snapshot;
  net::SslContextPtr postgresql_tls;  ///< null: TLS is not offered
  net::SslContextPtr mysql_tls;
  std::size_t max_sessions = 10000;
  int login_rate = 100;
  std::chrono::milliseconds idle_timeout{0};
  std::shared_ptr<const Decoys> decoys =
      std::make_shared<const Decoys>(std::span<const config::GatewayUser>());
};

/// As the gateway section of the snapshot says. Reads the files of its TLS. Errors: those of
/// make_server_context.
[[nodiscard]] base::Result<std::shared_ptr<const Settings>> make_settings(
    std::shared_ptr<const config::Snapshot> snapshot);
/// The same for another snapshot with the same gateway section.
[[nodiscard]] std::shared_ptr<const Settings> with_snapshot(const Settings& settings,
                                                            std::shared_ptr<const config::Snapshot> snapshot);

}  // namespace rolegate::gateway
