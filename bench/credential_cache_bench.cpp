// What a login costs when nothing has to be asked from AWS: the cache hit alone, and the whole warm login.
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "base/call_pool.hpp"
#include "login/login.hpp"
#include "login/role_credentials.hpp"

namespace {

using namespace rolegate;
using namespace std::chrono_literals;

constexpr std::string_view kRole = "arn:aws:iam::222222222222:role/SupersetDatabaseAccess";

aws::CredentialsPtr credentials(std::string access_key_id, std::string identity, std::size_t token_size,
                                std::optional<base::WallTime> expires_at) {
  auto made = std::make_shared<aws::Credentials>();
  made->access_key_id = std::move(access_key_id);
  made->secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  if (token_size > 0) made->session_token = base::Secret(std::string(token_size, 'x'));
  made->identity = std::move(identity);
  made->provider = "benchmark";
  made->expires_at = expires_at;
  return made;
}

class FixedProvider final : public aws::CredentialProvider {
 public:
  [[nodiscard]] std::string_view name() const override { return "benchmark"; }
  [[nodiscard]] base::Result<aws::CredentialsPtr> get(base::Deadline, std::string&) override {
    return credentials_;
  }

 private:
  const aws::CredentialsPtr credentials_ =
      credentials("AKIAIOSFODNN7EXAMPLE", "imds:SupersetInstanceRole", 0, std::nullopt);
};

/// Answers AssumeRole; the benchmarks ask it once.
class StsOnly final : public aws::HttpClient {
 public:
  base::Result<aws::HttpResponse> send(const aws::HttpRequest&, base::Deadline) override {
    aws::HttpResponse response;
    response.status = 200;
    response.body =
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>"
        "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>" +
        std::string(1024, 'x') +
        "</SessionToken><Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>";
    return response;
  }
};

/// A role cache with 100 roles in it, real clocks.
struct WarmCache {
  base::SystemClock clock;
  base::NoLog log;
  FixedProvider provider;
  base::CallPool pool;
  login::RoleCredentials roles{
      {clock, log, pool},
      provider,
      [this](const aws::AssumeRoleRequest&, const aws::Credentials&, base::Deadline) {
        return base::Result<aws::CredentialsPtr>(credentials("ASIA", "x", 1024, clock.now() + 1h));
      }};
  std::string why_not;
  aws::CredentialsPtr base = *provider.get(base::Deadline::in(1s), why_not);

  WarmCache() {
    for (int n = 0; n < 100; ++n)
      (void)roles.get(key("arn:aws:iam::222222222222:role/R" + std::to_string(n)), base, in());
    (void)roles.get(key(kRole), base, in());
  }
  ~WarmCache() {
    roles.stop();
    pool.stop();
  }
  WarmCache(const WarmCache&) = delete;
  WarmCache& operator=(const WarmCache&) = delete;

  [[nodiscard]] login::RoleKeyView key(std::string_view role_arn) const {
    return {base->identity, role_arn, "eu-west-1", "superset-prod-12345", "rolegate", 1h};
  }
  static base::Deadline in() { return base::Deadline::in(30s); }
};

WarmCache& warm_cache() {
  static WarmCache cache;
  return cache;
}

void CredentialCacheHit(benchmark::State& state) {
  WarmCache& cache = warm_cache();
  const login::RoleKeyView key = cache.key(kRole);
  const base::Deadline deadline = WarmCache::in();
  for (auto _ : state) {
    auto answer = cache.roles.get(key, cache.base, deadline);
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(CredentialCacheHit);
BENCHMARK(CredentialCacheHit)->Threads(8)->UseRealTime();

struct WarmService {
  base::FixedEnvironment environment;
  base::SystemClock clock;
  StsOnly http;
  base::NoLog log;
  FixedProvider provider;
  login::LoginService service{{environment, clock, http, log, provider, aws::make_retry_policy(environment)}};
  config::Config config;
  config::Database database;

  WarmService() {
    config.aws_database_iam_auth = true;
    database.name = "orders";
    database.uri.host = "orders.cluster-cabcdefghijk.eu-west-1.rds.amazonaws.com";
    database.uri.database = "app";
    database.aws_iam.emplace();
    database.aws_iam->region = "eu-west-1";
    database.aws_iam->role_arn = kRole;
    database.aws_iam->external_id = "superset-prod-12345";
    database.aws_iam->db_username = "app_rw";
  }
};

WarmService& warm_service() {
  static WarmService service;
  return service;
}

void WarmLogin(benchmark::State& state) {
  WarmService& warm = warm_service();
  for (auto _ : state) {
    auto login = warm.service.login(warm.config.iam_flag(), warm.database, base::Deadline::in(30s));
    if (!login) {
      state.SkipWithError(login.error().message.c_str());
      break;
    }
    benchmark::DoNotOptimize(login);
  }
}
BENCHMARK(WarmLogin);
BENCHMARK(WarmLogin)->Threads(8)->UseRealTime();

}  // namespace
