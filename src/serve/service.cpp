#include "serve/service.hpp"

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
#include <unistd.h>

#include "admin/admin_server.hpp"
#include "base/counted.hpp"
#include "base/random.hpp"
#include "gateway/gateway.hpp"
#include "serve/connection_string.hpp"
#include "serve/listeners.hpp"
#include "serve/service_manager.hpp"
#include "serve/signals.hpp"
#include "serve/socket_folder.hpp"

namespace rolegate::serve {
namespace {

/// How long the sessions' last words may take.
constexpr std::chrono::seconds kLastWords{5};
constexpr std::chrono::seconds kAuditFlush{5};

std::set<std::string> texts_of(const std::vector<gateway::Listener>& listeners) {
  std::set<std::string> texts;
  for (const auto& listener : listeners) texts.insert(listener_text(listener));
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
  Service(const Surroundings& surroundings, const Options& options)
      : surroundings_(surroundings),
        options_(options),
        log_(surroundings.log),
        manager_(surroundings.environment),
        configuration_({surroundings.environment, surroundings.clock, surroundings.log, surroundings.load},
                       options.config_file) {}

  base::Result<void> start();
  void run();

 private:
  void tell_listeners() const;
  [[nodiscard]] std::string connection_strings_of(const std::vector<config::Database>& databases) const;
  void tell_service_manager(std::string_view status) const;
  void reload();
  void reopen_audit_log();
  void drain();
  void wait_until(const std::function<bool()>& sessions_are_done, std::chrono::milliseconds limit);
  [[nodiscard]] std::chrono::milliseconds drain_timeout() const;

  const Surroundings& surroundings_;
  const Options& options_;
  base::Log& log_;
  const Signals signals_;
  const ServiceManager manager_;
  base::SystemRandom random_;
  gateway::Stats stats_;
  std::optional<SocketFolder> folder_;
  ServedConfiguration configuration_;
  std::unique_ptr<gateway::AuditLog> audit_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<admin::HttpServer> admin_;
};

base::Result<void> Service::start() {
  // First, while there is one thread: the variables that told of them are taken away.
  auto inherited = net::inherited_sockets();
  if (!options_.databases.empty()) {
    auto folder = SocketFolder::make(surroundings_.environment);
    if (!folder) return std::unexpected(std::move(folder.error()));
    folder_.emplace(std::move(*folder));
    configuration_.serve_only(options_.databases, folder_->path());
  }
  auto config = configuration_.read_first();
  if (!config) return std::unexpected(std::move(config.error()));
  const config::Admin pages = config->admin;
  const std::string connection_strings = folder_ ? connection_strings_of(config->databases) : std::string();
  // Whoever named databases has not asked for the ten thousand sessions of the default.
  raise_descriptor_limit(log_, folder_ || !config->gateway ? 0 : config->gateway->max_sessions);
  auto audit = gateway::open_audit_log(config->gateway ? config->gateway->audit_log : "", stats_, log_);
  if (!audit) return std::unexpected(std::move(audit.error()));
  audit_ = std::move(*audit);
  login::LoginService& logins = surroundings_.logins();
  auto gateway = gateway::Gateway::start(
      {logins, surroundings_.environment, surroundings_.clock, random_, log_, *audit_, stats_},
      std::move(*config), std::move(inherited));
  if (!gateway) return std::unexpected(std::move(gateway.error()));
  gateway_ = std::move(*gateway);
  if (options_.databases.empty() || pages.configured) {
    auto admin = admin::start_admin_server(pages.listen,
                                           {*gateway_, logins, surroundings_.clock, log_, options_.version});
    if (admin) {
      admin_ = std::move(*admin);
    } else if (pages.configured) {
      return std::unexpected(std::move(admin.error()));
    } else {
      log_.warning("{} The gateway runs without its admin pages.", admin.error().text());
    }
  }
  tell_listeners();
  if (folder_) surroundings_.print(connection_strings);
  tell_service_manager("Serving");
  return {};
}

void Service::tell_listeners() const {
  for (const gateway::Listener& listener : gateway_->listeners())
    log_.info("listening for {}", listener_text(listener));
  if (admin_) log_.info("listening for the admin pages at http://{}", admin_->address());
}

std::string Service::connection_strings_of(const std::vector<config::Database>& databases) const {
  std::string text;
  for (const config::Database& database : databases) {
    const auto [command, uri] = connection_string(database, folder_->path());
    text += fmt::format("{}\n    {}\n    {}\n", database.name, command, uri);
  }
  return text;
}

/// In this order: whoever waits for READY=1 knows where to connect.
void Service::tell_service_manager(std::string_view status) const {
  manager_.listeners(listeners_json(gateway_->listeners(), admin_ ? admin_->address() : ""));
  manager_.ready(status);
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
  surroundings_.logins().forget();
  const std::set<std::string> before = texts_of(gateway_->listeners());
  auto config = configuration_.read_again();
  base::Result<void> done;
  if (config) {
    done = gateway_->reload(std::move(*config));
  } else {
    done = std::unexpected(std::move(config.error()));
  }
  // In any case: a rotation of the file is what SIGHUP is for, too.
  reopen_audit_log();
  if (done) {
    stats_.reloads.fetch_add(1);
    log_.info("the configuration was read again");
    const std::set<std::string> after = texts_of(gateway_->listeners());
    for (const std::string& listener : before) {
      if (!after.contains(listener)) log_.info("no longer listening for {}", listener);
    }
    tell_listeners();
    tell_service_manager("Serving");
  } else {
    stats_.reloads_failed.fetch_add(1);
    log_.error("The configuration was read again and nothing was changed: {}", done.error().text());
    tell_service_manager("Serving with the earlier configuration; the latest one has errors");
  }
}

void Service::reopen_audit_log() {
  const auto served = gateway_->snapshot();
  auto opened = audit_->reopen(served->gateway ? served->gateway->audit_log : "");
  if (!opened) log_.error("{}", opened.error().text());
}

std::chrono::milliseconds Service::drain_timeout() const {
  const auto served = gateway_->snapshot();
  return served->gateway ? served->gateway->drain_timeout : std::chrono::seconds(30);
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
    log_.info("waiting up to {} s for {} to finish",
              std::chrono::duration_cast<std::chrono::seconds>(drain_timeout()).count(),
              base::counted(gateway_->awaited_sessions(), "session"));
  }
  wait_until([this] { return gateway_->awaited_sessions() == 0; }, drain_timeout());
  if (const std::size_t left = gateway_->sessions(); left > 0)
    log_.info("ending {}", base::counted(left, "session"));
  gateway_->close_sessions();
  wait_until([this] { return gateway_->sessions() == 0; }, kLastWords);
  admin_.reset();
  gateway_.reset();
  audit_->flush(kAuditFlush);
  log_.info("stopped");
}

}  // namespace

base::Result<void> run_service(const Surroundings& surroundings, const Options& options) {
  Service service(surroundings, options);
  if (auto started = service.start(); !started) return started;
  service.run();
  return {};
}

}  // namespace rolegate::serve
