#include "cli/serve_command.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin/admin_server.hpp"
#include "base/counted.hpp"
#include "cli/error_report.hpp"
#include "cli/served_configuration.hpp"
#include "cli/version.hpp"
#include "gateway/gateway.hpp"
#include "serve/service_manager.hpp"

namespace rolegate::cli {
namespace {

/// How long the sessions' last words may take.
constexpr std::chrono::seconds kLastWords{5};
constexpr std::chrono::seconds kAuditFlush{5};

/// Blocks these signals, in this thread and those it starts, and gives a descriptor that tells of them.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    descriptor_ = gateway::Descriptor(::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() {
    while (take() != 0) {
    }  // what came after the last look asks for what has been done
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// 0 when there is none.
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    return ::read(descriptor_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                                        : 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  gateway::Descriptor descriptor_;
};

std::string_view wire_name(gateway::Wire wire) {
  return wire == gateway::Wire::mysql ? "MySQL" : "PostgreSQL";
}

/// "PostgreSQL at 127.0.0.1:6432 (database orders)".
std::string text_of(const gateway::Gateway::Door& door) {
  return fmt::format("{} at {}{}", wire_name(door.wire), door.address,
                     door.database.empty() ? "" : fmt::format(" (database {})", door.database));
}

std::set<std::string> texts_of(const std::vector<gateway::Gateway::Door>& doors) {
  std::set<std::string> texts;
  for (const auto& door : doors) texts.insert(text_of(door));
  return texts;
}

/// A session is two descriptors; the system's default of 1,024 is soon used up.
void raise_descriptor_limit(base::Log& log, std::size_t sessions) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t needed = 2 * sessions + 256;
  if (limit.rlim_max < needed) {
    log.warning("{} sessions need {} file descriptors, but this process may have {} (ulimit -n, LimitNOFILE)",
                sessions, needed, limit.rlim_max);
  }
}

/// The running service: everything between start and end of one `serve`.
class Service {
 public:
  Service(Context& context, const ServeArguments& arguments)
      : context_(context), arguments_(arguments), manager_(context.environment) {}

  base::Result<void> start();
  void run();

 private:
  base::Result<std::shared_ptr<const config::Config>> read_configuration(Reading reading);
  void tell_doors() const;
  void tell_connection_strings();
  void reload();
  void reopen_audit_log();
  void drain();
  void wait_until(const std::function<bool()>& sessions_are_done, std::chrono::milliseconds limit);
  [[nodiscard]] std::chrono::milliseconds drain_timeout() const;

  Context& context_;
  const ServeArguments& arguments_;
  const Signals signals_;
  const serve::ServiceManager manager_;
  base::SystemRandom random_;
  gateway::Stats stats_;
  std::optional<SocketFolder> folder_;
  std::string file_;  ///< that was read at the start; a reload reads no other
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<gateway::AuditLog> audit_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<admin::AdminServer> admin_;
};

base::Result<std::shared_ptr<const config::Config>> Service::read_configuration(Reading reading) {
  if (reading == Reading::start) {
    auto found = config::find_file(context_.options.config_file, context_.environment);
    if (!found) return std::unexpected(std::move(found.error()));
    file_ = std::move(*found);
  } else if (auto readable = config::check_readable_again(file_); !readable) {
    return std::unexpected(std::move(readable.error()));
  }
  const std::string& file = reading == Reading::start ? context_.options.config_file : file_;
  if (arguments_.databases.empty()) return configuration_to_serve(context_, file, reading);
  return configuration_to_serve(context_, file, arguments_.databases, folder_->path());
}

base::Result<void> Service::start() {
  // First, while there is one thread: the variables that told of them are taken away.
  auto inherited = gateway::inherited_sockets();
  if (!arguments_.databases.empty()) {
    auto folder = SocketFolder::make(context_.environment);
    if (!folder) return std::unexpected(std::move(folder.error()));
    folder_.emplace(std::move(*folder));
  }
  auto config = read_configuration(Reading::start);
  if (!config) return std::unexpected(std::move(config.error()));
  config_ = std::move(*config);
  // Whoever named databases has not asked for the ten thousand sessions of the default.
  raise_descriptor_limit(context_.log, folder_ || !config_->gateway ? 0 : config_->gateway->max_sessions);
  auto audit =
      gateway::open_audit_log(config_->gateway ? config_->gateway->audit_log : "", stats_, context_.log);
  if (!audit) return std::unexpected(std::move(audit.error()));
  audit_ = std::move(*audit);
  login::LoginService& logins = context_.login_service();
  auto gateway = gateway::Gateway::start(
      {logins, context_.environment, context_.clock, random_, context_.log, *audit_, stats_}, config_,
      std::move(inherited));
  if (!gateway) return std::unexpected(std::move(gateway.error()));
  gateway_ = std::move(*gateway);
  if (arguments_.databases.empty() || config_->admin.configured) {
    auto admin = admin::start_admin_server(
        config_->admin.listen, {*gateway_, logins, context_.clock, context_.log, std::string(kVersion)});
    if (admin) {
      admin_ = std::move(*admin);
    } else if (config_->admin.configured) {
      return std::unexpected(std::move(admin.error()));
    } else {
      context_.log.warning("{} The gateway runs without its admin pages.", admin.error().text());
    }
  }
  tell_doors();
  if (folder_) tell_connection_strings();
  manager_.ready("Serving");
  return {};
}

void Service::tell_doors() const {
  for (const gateway::Gateway::Door& door : gateway_->doors())
    context_.log.info("listening for {}", text_of(door));
  if (admin_) context_.log.info("listening for the admin pages at http://{}", admin_->address());
}

void Service::tell_connection_strings() {
  for (const config::Database& database : config_->databases) {
    const auto [command, uri] = connection_string(database, folder_->path());
    context_.out.write(fmt::format("{}\n    {}\n    {}\n", database.name, command, uri));
  }
  context_.out.flush();
}

void Service::run() {
  for (;;) {
    pollfd waiting{signals_.descriptor(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    const int signal = signals_.take();
    if (signal == SIGHUP) {
      reload();
    } else if (signal != 0) {
      return drain();
    }
  }
}

void Service::reload() {
  manager_.reloading();
  // Whatever becomes of the file: whoever rotated keys sends SIGHUP, too.
  context_.login_service().forget();
  const std::set<std::string> before = texts_of(gateway_->doors());
  auto config = read_configuration(Reading::reload);
  base::Result<void> done;
  if (config) {
    done = gateway_->reload(*config);
  } else {
    done = std::unexpected(std::move(config.error()));
  }
  if (done) config_ = std::move(*config);
  // In any case: a rotation of the file is what SIGHUP is for, too.
  reopen_audit_log();
  if (done) {
    stats_.reloads.fetch_add(1);
    context_.log.info("the configuration was read again");
    const std::set<std::string> after = texts_of(gateway_->doors());
    for (const std::string& door : before) {
      if (!after.contains(door)) context_.log.info("no longer listening for {}", door);
    }
    tell_doors();
    manager_.ready("Serving");
  } else {
    stats_.reloads_failed.fetch_add(1);
    context_.log.error("The configuration was read again and nothing was changed: {}", done.error().text());
    manager_.ready("Serving with the earlier configuration; the latest one has errors");
  }
}

void Service::reopen_audit_log() {
  auto opened = audit_->reopen(config_->gateway ? config_->gateway->audit_log : "");
  if (!opened) context_.log.error("{}", opened.error().text());
}

std::chrono::milliseconds Service::drain_timeout() const {
  return config_->gateway ? config_->gateway->drain_timeout : std::chrono::seconds(30);
}

/// Not longer than `limit`, nor than until somebody asks again to stop.
void Service::wait_until(const std::function<bool()>& sessions_are_done, std::chrono::milliseconds limit) {
  const auto deadline = base::Deadline::in(limit);
  while (!sessions_are_done() && !deadline.passed()) {
    std::array<pollfd, 2> waiting{pollfd{signals_.descriptor(), POLLIN, 0},
                                  pollfd{gateway_->idle_descriptor(), POLLIN, 0}};
    ::poll(waiting.data(), waiting.size(), static_cast<int>(deadline.left().count()));
    std::uint64_t count = 0;
    if (waiting[1].revents != 0) {
      [[maybe_unused]] const ssize_t got = ::read(gateway_->idle_descriptor(), &count, sizeof count);
    }
    const int signal = signals_.take();
    if (signal == SIGHUP) {
      reopen_audit_log();
    } else if (signal != 0) {
      return;
    }
  }
}

/// Lets sessions finish, then ends them; a second signal ends them now.
void Service::drain() {
  gateway_->drain();
  manager_.stopping("Waiting for sessions to finish");
  if (gateway_->awaited_sessions() > 0) {
    context_.log.info("waiting up to {} s for {} to finish",
                      std::chrono::duration_cast<std::chrono::seconds>(drain_timeout()).count(),
                      base::counted(gateway_->awaited_sessions(), "session"));
  }
  wait_until([this] { return gateway_->awaited_sessions() == 0; }, drain_timeout());
  if (const std::size_t left = gateway_->sessions(); left > 0)
    context_.log.info("ending {}", base::counted(left, "session"));
  gateway_->close_sessions();
  wait_until([this] { return gateway_->sessions() == 0; }, kLastWords);
  admin_.reset();
  gateway_.reset();
  audit_->flush(kAuditFlush);
  context_.log.info("stopped");
}

}  // namespace

ExitStatus run(Context& context, const ServeArguments& arguments) {
  Service service(context, arguments);
  if (auto started = service.start(); !started) return report(context.err, started.error());
  service.run();
  return ExitStatus::done;
}

}  // namespace rolegate::cli
