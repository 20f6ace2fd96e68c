#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/random.hpp"
#include "gateway/handshake.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::gateway {

/// Where a CancelRequest has to go.
struct CancelTarget {
  std::string
      address;  ///< numeric: the very server that runs the session, not whatever its name leads to now
  std::uint16_t port = 0;
  TlsTarget tls;
  wire::pg::CancelKey key;  ///< the server's own
};

/// The keys that this gateway has given out, and what they stand for. Thread-safe.
class CancelKeys {
 public:
  /// A key that nobody has; it stands for nothing until `open`.
  [[nodiscard]] wire::pg::CancelKey give_out(base::Random& random);
  void open(const wire::pg::CancelKey& key, CancelTarget target);
  void close(const wire::pg::CancelKey& key);
  [[nodiscard]] std::optional<CancelTarget> find(const wire::pg::CancelKey& key) const;

 private:
  [[nodiscard]] static std::uint64_t number(const wire::pg::CancelKey& key) {
    return (std::uint64_t{key.process_id} << 32) | key.secret;
  }
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::optional<CancelTarget>> targets_;
};

}  // namespace rolegate::gateway
