#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "login/login.hpp"
#include "net/stream.hpp"
#include "upstream/ca.hpp"

namespace rolegate::upstream {

/// What an upstream's TLS is made with. Shared by every session that verifies against the same certificates.
struct UpstreamTlsContext {
  net::SslContextPtr ssl;
  TrustedCertificates trusted;  ///< for messages; without its text
};

/// TLS contexts by what they verify against: reading a system's certificates costs ten milliseconds, a login
/// must not. Files are looked at again once a minute and after each reload, so that a renewed CA is noticed
/// without a restart; sessions keep what they began with. One that is out of date goes when nobody is with
/// it. Thread-safe; reads files.
class UpstreamTls {
 public:
  UpstreamTls(const base::Environment& environment, const base::Clock& clock)
      : environment_(environment), clock_(clock) {}

  /// Errors: connect's ca_missing.
  [[nodiscard]] base::Result<std::shared_ptr<const UpstreamTlsContext>> context(const login::Login& login);
  /// What has been read of files, or is being read, does not count any more.
  void look_again() { reading_.fetch_add(1); }
  [[nodiscard]] std::size_t size() const;

 private:
  /// Mode, file, whether Amazon's RDS certificates count, for which region and for a proxy, whether it is for
  /// MySQL.
  using Key = std::tuple<config::SslMode, std::string, bool, std::string, bool, bool>;
  struct Entry {
    base::SteadyTime read_at;
    std::uint64_t reading;  ///< reading_, before the files were read
    std::string digest;
    std::shared_ptr<const UpstreamTlsContext> context;
  };

  /// With the lock held; whoever gets them lets go of them without it.
  [[nodiscard]] std::vector<Entry> take_unused();

  const base::Environment& environment_;
  const base::Clock& clock_;
  std::atomic<std::uint64_t> reading_{0};
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace rolegate::upstream
