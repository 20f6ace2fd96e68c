#include <exception>
#include <memory>
#include <utility>

#include "api/host_services.hpp"
#include "aws/chain.hpp"
#include "aws/curl_http.hpp"
#include "aws/profile_settings.hpp"
#include "aws/retry.hpp"
#include "base/environment.hpp"
#include "base/per_process.hpp"
#include "config/read/find_file.hpp"
#include "config/read/load.hpp"
#include "connect/connect.hpp"
#include "login/login.hpp"
#include "rolegate/rolegate.hpp"

namespace rolegate {
namespace {

[[noreturn]] void raise(const base::Error& error) {
  throw Error(std::string(error.code), error.message, error.hint, error.aws ? error.aws->code : std::string(),
              error.aws ? error.aws->request_id : std::string(), error.retryable);
}

template <typename T>
T value_or_raise(base::Result<T>&& result) {
  if (!result) raise(result.error());
  return std::move(*result);
}

/// Whatever goes wrong inside leaves as an Error: also what is a bug, or comes out of the program's own log
/// or clock.
template <typename Work>
auto as_error(Work&& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Error("internal_error", failure.what(), {}, {}, {}, false);
  }
}

TimePoint time_point(base::WallTime time) { return std::chrono::time_point_cast<TimePoint::duration>(time); }

config::Loaded load(const Options& options, const base::Environment& environment) {
  if (options.config_text.empty()) return value_or_raise(config::load(options.config_file, environment));
  return config::load_text(options.config_text, "configuration text", environment);
}

base::Deadline deadline_of(const config::Database& database, std::chrono::milliseconds timeout) {
  if (timeout.count() > 0) return base::Deadline::in(timeout);
  return base::Deadline::in(database.uri.connect_timeout.value_or(login::kDefaultTimeout));
}

/// Everything a login stands on that a fork() takes apart: threads, locks, connections to AWS.
class LoginStack {
 public:
  LoginStack(const base::Environment& environment, const base::Clock& clock, base::Log& log,
             const Options& options)
      : settings_(environment, clock, log, options.aws_profile),
        http_(aws::make_curl_http(settings_)),
        credentials_(options.credential_provider
                         ? std::make_unique<api::HostCredentials>(options.credential_provider)
                         : aws::make_default_chain({settings_, clock, *http_, log}, options.aws_profile)),
        service_({settings_, clock, *http_, log, *credentials_, aws::make_retry_policy(settings_)}) {}
  LoginStack(const LoginStack&) = delete;
  LoginStack& operator=(const LoginStack&) = delete;
  /// Whoever lets a client go does not wait for calls that nobody needs any more.
  ~LoginStack() { http_->stop(); }

  [[nodiscard]] login::LoginService& service() { return service_; }

 private:
  const aws::ProfileSettings settings_;
  const std::unique_ptr<aws::HttpClient> http_;
  const std::unique_ptr<aws::CredentialProvider> credentials_;
  login::LoginService service_;
};

}  // namespace

struct Client::State {
  explicit State(Options given)
      : options(std::move(given)),
        loaded(load(options, environment)),
        clock(options.clock),
        log(options.log),
        stack([this] { return std::make_unique<LoginStack>(environment, clock, log, options); }) {
    if (loaded.found_in_current_folder) log.warning("using ./{} of the current folder", config::kFileHere);
    // A file that could not be read as a whole has problems that belong to no database, and no database.
    for (const auto& problem : loaded.problems) {
      if (problem.severity == config::Severity::error && problem.database.empty() &&
          loaded.config.databases.empty()) {
        throw Error("config_invalid", problem.text(), {}, {}, {}, false);
      }
    }
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const config::Database& database(const std::string& name) const {
    return *value_or_raise(loaded.find(name));
  }

  base::ProcessEnvironment environment;
  const Options options;
  config::Loaded loaded;
  api::HostClock clock;
  api::HostLog log;
  base::PerProcess<LoginStack> stack;
};

Client::Client(Options options)
    : state_(as_error([&] { return std::make_unique<State>(std::move(options)); })) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::vector<std::string> Client::databases() const {
  std::vector<std::string> names;
  for (const auto& database : state_->loaded.config.databases) names.push_back(database.name);
  return names;
}

Login Client::login(const std::string& name, std::chrono::milliseconds timeout) {
  return as_error([&] {
    const config::Database& database = state_->database(name);
    login::Login made = value_or_raise(state_->stack.get().service().login(
        state_->loaded.config.iam_flag(), database, deadline_of(database, timeout)));
    Login login;
    login.user = std::move(made.user);
    login.password = Secret(made.password.reveal());
    if (made.expires_at) login.expires_at = time_point(*made.expires_at);
    login.host = std::move(made.host);
    login.port = made.port;
    login.dial_host = std::move(made.dial.host);
    login.dial_port = made.dial.port;
    login.database = std::move(made.db_name);
    login.sslmode = config::ssl_mode_name(made.ssl_mode);
    login.role_arn = std::move(made.role_arn);
    login.aws_request_id = std::move(made.request_id);
    return login;
  });
}

PgConnection Client::connect_postgresql(const std::string& name, std::chrono::milliseconds timeout) {
  return as_error([&] {
    const config::Database& database = state_->database(name);
    auto opened = value_or_raise(
        connect::log_in_postgresql(state_->stack.get().service(), state_->loaded.config, database,
                                   state_->environment, deadline_of(database, timeout)));
    return PgConnection(opened.connection.release());
  });
}

MysqlConnection Client::connect_mysql(const std::string& name, std::chrono::milliseconds timeout) {
  return as_error([&] {
    const config::Database& database = state_->database(name);
    auto opened =
        value_or_raise(connect::log_in_mysql(state_->stack.get().service(), state_->loaded.config, database,
                                             state_->environment, deadline_of(database, timeout)));
    return MysqlConnection(opened.connection.release());
  });
}

void PgClose::operator()(pg_conn* connection) const noexcept { connect::PgClose{}(connection); }
void MysqlClose::operator()(st_mysql* connection) const noexcept { connect::MysqlClose{}(connection); }

const char* version() noexcept { return ROLEGATE_VERSION; }

}  // namespace rolegate
