#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::login {

/// Whose role credentials: everything that AssumeRole's answer depends on. Beyond the seed's (role_arn,
/// region, external_id) that is the caller's identity, or two callers would share a role that only one of
/// them may assume; the session name, which trust policies may pin and CloudTrail shows; and the duration.
/// The identity, and not the access key: credentials of the same origin that are rotated find the same entry.
struct RoleKeyView {
  std::string_view identity;  ///< aws::Credentials::identity of the base credentials
  std::string_view role_arn;
  std::string_view region;
  std::string_view external_id;
  std::string_view session_name;
  std::chrono::seconds duration{0};

  bool operator==(const RoleKeyView&) const = default;
  [[nodiscard]] std::size_t hash() const;
};

/// The same, owned.
struct RoleKey {
  using View = RoleKeyView;

  explicit RoleKey(const View& view);
  [[nodiscard]] View view() const {
    return {identity, role_arn, region, external_id, session_name, duration};
  }
  /// The STS endpoint.
  [[nodiscard]] std::string lane() const { return "sts " + region; }
  [[nodiscard]] std::string text() const { return "role " + role_arn; }

  std::string identity;
  std::string role_arn;
  std::string region;
  std::string external_id;
  std::string session_name;
  std::chrono::seconds duration;
};

/// Mixes a further hash into `seed`.
[[nodiscard]] std::size_t hash_with(std::size_t seed, std::size_t further);

}  // namespace rolegate::login
