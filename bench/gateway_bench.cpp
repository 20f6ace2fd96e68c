// What it costs the gateway to serve another database in the place of one, and to greet a MySQL client at a
// shared listener, with 10 and with 10,000 databases.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "gateway/gateway.hpp"
#include "gateway/mysql_greetings.hpp"

namespace {

using namespace rolegate;

config::Database database(std::int64_t number, config::Engine engine) {
  config::Database made;
  made.name = "database-" + std::to_string(number);
  made.uri.engine = engine;
  made.uri.host = "orders.cluster-cabcdefghijk.eu-west-1.rds.amazonaws.com";
  made.uri.database = "app";
  made.aws_iam.emplace();
  made.aws_iam->region = "eu-west-1";
  made.aws_iam->role_arn = "arn:aws:iam::222222222222:role/SupersetDatabaseAccess";
  made.aws_iam->db_username = "app_rw";
  return made;
}

struct NoAuditLog final : gateway::AuditLog {
  void write(const gateway::AuditRecord&) override {}
  base::Result<void> reopen(const std::string&) override { return {}; }
  bool flush(std::chrono::milliseconds) override { return true; }
  [[nodiscard]] bool works() const override { return true; }
};

/// Nobody logs in.
struct NoCredentials final : aws::CredentialProvider {
  [[nodiscard]] std::string_view name() const override { return "benchmark"; }
  [[nodiscard]] base::Result<aws::CredentialsPtr> get(base::Deadline, std::string&) override {
    return nullptr;
  }
};
struct NoHttp final : aws::HttpClient {
  base::Result<aws::HttpResponse> send(const aws::HttpRequest&, base::Deadline) override { return {}; }
};

/// The whole of a live change: the next snapshot, what differs, doors, and what is kept of the database.
void ServeOneChange(benchmark::State& state) {
  const base::FixedEnvironment environment;
  const base::SystemClock clock;
  base::NoLog log;
  base::SystemRandom random;
  NoCredentials provider;
  NoHttp http;
  NoAuditLog audit;
  gateway::Stats stats;
  login::LoginService logins{{environment, clock, http, log, provider, aws::make_retry_policy(environment)}};
  config::Config config;
  config.gateway.emplace();
  config.gateway->postgresql.listen.push_back({"127.0.0.1:0", false, {}, "127.0.0.1", 0});
  for (std::int64_t number = 0; number < state.range(0); ++number)
    config.databases.push_back(database(number, config::Engine::postgresql));
  auto gateway =
      gateway::Gateway::start({logins, environment, clock, random, log, audit, stats}, std::move(config));
  if (!gateway) return state.SkipWithError(gateway.error().message.c_str());
  std::int64_t round = 0;
  for (auto _ : state) {
    config::Database changed = database(round % state.range(0), config::Engine::postgresql);
    changed.uri.connect_timeout = std::chrono::seconds(++round);
    if (!(*gateway)->put(std::move(changed))) return state.SkipWithError("the database is not served");
  }
}
BENCHMARK(ServeOneChange)->Arg(10)->Arg(10'000);

struct Greetings {
  explicit Greetings(std::int64_t databases) {
    for (std::int64_t number = 0; number < databases; ++number) {
      auto made = std::make_shared<const config::Database>(database(number, config::Engine::mysql));
      known.put({made, 1});
      known.learned(made->name, greeting(number));
    }
  }
  static wire::mysql::Greeting greeting(std::int64_t number) {
    wire::mysql::Greeting made;
    made.server_version = "8.0.36";
    made.capabilities = number % 2 == 0 ? 0xDFFFFFFF : 0xDFFFFFFE;
    return made;
  }

  const base::SystemClock clock;
  net::EventLoop loop{clock};
  gateway::MysqlGreetings known{
      loop, [](const config::Database&, auto) -> gateway::MysqlGreetings::Question { return nullptr; }};
};

void GreetAtASharedListener(benchmark::State& state) {
  const Greetings greetings(state.range(0));
  for (auto _ : state) {
    auto greeting = greetings.known.at_listener("");
    benchmark::DoNotOptimize(greeting);
  }
}
BENCHMARK(GreetAtASharedListener)->Arg(10)->Arg(10'000);

void LearnAnotherGreeting(benchmark::State& state) {
  Greetings greetings(state.range(0));
  const std::string name = "database-" + std::to_string(state.range(0) / 2);
  std::int64_t round = 0;
  for (auto _ : state) greetings.known.learned(name, Greetings::greeting(++round));
}
BENCHMARK(LearnAnotherGreeting)->Arg(10)->Arg(10'000);

}  // namespace
