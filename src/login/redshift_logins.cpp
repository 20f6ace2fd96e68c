#include "login/redshift_logins.hpp"

#include <functional>
#include <utility>

namespace rolegate::login {

bool RedshiftTarget::operator==(const RedshiftTarget& other) const {
  return serverless == other.serverless && name == other.name && role.view() == other.role.view();
}

std::size_t RedshiftTarget::hash() const {
  return hash_with(hash_with(role.view().hash(), std::hash<std::string>()(name)), serverless ? 1 : 0);
}

std::string RedshiftTarget::text() const {
  return fmt::format("{} '{}' in {}", serverless ? "the endpoint of workgroup" : "the endpoint of cluster",
                     name, role.region);
}

std::size_t RedshiftLoginKey::hash() const {
  // Auto-creation, groups and duration hardly ever tell two keys apart; equality looks at them.
  std::size_t sum = hash_with(target.hash(), std::hash<std::string>()(db_user));
  return hash_with(sum, std::hash<std::string>()(db_name));
}

std::string RedshiftLoginKey::text() const {
  return fmt::format("a login to {} '{}' in {}", target.serverless ? "workgroup" : "cluster", target.name,
                     target.role.region);
}

RedshiftLogins::RedshiftLogins(UserCache::Context context, RedshiftApi api, CacheLimits limits)
    : clock_(context.clock),
      api_(std::move(api)),
      users_(
          context,
          [this](const RedshiftLoginKey& key, const aws::CredentialsPtr& credentials,
                 base::Deadline deadline) { return fetch_user(key, *credentials, deadline); },
          limits),
      endpoints_(
          {context.clock, context.log, context.pool},
          [this](const RedshiftTarget& target, const aws::CredentialsPtr& credentials,
                 base::Deadline deadline) { return fetch_endpoint(target, *credentials, deadline); },
          limits) {}

base::Result<Fetched<aws::TemporaryUser>> RedshiftLogins::fetch_user(const RedshiftLoginKey& key,
                                                                     const aws::Credentials& credentials,
                                                                     base::Deadline deadline) {
  const auto ask = [&] {
    if (key.target.serverless) {
      aws::WorkgroupCredentialsRequest request;
      request.region = key.target.role.region;
      request.workgroup_name = key.target.name;
      request.db_name = key.db_name;
      request.duration = key.duration;
      return api_.workgroup_credentials(request, credentials, deadline);
    }
    aws::ClusterCredentialsRequest request;
    request.region = key.target.role.region;
    request.cluster_identifier = key.target.name;
    request.db_user = key.db_user;
    request.db_name = key.db_name;
    request.auto_create = key.auto_create;
    request.db_groups = key.db_groups;
    request.duration = key.duration;
    return api_.cluster_credentials(request, credentials, deadline);
  };
  ++calls_;
  auto user = ask();
  if (!user) return std::unexpected(std::move(user.error()));
  const base::WallTime now = clock_.now();
  const Validity validity = redshift_login_validity(now, user->expires_at);
  if (validity.usable_until <= now) {
    return base::fail(
        Errc::credentials_expiring,
        fmt::format("AWS handed out {} that, by this machine's clock, ends at once (at {}; it is {}).",
                    key.text(), base::format_iso8601(user->expires_at), base::format_iso8601(now)),
        "Set this machine's clock (chronyc tracking, timedatectl).", true);
  }
  return Fetched<aws::TemporaryUser>{std::make_shared<const aws::TemporaryUser>(std::move(*user)), validity};
}

base::Result<Fetched<aws::RedshiftEndpoint>> RedshiftLogins::fetch_endpoint(
    const RedshiftTarget& target, const aws::Credentials& credentials, base::Deadline deadline) {
  const auto& ask = target.serverless ? api_.workgroup_endpoint : api_.cluster_endpoint;
  ++calls_;
  auto endpoint = ask(target.role.region, target.name, credentials, deadline);
  if (!endpoint) return std::unexpected(std::move(endpoint.error()));
  return Fetched<aws::RedshiftEndpoint>{std::make_shared<const aws::RedshiftEndpoint>(std::move(*endpoint)),
                                        endpoint_validity(clock_.now())};
}

}  // namespace rolegate::login
