#include "login/role_credentials.hpp"

#include <utility>

namespace rolegate::login {

base::Result<aws::CredentialsPtr> get_base_credentials(aws::CredentialProvider& provider,
                                                       const base::Clock& clock, base::Deadline deadline) {
  std::string why_not;
  auto credentials = provider.get(deadline, why_not);
  if (!credentials) return credentials;
  if (!*credentials) {
    return base::fail(
        aws::CredentialsErrc::no_credentials,
        fmt::format("There are no AWS credentials: {} has none ({}).", provider.name(), why_not),
        "Configure credentials as for the AWS command line, or run where a role is attached.");
  }
  const auto& expires_at = (*credentials)->expires_at;
  if (expires_at && *expires_at <= clock.now() + kShortestUse) {
    return base::fail(aws::CredentialsErrc::credentials_expired,
                      fmt::format("The AWS credentials from {} ended at {}, and there are no newer ones.",
                                  (*credentials)->provider, base::format_iso8601(*expires_at)),
                      "Renew them where they come from, and check this machine's clock.", true);
  }
  return credentials;
}

RoleCredentials::RoleCredentials(Cache::Context context, aws::CredentialProvider& base,
                                 AssumeRole assume_role, CacheLimits limits,
                                 std::chrono::milliseconds check_period)
    : clock_(context.clock),
      base_(base),
      assume_role_(std::move(assume_role)),
      cache_(
          context,
          [this](const RoleKey& key, const aws::CredentialsPtr& credentials, base::Deadline deadline) {
            return fetch(key, credentials, deadline);
          },
          limits, [this] { refresher_.arm(); }),
      refresher_([this] { return cache_.renew_due(); }, check_period) {}

base::Result<Fetched<RdsSigners>> RoleCredentials::fetch(const RoleKey& key, aws::CredentialsPtr base,
                                                         base::Deadline deadline) {
  if (!base) {
    auto found = get_base_credentials(base_, clock_, deadline);
    if (!found) return std::unexpected(std::move(found.error()));
    base = std::move(*found);
    if (base->identity != key.identity) {
      return base::fail(Errc::identity_changed,
                        fmt::format("The {} is not renewed for {}: the AWS credentials are now those of {}.",
                                    key.text(), key.identity, base->identity));
    }
  }
  auto credentials = assume(key, base, deadline);
  if (!credentials) return std::unexpected(std::move(credentials.error()));
  const base::WallTime now = clock_.now();
  const Validity validity = role_validity(now, (*credentials)->expires_at);
  if (validity.usable_until <= now) {
    return base::fail(
        Errc::credentials_expiring,
        fmt::format(
            "AWS handed out credentials of {} that, by this machine's clock, end at once (at {}; it is {}).",
            key.text(), base::format_iso8601(*(*credentials)->expires_at), base::format_iso8601(now)),
        "Set this machine's clock (chronyc tracking, timedatectl).", true);
  }
  return Fetched<RdsSigners>{std::make_shared<const RdsSigners>(std::move(*credentials)), validity};
}

base::Result<aws::CredentialsPtr> RoleCredentials::assume(const RoleKey& key, const aws::CredentialsPtr& base,
                                                          base::Deadline deadline) {
  aws::AssumeRoleRequest request;
  request.role_arn = key.role_arn;
  request.role_session_name = key.session_name;
  request.external_id = key.external_id;
  request.duration = key.duration;
  request.region = key.region;
  ++calls_;
  auto credentials = assume_role_(request, *base, deadline);
  if (credentials || base->read_anew || !aws::may_be_the_keys(credentials.error())) return credentials;
  base_.distrust(aws::Distrust::refused);
  const auto other = get_base_credentials(base_, clock_, deadline);
  // Those of another identity are another entry's.
  if (!other || (*other)->access_key_id == base->access_key_id || (*other)->identity != key.identity) {
    return credentials;
  }
  ++calls_;
  return assume_role_(request, **other, deadline);
}

}  // namespace rolegate::login
