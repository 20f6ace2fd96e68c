#include "login/login.hpp"

#include <memory>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "aws/rds_token.hpp"
#include "aws/redshift.hpp"
#include "aws/sts.hpp"
#include "base/call_pool.hpp"
#include "base/iso8601.hpp"
#include "login/errc.hpp"
#include "login/redshift_logins.hpp"
#include "login/role_credentials.hpp"

namespace rolegate::login {
namespace {

constexpr std::string_view kDefaultSessionName = "rolegate";

/// One login on its way: what it is about, and where its steps are written down.
struct Walk {
  const config::Database& database;
  const config::AwsIam& iam;
  base::Deadline deadline;
  Steps* steps;
  Fresh fresh;

  [[nodiscard]] Walk anew() const {
    Walk other = *this;
    other.fresh = Fresh::yes;
    return other;
  }

  /// Does `work` as one step; its error names the database. `detail` is asked only when somebody reads steps.
  template <typename Work, typename Detail>
  auto step(StepName name, Work&& work, Detail&& detail) const -> decltype(work()) {
    const auto named = [&]() -> decltype(work()) {
      auto result = work();
      if (!result) return std::unexpected(about_database(database.name, std::move(result.error())));
      return result;
    };
    if (steps == nullptr) return named();
    auto result = steps->walk(name, named);
    if (result) steps->detail(detail(*result));
    return result;
  }
};

/// What signs for the database: the role's credentials, or the machine's own.
struct Signers {
  std::shared_ptr<const RdsSigners> signers;
  RoleKeyView key;  ///< without a role ARN for the machine's own
  bool from_cache = false;

  [[nodiscard]] const aws::CredentialsPtr& credentials() const { return signers->credentials(); }
};

std::string_view origin_text(Origin origin) {
  switch (origin) {
    case Origin::cached:
      return "cached";
    case Origin::fetched:
      return "from AWS";
    case Origin::stale:
      return "cached, still valid while AWS cannot be asked";
  }
  return {};
}

std::string validity_text(const std::optional<base::WallTime>& expires_at) {
  return expires_at ? "valid until " + base::format_iso8601(*expires_at) : "without an end";
}

/// What a login takes over from the configuration as it stands.
Login login_of(const config::Database& database) {
  Login login;
  login.engine = database.uri.engine;
  login.kind = database.kind();
  login.database = database.name;
  login.host = database.uri.host;
  login.port = database.uri.port_or_default();
  login.db_name = database.uri.database;
  login.ssl_mode = database.uri.ssl_mode;
  login.ssl_root_cert = database.uri.ssl_root_cert;
  login.connect_timeout = database.uri.connect_timeout;
  return login;
}

void set_dial(Login& login, const config::Database& database) {
  login.dial = database.uri.connect_to.value_or(config::HostPort{login.host, login.port});
}

Login password_login(const config::Database& database, Steps* steps) {
  Login login = login_of(database);
  login.user = database.uri.user;
  login.password = database.uri.password.copy();
  login.principal = database.uri.user;
  set_dial(login, database);
  if (steps != nullptr) steps->add(StepName::login, {}, "user and password of the URI");
  return login;
}

aws::ApiContext api_context(const Services& services) {
  return {services.environment, services.clock, services.http, services.log, services.retry};
}

}  // namespace

class LoginService::Path {
 public:
  explicit Path(Services services)
      : services_(std::move(services)),
        sts_(api_context(services_)),
        redshift_(api_context(services_)),
        serverless_(api_context(services_)),
        roles_({services_.clock, services_.log, pool_}, services_.base_credentials,
               [this](const auto& request, const auto& base, auto deadline) {
                 return sts_.assume_role(request, base, deadline);
               }),
        redshift_logins_({services_.clock, services_.log, pool_}, redshift_api()) {}
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  /// The calls under way use the caches: they end first.
  ~Path() {
    roles_.stop();
    pool_.stop();
  }

  [[nodiscard]] base::Result<Login> login(const config::IamFlag& flag, const Walk& walk);
  void forget();
  void stop() { services_.http.stop(); }
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] std::vector<CredentialState> credentials() const;

 private:
  [[nodiscard]] RedshiftApi redshift_api();
  [[nodiscard]] base::Result<aws::CredentialsPtr> base_step(const Walk& walk);
  [[nodiscard]] base::Result<Signers> signing_step(const Walk& walk);
  [[nodiscard]] base::Result<Signers> role_step(const Walk& walk, const aws::CredentialsPtr& base);
  [[nodiscard]] base::Result<Login> login_step(const Walk& walk, const Signers& signing);
  [[nodiscard]] base::Result<Login> rds_login(const Walk& walk, const Signers& signing) const;
  [[nodiscard]] base::Result<Login> redshift_login(const Walk& walk, const Signers& signing);
  /// `kept`: whether the base credentials are the ones used before, from their provider's memory.
  [[nodiscard]] std::shared_ptr<const RdsSigners> base_signers(const aws::CredentialsPtr& base, bool& kept);

  const Services services_;
  aws::StsClient sts_;
  aws::RedshiftClient redshift_;
  aws::RedshiftServerlessClient serverless_;
  base::CallPool pool_;
  RoleCredentials roles_;
  RedshiftLogins redshift_logins_;
  std::mutex mutex_;
  std::shared_ptr<const RdsSigners> base_signers_;  ///< of the base credentials used last
};

RedshiftApi LoginService::Path::redshift_api() {
  return {
      .cluster_credentials =
          [this](const auto& request, const auto& credentials, auto deadline) {
            return redshift_.get_cluster_credentials(request, credentials, deadline);
          },
      .workgroup_credentials =
          [this](const auto& request, const auto& credentials, auto deadline) {
            return serverless_.get_credentials(request, credentials, deadline);
          },
      .cluster_endpoint =
          [this](const auto& region, const auto& name, const auto& credentials, auto deadline) {
            return redshift_.endpoint(region, name, credentials, deadline);
          },
      .workgroup_endpoint =
          [this](const auto& region, const auto& name, const auto& credentials, auto deadline) {
            return serverless_.endpoint(region, name, credentials, deadline);
          },
  };
}

base::Result<Login> LoginService::Path::login(const config::IamFlag& flag, const Walk& walk) {
  const auto look_at_flag = [&]() -> base::Result<bool> {
    if (flag.enabled) return true;
    // Its first words are fixed, so the database is named at the end.
    base::Error error = config::feature_disabled_error(flag);
    error.message += fmt::format(" Database '{}' needs it.", walk.database.name);
    return std::unexpected(std::move(error));
  };
  const auto enabled =
      walk.steps != nullptr ? walk.steps->walk(StepName::feature_flag, look_at_flag) : look_at_flag();
  if (!enabled) return std::unexpected(enabled.error());
  if (walk.steps != nullptr) walk.steps->detail("AWS_DATABASE_IAM_AUTH is on");

  base::Result<Signers> signing = signing_step(walk);
  if (!signing) return std::unexpected(std::move(signing.error()));
  auto login = login_step(walk, *signing);
  if (login || walk.fresh == Fresh::yes || !signing->from_cache || !aws::may_be_the_keys(login.error())) {
    return login;
  }
  // Redshift's API refused what was kept.
  const Walk anew = walk.anew();
  base::Result<Signers> other = signing_step(anew);
  if (!other || other->credentials()->access_key_id == signing->credentials()->access_key_id) return login;
  return login_step(anew, *other);
}

base::Result<aws::CredentialsPtr> LoginService::Path::base_step(const Walk& walk) {
  return walk.step(
      StepName::base_credentials,
      [&] { return get_base_credentials(services_.base_credentials, services_.clock, walk.deadline); },
      [](const aws::CredentialsPtr& found) {
        return fmt::format("{} ({})", found->provider, found->identity);
      });
}

base::Result<Signers> LoginService::Path::signing_step(const Walk& walk) {
  // With a role between them, the database has not seen the base credentials: STS will say what it thinks of
  // them.
  if (walk.fresh == Fresh::yes && walk.iam.role_arn.empty()) {
    services_.base_credentials.distrust(aws::Distrust::refused);
  }
  const auto base = base_step(walk);
  if (!base) return std::unexpected(base.error());
  auto signing = role_step(walk, *base);
  if (signing || !aws::may_be_the_keys(signing.error())) return signing;
  // RoleCredentials has had them asked for anew; a rotated long-lived key is another identity.
  const auto other = get_base_credentials(services_.base_credentials, services_.clock, walk.deadline);
  if (!other || (*other)->identity == (*base)->identity) return signing;
  return role_step(walk, *other);
}

base::Result<Signers> LoginService::Path::role_step(const Walk& walk, const aws::CredentialsPtr& base) {
  const config::AwsIam& iam = walk.iam;
  Signers signing;
  signing.key.identity = base->identity;
  signing.key.region = iam.region;
  if (iam.role_arn.empty()) {  // same account: nothing to assume
    signing.signers = base_signers(base, signing.from_cache);
    return signing;
  }
  signing.key.role_arn = iam.role_arn;
  signing.key.external_id = iam.external_id;
  signing.key.session_name =
      iam.role_session_name.empty() ? kDefaultSessionName : std::string_view(iam.role_session_name);
  signing.key.duration = iam.session_duration;
  auto answer = walk.step(
      StepName::role_credentials, [&] { return roles_.get(signing.key, base, walk.deadline, walk.fresh); },
      [&](const Answer<RdsSigners>& got) {
        return fmt::format("{}, {}, {}", iam.role_arn, origin_text(got.origin),
                           validity_text(got.value->credentials()->expires_at));
      });
  if (!answer) return std::unexpected(std::move(answer.error()));
  signing.signers = std::move(answer->value);
  signing.from_cache = answer->origin != Origin::fetched;
  return signing;
}

base::Result<Login> LoginService::Path::login_step(const Walk& walk, const Signers& signing) {
  const bool redshift = walk.database.uri.engine == config::Engine::redshift;
  return walk.step(
      StepName::login, [&] { return redshift ? redshift_login(walk, signing) : rds_login(walk, signing); },
      [&](const Login& made) {
        return fmt::format("{} for {} at {}:{}, {}", redshift ? "temporary Redshift password" : "RDS token",
                           made.user, made.host, made.port, validity_text(made.expires_at));
      });
}

base::Result<Login> LoginService::Path::rds_login(const Walk& walk, const Signers& signing) const {
  Login login = login_of(walk.database);
  const base::WallTime now = services_.clock.now();
  login.user = walk.iam.db_username;
  login.region = walk.iam.region;
  login.password = signing.signers->sign({login.host, login.port, login.region, login.user}, now);
  login.expires_at = aws::rds_token_expiry(now, *signing.credentials());
  login.role_arn = walk.iam.role_arn;
  login.principal = login.role_arn.empty() ? std::string(signing.key.identity) : login.role_arn;
  // The machine's own credentials may come from a role, too, but no call was made for this login.
  if (!login.role_arn.empty()) login.request_id = signing.credentials()->request_id;
  login.from_cache = signing.from_cache;
  set_dial(login, walk.database);
  return login;
}

base::Result<Login> LoginService::Path::redshift_login(const Walk& walk, const Signers& signing) {
  const config::AwsIam& iam = walk.iam;
  const bool serverless = !iam.workgroup_name.empty();
  RedshiftLoginKey key{.target = {.role = RoleKey(signing.key),
                                  .serverless = serverless,
                                  .name = serverless ? iam.workgroup_name : iam.cluster_identifier},
                       .db_user = serverless ? std::string() : iam.db_username,
                       .db_name = iam.db_name,
                       .auto_create = !serverless && iam.auto_create,
                       .db_groups = serverless ? std::vector<std::string>() : iam.db_groups,
                       .duration = iam.duration_seconds};
  Login login = login_of(walk.database);
  if (login.host.empty()) {
    const auto endpoint =
        redshift_logins_.endpoint(key.target, signing.credentials(), walk.deadline, walk.fresh);
    if (!endpoint) return std::unexpected(endpoint.error());
    login.host = endpoint->value->host;
    login.port = walk.database.uri.port.value_or(endpoint->value->port);
  }
  const auto user = redshift_logins_.user(key, signing.credentials(), walk.deadline, walk.fresh);
  if (!user) return std::unexpected(user.error());
  login.user = user->value->user;
  login.password = user->value->password.copy();
  login.expires_at = user->value->expires_at;
  login.request_id = user->value->request_id;
  if (!iam.db_name.empty()) login.db_name = iam.db_name;
  login.role_arn = iam.role_arn;
  login.principal = login.role_arn.empty() ? std::string(signing.key.identity) : login.role_arn;
  login.from_cache = signing.from_cache || user->origin != Origin::fetched;
  set_dial(login, walk.database);
  return login;
}

std::shared_ptr<const RdsSigners> LoginService::Path::base_signers(const aws::CredentialsPtr& base,
                                                                   bool& kept) {
  std::shared_ptr<const RdsSigners> before;  // wiped after the lock is gone
  const std::lock_guard lock(mutex_);
  const bool known = base_signers_ && base_signers_->credentials() == base;
  kept = known && !base->read_anew;
  if (!known) {
    before = std::exchange(base_signers_, std::make_shared<const RdsSigners>(base));
  }
  return base_signers_;
}

void LoginService::Path::forget() {
  services_.base_credentials.distrust(aws::Distrust::reloaded);
  roles_.forget();
  redshift_logins_.forget();
}

Counters LoginService::Path::counters() const {
  const CacheCounts roles = roles_.counts();
  const CacheCounts users = redshift_logins_.user_counts();
  Counters counters;
  counters.assume_role_calls = roles_.calls();
  counters.redshift_calls = redshift_logins_.calls();
  counters.cache_hits = roles.hits + users.hits;
  counters.cache_misses = roles.misses + users.misses;
  counters.background_renewals = roles.background_renewals + users.background_renewals;
  counters.renewal_failures = roles.renewal_failures + users.renewal_failures;
  counters.stale_answers = roles.stale_answers + users.stale_answers;
  return counters;
}

std::vector<CredentialState> LoginService::Path::credentials() const {
  std::vector<CredentialState> states;
  for (const auto& held : roles_.held()) {
    states.push_back({.role_arn = held.key->role_arn,
                      .region = held.key->region,
                      .target = {},
                      .obtained_at = held.obtained_at,
                      .expires_at = held.value->credentials()->expires_at.value_or(base::WallTime::max())});
  }
  for (const auto& held : redshift_logins_.held_users()) {
    const RedshiftTarget& target = held.key->target;
    states.push_back(
        {.role_arn = target.role.role_arn,
         .region = target.role.region,
         .target = fmt::format("{} {}", target.serverless ? "redshift-serverless" : "redshift", target.name),
         .obtained_at = held.obtained_at,
         .expires_at = held.value->expires_at});
  }
  return states;
}

LoginService::LoginService(Services services) : path_(std::make_unique<Path>(std::move(services))) {}
LoginService::~LoginService() = default;

base::Result<Login> LoginService::login(const config::IamFlag& flag, const config::Database& database,
                                        base::Deadline deadline, Steps* steps, Fresh fresh) {
  if (!database.aws_iam) return password_login(database, steps);
  return path_->login(flag, Walk{database, *database.aws_iam, deadline, steps, fresh});
}

void LoginService::forget() { path_->forget(); }

void LoginService::stop() { path_->stop(); }

Counters LoginService::counters() const { return path_->counters(); }

std::vector<CredentialState> LoginService::credentials() const { return path_->credentials(); }

}  // namespace rolegate::login
