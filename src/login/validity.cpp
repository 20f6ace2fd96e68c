#include "login/validity.hpp"

#include <algorithm>

namespace rolegate::login {
namespace {

using base::WallTime;
using std::chrono::milliseconds;

/// Puts the times in order, none before `obtained_at`: something that came too late is stale at once, not
/// earlier.
Validity ordered(WallTime obtained_at, WallTime renew_at, WallTime fresh_until, WallTime usable_until) {
  Validity validity{};
  validity.usable_until = std::max(usable_until, obtained_at);
  validity.fresh_until = std::clamp(fresh_until, obtained_at, validity.usable_until);
  validity.renew_at = std::clamp(renew_at, obtained_at, validity.fresh_until);
  return validity;
}

}  // namespace

Validity role_validity(WallTime obtained_at, std::optional<WallTime> expires_at) {
  WallTime fresh_until = obtained_at + kRoleTtl;
  WallTime usable_until = WallTime::max();
  if (expires_at) {
    fresh_until = std::min(fresh_until, *expires_at - kExpiryMargin);
    usable_until = *expires_at - kShortestUse;
  }
  const milliseconds lead = std::min<milliseconds>(kRenewalLead, (fresh_until - obtained_at) / 5);
  return ordered(obtained_at, fresh_until - lead, fresh_until, usable_until);
}

Validity redshift_login_validity(WallTime obtained_at, WallTime expires_at) {
  const milliseconds kept_back = std::max<milliseconds>((expires_at - obtained_at) / 4, kExpiryMargin);
  const WallTime fresh_until = expires_at - kept_back;
  return ordered(obtained_at, fresh_until, fresh_until, expires_at - kShortestUse);
}

Validity endpoint_validity(WallTime obtained_at) {
  const WallTime fresh_until = obtained_at + kEndpointTtl;
  return ordered(obtained_at, fresh_until, fresh_until, obtained_at + kEndpointUsable);
}

WallTime judged_now(const Moment& obtained, const Moment& now) {
  const auto passed = std::chrono::floor<milliseconds>(now.steady - obtained.steady);
  return std::max(now.wall, obtained.wall + passed);
}

milliseconds pause_after_failure(unsigned failures, bool usable) {
  if (!usable || failures <= 1) return kFailurePause;
  if (failures > 4) return kLongestRenewalPause;
  return kFailurePause * (1U << (failures - 1));
}

}  // namespace rolegate::login
