#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <system_error>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "aws/chain.hpp"
#include "aws/curl_http.hpp"
#include "aws/profile_settings.hpp"
#include "cli/command_line.hpp"
#include "cli/error_report.hpp"
#include "cli/spdlog_log.hpp"
#include "cli/style.hpp"

namespace {

using namespace rolegate;

/// Everything a login stands on, put together when the first command asks for it.
class LoginStack {
 public:
  LoginStack(const base::Environment& environment, const base::Clock& clock, base::Log& log,
             const std::string& profile)
      : settings_(environment, clock, log, profile),
        http_(aws::make_curl_http(settings_)),
        credentials_(aws::make_default_chain({settings_, clock, *http_, log}, profile)),
        service_({settings_, clock, *http_, log, *credentials_, aws::make_retry_policy(settings_)}) {}

  LoginStack(const LoginStack&) = delete;
  LoginStack& operator=(const LoginStack&) = delete;
  /// A command that has ended does not wait for calls that nobody needs any more.
  ~LoginStack() { http_->stop(); }

  login::LoginService& service() { return service_; }
  aws::HttpClient& http() { return *http_; }

 private:
  const aws::ProfileSettings settings_;
  std::unique_ptr<aws::HttpClient> http_;
  std::unique_ptr<aws::CredentialProvider> credentials_;
  login::LoginService service_;
};

/// A command that could not say its answer has failed. A broken pipe is told the way every program of a
/// pipeline tells it: by the signal, unless whoever started this one ignores it.
cli::ExitStatus finish(cli::Output& out, cli::Output& err, cli::ExitStatus status,
                       const cli::InheritedLimits& inherited) {
  out.flush();
  if (!out.failed()) return status;
  if (out.error() == EPIPE && inherited.sigpipe.sa_handler != SIG_IGN) {
    err.flush();
    ::sigaction(SIGPIPE, &inherited.sigpipe, nullptr);
    ::raise(SIGPIPE);
  }
  err.write(fmt::format("rolegate: error: Standard output cannot be written: {}.\n",
                        std::generic_category().message(out.error())));
  return cli::ExitStatus::failed;
}

cli::ExitStatus run(const std::vector<std::string>& arguments, cli::Output& out, cli::Output& err,
                    const base::Environment& environment, const cli::InheritedLimits& inherited) {
  const auto invocation = cli::parse_command_line(arguments);
  if (!invocation) return cli::report(err, invocation.error());

  const base::SystemClock clock;
  // A service says what it does without being asked.
  const bool service = std::holds_alternative<cli::ServeArguments>(invocation->command);
  cli::SpdlogLog log(cli::log_threshold(invocation->options.verbosity + (service ? 1 : 0)));
  std::unique_ptr<LoginStack> made;
  const auto stack = [&]() -> LoginStack& {
    if (!made) made = std::make_unique<LoginStack>(environment, clock, log, invocation->options.profile);
    return *made;
  };
  cli::Context context{invocation->options,
                       environment,
                       clock,
                       log,
                       out,
                       err,
                       inherited,
                       [&]() -> login::LoginService& { return stack().service(); },
                       [&]() -> aws::HttpClient& { return stack().http(); }};
  return std::visit([&](const auto& command) { return cli::run(context, command); }, invocation->command);
}

}  // namespace

int main(int argc, char** argv) {
  const cli::InheritedLimits inherited = cli::protect_process();
  const base::ProcessEnvironment environment;
  cli::FdOutput out(STDOUT_FILENO, cli::style_of_descriptor(STDOUT_FILENO, environment));
  cli::FdOutput err(STDERR_FILENO, cli::style_of_descriptor(STDERR_FILENO, environment));
  cli::ExitStatus status = cli::ExitStatus::failed;
  try {
    status = run({argv + (argc > 0 ? 1 : 0), argv + argc}, out, err, environment, inherited);
  } catch (const std::exception& error) {
    err.write(fmt::format("rolegate: error: This is a bug, or the machine is out of something: {}\n",
                          error.what()));
  }
  return static_cast<int>(finish(out, err, status, inherited));
}
