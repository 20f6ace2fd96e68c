#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "gateway/audit/audit_log.hpp"
#include "gateway/session/arrival.hpp"
#include "login/steps.hpp"
#include "upstream/session_provider.hpp"

namespace rolegate::gateway {

/// What the audit log is to say of a session: filled in as it becomes known.
struct Record {
  std::uint64_t id = 0;
  base::SteadyTime began;
  std::string client_tls;
  std::string user;  ///< of the gateway, as the client gave it
  bool user_is_known = false;
  std::string authentication;  ///< empty: it has not proved who it is
  config::DatabasePtr database;
  upstream::LoginFacts facts;
  std::string dialled;  ///< address:port of the database's server
  std::string upstream_tls;

  Record(base::Random& random, base::SteadyTime now);

  [[nodiscard]] AuditRecord opened(const Arrival& arrival, base::WallTime time,
                                   const login::Steps& steps) const;
  /// `steps` may be null.
  [[nodiscard]] AuditRecord failed(const Arrival& arrival, base::WallTime time, base::SteadyTime now,
                                   std::string_view code, std::string_view message,
                                   const login::Steps* steps) const;
  [[nodiscard]] AuditRecord closed(const Arrival& arrival, base::WallTime time, base::SteadyTime now,
                                   std::string_view reason) const;

 private:
  [[nodiscard]] AuditRecord line(AuditRecord::Event event, const Arrival& arrival, base::WallTime time) const;
};

}  // namespace rolegate::gateway
