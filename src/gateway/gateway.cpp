#include "gateway/gateway.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "config/difference.hpp"
#include "config/directory.hpp"
#include "config/snapshot.hpp"
#include "gateway/desks.hpp"
#include "gateway/errc.hpp"
#include "gateway/rsa_key.hpp"
#include "gateway/server_tls.hpp"
#include "gateway/session/session_services.hpp"
#include "gateway/worker.hpp"
#include "upstream/openings.hpp"

namespace rolegate::gateway {
namespace {

/// Connections that have not authenticated, of all workers together.
constexpr std::size_t kMostWaiting = 1000;
/// What a reload waits for the loops to take it over.
constexpr std::chrono::seconds kLoopsTakeOver{5};

std::size_t cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int count = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<std::size_t>(std::max(count, 1));
}

/// A listener as the configuration wants it.
struct Wanted {
  base::ListenAddress address;
  net::Wire wire = net::Wire::postgresql;
  std::string database;
  bool tls_required = false;
};

std::vector<Wanted> wanted(const config::Snapshot& snapshot) {
  std::vector<Wanted> all;
  const config::Gateway none;
  const config::Gateway& gateway = snapshot.gateway ? *snapshot.gateway : none;
  const auto add = [&](const std::vector<base::ListenAddress>& addresses, net::Wire wire,
                       const std::string& database) {
    const config::GatewayListeners& engine = wire == net::Wire::mysql ? gateway.mysql : gateway.postgresql;
    for (const auto& address : addresses)
      all.push_back({address, wire, database, engine.requires_tls(address)});
  };
  add(gateway.postgresql.listen, net::Wire::postgresql, {});
  add(gateway.mysql.listen, net::Wire::mysql, {});
  for (const config::DirectoryEntry& entry : snapshot.databases.entries()) {
    const config::Database& database = *entry.database;
    const bool mysql = database.uri.engine == config::Engine::mysql;
    add(database.listen, mysql ? net::Wire::mysql : net::Wire::postgresql, database.name);
  }
  return all;
}

base::Result<std::shared_ptr<const Settings>> make_settings(
    std::shared_ptr<const config::Snapshot> snapshot) {
  auto settings = std::make_shared<Settings>();
  if (snapshot->gateway) {
    const config::Gateway& gateway = *snapshot->gateway;
    for (const auto& [tls, wire, context] :
         {std::tuple{&gateway.postgresql.tls, net::Wire::postgresql, &settings->postgresql_tls},
          std::tuple{&gateway.mysql.tls, net::Wire::mysql, &settings->mysql_tls}}) {
      if (!*tls) continue;
      auto made = make_server_context(**tls, wire);
      if (!made) return std::unexpected(std::move(made.error()));
      *context = std::move(*made);
    }
    settings->max_sessions = gateway.max_sessions;
    settings->login_rate = gateway.login_rate;
    settings->idle_timeout = gateway.idle_timeout;
    settings->decoys = Decoys(gateway.users);
  }
  settings->snapshot = std::move(snapshot);
  return settings;
}

}  // namespace

class Gateway::Inside {
 public:
  explicit Inside(Services services);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  [[nodiscard]] base::Result<void> configure(config::Config config,
                                             std::vector<net::ListeningSocket> inherited);
  void drain();
  void close_sessions();
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] std::size_t awaited_sessions() const;
  [[nodiscard]] int idle_descriptor() const { return idle_.get(); }
  [[nodiscard]] std::shared_ptr<const config::Snapshot> snapshot() const { return directory_.snapshot(); }
  [[nodiscard]] std::vector<Door> doors() const;
  [[nodiscard]] Health health() const;
  [[nodiscard]] Stats::Snapshot stats() const;

 private:
  struct Open {
    Wanted wanted;
    std::shared_ptr<const net::ListeningSocket> socket;
    std::shared_ptr<const Listener> listener;

    /// Port 0 is another port for everybody who asks for it.
    [[nodiscard]] bool serves(const Wanted& one) const {
      const bool any_port = !one.address.is_unix && one.address.port == 0;
      return wanted.address == one.address && wanted.wire == one.wire &&
             (!any_port || wanted.database == one.database);
    }
  };

  [[nodiscard]] base::Result<std::vector<Open>> open_doors(const config::Snapshot& snapshot,
                                                           std::vector<net::ListeningSocket> inherited) const;
  [[nodiscard]] Worker& least_busy();
  /// Ready when the workers do so.
  std::vector<std::future<void>> accept_on(const std::vector<Open>& doors);
  [[nodiscard]] base::Result<std::vector<std::future<void>>> apply(
      const std::shared_ptr<const config::Snapshot>& before, std::shared_ptr<const config::Snapshot> snapshot,
      std::vector<net::ListeningSocket> inherited);

  const Services services_;
  config::Directory directory_;
  Desks desks_;
  upstream::UpstreamTls tls_;
  /// A login waits for AWS at most; with four threads a database, sixty of them can be stuck at once.
  login::CallPool pool_{{.threads = 256, .per_lane = 4}};
  FailureSlowdown slowdown_;
  OnceAMinute descriptor_warning_;
  OnceAMinute cancel_warning_;
  OnceAMinute held_warning_;
  CancelKeys cancel_keys_;
  CancelTurns cancel_turns_;
  MysqlConnections connections_;
  FastPasswords fast_passwords_;
  RsaKeyPtr rsa_key_;
  UserSessions user_sessions_;
  std::atomic<std::size_t> logged_in_{0};
  std::atomic<bool> draining_{false};
  const base::Descriptor idle_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<MysqlGreetings> greetings_;
  std::unique_ptr<const upstream::UpstreamServices> upstream_;
  std::unique_ptr<MysqlServices> mysql_;
  std::unique_ptr<SessionServices> session_services_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
  std::vector<Open> open_;
};

Gateway::Inside::Inside(Services services)
    : services_(services),
      desks_(directory_),
      tls_(services.environment, services.clock),
      idle_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const std::size_t count = cores();
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(services_.clock, std::max<std::size_t>(kMostWaiting / count, 1)));
    workers_.back()->settings = [this] {
      const std::lock_guard lock(mutex_);
      return settings_;
    };
    workers_.back()->on_empty = [this] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t put = ::write(idle_.get(), &one, sizeof one);
    };
  }
  greetings_ = std::make_unique<MysqlGreetings>(workers_.front()->loop(), pool_);
  mysql_ = std::make_unique<MysqlServices>(*greetings_, connections_, fast_passwords_, nullptr);
  session_services_ = std::make_unique<SessionServices>(
      pool_, services_.clock, services_.random, services_.log, services_.audit, services_.stats, desks_,
      slowdown_, descriptor_warning_, cancel_warning_, held_warning_, cancel_keys_, cancel_turns_, *mysql_,
      user_sessions_, ::geteuid(), logged_in_, draining_);
  upstream_ = std::make_unique<const upstream::UpstreamServices>(
      upstream::prepare_with(services_.logins, tls_), pool_, services_.random);
  for (const auto& worker : workers_) {
    worker->start(*session_services_, std::make_unique<upstream::Openings>(worker->loop(), *upstream_));
  }
}

/// Sessions first, since they use everything else; then the calls that nobody waits for any more.
Gateway::Inside::~Inside() {
  services_.logins.stop();
  for (const auto& worker : workers_) worker->stop();
  pool_.stop();
}

base::Result<std::vector<Gateway::Inside::Open>> Gateway::Inside::open_doors(
    const config::Snapshot& snapshot, std::vector<net::ListeningSocket> inherited) const {
  const bool only_owner = !snapshot.gateway || snapshot.gateway->users.empty();
  std::vector<Open> doors;
  std::vector<Open> known = open_;
  for (Wanted& one : wanted(snapshot)) {
    std::shared_ptr<const net::ListeningSocket> socket;
    const auto same = std::ranges::find_if(known, [&](const Open& open) { return open.serves(one); });
    if (same != known.end()) {
      socket = std::move(same->socket);
      known.erase(same);
    } else if (auto given = net::take_inherited(inherited, one.address, one.wire)) {
      socket = std::make_shared<const net::ListeningSocket>(std::move(*given));
    } else {
      auto opened = net::listen_at(one.address, one.wire, only_owner);
      if (!opened) return std::unexpected(std::move(opened.error()));
      socket = std::make_shared<const net::ListeningSocket>(std::move(*opened));
    }
    auto listener =
        std::make_shared<const Listener>(socket->address(), one.wire, one.database, one.tls_required);
    doors.push_back({std::move(one), std::move(socket), std::move(listener)});
  }
  for (const net::ListeningSocket& unused : inherited) {
    services_.log.warning(
        "the socket {} was passed on by the service manager, but nothing in {} listens there",
        unused.address(), snapshot.file);
  }
  return doors;
}

/// Once it returns, nobody is let in by what was there before: but for a loop that is busy for so long, which
/// must not hold up a reload.
base::Result<void> Gateway::Inside::configure(config::Config config,
                                              std::vector<net::ListeningSocket> inherited) {
  const auto before = directory_.snapshot();
  auto applied = apply(before, std::make_shared<const config::Snapshot>(before->reloaded(std::move(config))),
                       std::move(inherited));
  if (!applied) return std::unexpected(std::move(applied.error()));
  const auto deadline = std::chrono::steady_clock::now() + kLoopsTakeOver;
  for (std::future<void>& done : *applied) done.wait_until(deadline);
  return {};
}

base::Result<std::vector<std::future<void>>> Gateway::Inside::apply(
    const std::shared_ptr<const config::Snapshot>& before, std::shared_ptr<const config::Snapshot> snapshot,
    std::vector<net::ListeningSocket> inherited) {
  auto settings = make_settings(snapshot);
  if (!settings) return std::unexpected(std::move(settings.error()));
  // Before the lock, which accepting takes: it is a tenth of a second's work.
  RsaKeyPtr rsa_key;
  if (mysql_->rsa_key == nullptr && std::ranges::any_of(wanted(*snapshot), [](const Wanted& one) {
        return one.wire == net::Wire::mysql && !one.address.is_unix && !one.tls_required;
      })) {
    rsa_key = make_rsa_key();
  }
  const std::lock_guard lock(mutex_);
  auto doors = open_doors(*snapshot, std::move(inherited));
  if (!doors) return std::unexpected(std::move(doors.error()));
  if (doors->empty()) {
    return base::fail(Errc::gateway_not_configured,
                      fmt::format("Nothing in {} says where the gateway is to listen.", snapshot->file),
                      "Add 'gateway: {postgresql: {listen: [\"127.0.0.1:6432\"]}}', or name databases: "
                      "`rolegate serve DATABASE…`.");
  }
  const bool mysql =
      std::ranges::any_of(*doors, [](const Open& open) { return open.wanted.wire == net::Wire::mysql; });
  if (rsa_key && !rsa_key_) {
    rsa_key_ = std::move(rsa_key);
    mysql_->rsa_key = rsa_key_.get();
  }
  tls_.look_again();
  (void)directory_.publish(before, snapshot);
  settings_ = std::move(*settings);
  open_ = std::move(*doors);
  const bool only_owner = !settings_->snapshot->gateway || settings_->snapshot->gateway->users.empty();
  for (const Open& open : open_) {
    if (open.socket->set_only_owner(only_owner)) continue;
    services_.log.warning("the mode of the socket {} could not be changed", open.listener->address);
  }
  auto accepting = accept_on(open_);
  const config::Difference difference = config::difference(*before, *snapshot);
  for (const config::DirectoryEntry& gone : difference.removed) {
    greetings_->erase(gone.database->name);
    desks_.retire(*gone.database);
  }
  for (const config::DirectoryEntry& added : difference.added) greetings_->put(added);
  for (const config::Difference::Change& changed : difference.changed) greetings_->put(changed.after);
  greetings_->set_needed(mysql);
  for (const auto& worker : workers_) worker->reconsider_sessions();
  return accepting;
}

std::vector<std::future<void>> Gateway::Inside::accept_on(const std::vector<Open>& doors) {
  std::vector<Worker::Door> accepting;
  for (const Open& open : doors) accepting.push_back({open.socket, open.listener});
  std::vector<std::future<void>> done;
  for (const auto& worker : workers_) {
    done.push_back(worker->accept_on(accepting, [this]() -> Worker& { return least_busy(); }));
  }
  return done;
}

Worker& Gateway::Inside::least_busy() {
  return **std::ranges::min_element(workers_, {}, [](const auto& worker) { return worker->sessions(); });
}

void Gateway::Inside::drain() { draining_ = true; }

void Gateway::Inside::close_sessions() {
  {
    const std::lock_guard lock(mutex_);
    open_.clear();
    accept_on({});
  }
  for (const auto& worker : workers_) worker->shut_down_sessions();
}

std::size_t Gateway::Inside::sessions() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sessions();
  return sum;
}

std::size_t Gateway::Inside::awaited_sessions() const {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->awaited();
  return sum;
}

Stats::Snapshot Gateway::Inside::stats() const {
  Stats::Snapshot counted = services_.stats.snapshot();
  counted.databases = desks_.counted();
  return counted;
}

std::vector<Gateway::Door> Gateway::Inside::doors() const {
  const std::lock_guard lock(mutex_);
  std::vector<Door> all;
  for (const Open& open : open_) {
    all.push_back({open.listener->wire, open.listener->address, open.listener->database});
  }
  return all;
}

Health Gateway::Inside::health() const {
  const std::lock_guard lock(mutex_);
  return {true, draining_, open_.size(), wanted(*settings_->snapshot).size()};
}

Gateway::Gateway(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Gateway::~Gateway() = default;

base::Result<std::unique_ptr<Gateway>> Gateway::start(Services services, config::Config config,
                                                      std::vector<net::ListeningSocket> inherited) {
  auto inside = std::make_unique<Inside>(services);
  if (auto configured = inside->configure(std::move(config), std::move(inherited)); !configured) {
    return std::unexpected(std::move(configured.error()));
  }
  return std::unique_ptr<Gateway>(new Gateway(std::move(inside)));
}

base::Result<void> Gateway::reload(config::Config config) {
  return inside_->configure(std::move(config), {});
}

void Gateway::drain() { inside_->drain(); }
void Gateway::close_sessions() { inside_->close_sessions(); }
std::size_t Gateway::sessions() const { return inside_->sessions(); }
std::size_t Gateway::awaited_sessions() const { return inside_->awaited_sessions(); }
int Gateway::idle_descriptor() const { return inside_->idle_descriptor(); }
std::shared_ptr<const config::Snapshot> Gateway::snapshot() const { return inside_->snapshot(); }
std::vector<Gateway::Door> Gateway::doors() const { return inside_->doors(); }
Health Gateway::health() const { return inside_->health(); }
Stats::Snapshot Gateway::stats() const { return inside_->stats(); }

}  // namespace rolegate::gateway
