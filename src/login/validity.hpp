#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"

/// The arithmetic of caching: pure functions, no clock is read here.
namespace rolegate::login {

/// The three times of something that was fetched. renew_at ≤ fresh_until ≤ usable_until.
struct Validity {
  base::WallTime renew_at;      ///< from here on it is renewed in the background when it is in use
  base::WallTime fresh_until;   ///< from here on a login waits for a renewal …
  base::WallTime usable_until;  ///< … and when that fails, goes on with what there is until here
  bool operator==(const Validity&) const = default;
};

/// How long role credentials are cached (the seed's ten minutes), and how far from their end they never are.
inline constexpr std::chrono::minutes kRoleTtl{10};
inline constexpr std::chrono::seconds kExpiryMargin{60};
/// Renewal starts this long before the TTL ends, or a fifth of the time there is, if that is shorter.
inline constexpr std::chrono::minutes kRenewalLead{2};
/// What ends sooner than this is not used any more: the login would be dead before the database sees it.
inline constexpr std::chrono::seconds kShortestUse{5};
/// Where a cluster or workgroup is reached changes rarely, but does (a restored cluster).
inline constexpr std::chrono::minutes kEndpointTtl{5};
inline constexpr std::chrono::hours kEndpointUsable{1};

/// Role credentials, or any that expire as they do; without `expires_at` only the TTL counts.
[[nodiscard]] Validity role_validity(base::WallTime obtained_at, std::optional<base::WallTime> expires_at);
/// A temporary Redshift password: until a quarter of its life, at least 60 s, is left. Never renewed in the
/// background: the APIs are rate-limited.
[[nodiscard]] Validity redshift_login_validity(base::WallTime obtained_at, base::WallTime expires_at);
[[nodiscard]] Validity endpoint_validity(base::WallTime obtained_at);

/// Both clocks, read together.
struct Moment {
  base::WallTime wall;
  base::SteadyTime steady;
};

/// The wall time by which something obtained at `obtained` is judged: the wall clock, unless that was set
/// back, in which case the steady clock says how much time has really passed. (The steady clock alone will
/// not do: it stands still while a machine is suspended.)
[[nodiscard]] base::WallTime judged_now(const Moment& obtained, const Moment& now);

/// For how long after the `failures`-th failure in a row a key is not asked for again. One second when logins
/// are failing for it; when they go on with what is still `usable`, up to 15 s, so as not to pester a service
/// that is in trouble.
inline constexpr std::chrono::seconds kFailurePause{1};
inline constexpr std::chrono::seconds kLongestRenewalPause{15};
[[nodiscard]] std::chrono::milliseconds pause_after_failure(unsigned failures, bool usable);

}  // namespace rolegate::login
