#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/random.hpp"
#include "upstream/tls_target.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::gateway {

/// Where a CancelRequest has to go.
struct CancelTarget {
  std::string
      address;  ///< numeric: the very server that runs the session, not whatever its name leads to now
  std::uint16_t port = 0;
  upstream::TlsTarget tls;
  wire::pg::CancelKey key;  ///< the server's own; without a process id, it has given none
};

/// The keys that this gateway has given out, and what they stand for: the server's process id, which clients
/// compare with pg_backend_pid(), and a secret of the gateway's. Two servers may have the same process id;
/// the secret tells them apart. Thread-safe.
class CancelKeys {
 public:
  /// The process id is made up where the server has given no key.
  [[nodiscard]] wire::pg::CancelKey give_out(CancelTarget target, std::size_t secret_size,
                                             base::Random& random);
  void close(const wire::pg::CancelKey& key);
  [[nodiscard]] std::optional<CancelTarget> find(const wire::pg::CancelKey& key) const;
  /// Its session has ended, one of the latest kMostEnded: whoever holds the key need not know that yet.
  [[nodiscard]] bool has_ended(const wire::pg::CancelKey& key) const;

  static constexpr std::size_t kMostEnded = 10000;

 private:
  struct Entry {
    std::string secret;
    std::optional<CancelTarget> target;  ///< nothing: the session has ended
  };
  using Entries = std::unordered_multimap<std::uint32_t, Entry>;  ///< by process id
  [[nodiscard]] Entries::const_iterator look_up(const wire::pg::CancelKey& key) const;
  void forget(const wire::pg::CancelKey& key);

  mutable std::mutex mutex_;
  Entries entries_;
  std::deque<wire::pg::CancelKey> ended_;  ///< the first to end first
};

}  // namespace rolegate::gateway
