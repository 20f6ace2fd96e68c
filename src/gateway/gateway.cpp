#include "gateway/gateway.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "config/difference.hpp"
#include "config/directory.hpp"
#include "config/snapshot.hpp"
#include "gateway/desks.hpp"
#include "gateway/doors.hpp"
#include "gateway/errc.hpp"
#include "gateway/rsa_key.hpp"
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

bool is_only_owners(const config::Snapshot& snapshot) {
  return !snapshot.gateway || snapshot.gateway->users.empty();
}

/// Of the databases that are others now; of all when it may have to do with the gateway section.
Doors::Listeners changed_listeners(const config::Difference& difference, const config::Snapshot& after) {
  const config::Gateway* const gateway = after.gateway.get();
  Doors::Listeners listeners;
  for (const config::DirectoryEntry& removed : difference.removed) listeners[removed.database->name];
  const auto put = [&](const config::DirectoryEntry& entry) {
    listeners[entry.database->name] = listeners_of(*entry.database, gateway);
  };
  if (difference.gateway) {
    listeners[""] = shared_listeners(gateway);
    for (const config::DirectoryEntry& entry : after.databases.entries()) put(entry);
  } else {
    for (const config::DirectoryEntry& added : difference.added) put(added);
    for (const config::Difference::Change& changed : difference.changed) put(changed.after);
  }
  return listeners;
}

bool needs_rsa_key(const Door& door) {
  const Listener& listener = *door.listener;
  return listener.protocol == net::Protocol::mysql && !listener.configured.is_unix && !listener.tls_required;
}

/// After that nobody is let in by what was there before: but for a loop that is busy for so long, which must
/// not hold up a change.
void wait_for(const std::vector<std::future<void>>& taken_over) {
  const auto deadline = std::chrono::steady_clock::now() + kLoopsTakeOver;
  for (const std::future<void>& done : taken_over) done.wait_until(deadline);
}

}  // namespace

class Gateway::Inside {
 public:
  explicit Inside(Services services);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  [[nodiscard]] base::Result<void> reload(config::Config config, std::vector<net::ListeningSocket> inherited);
  /// Serves what follows from the present snapshot.
  using Follows = std::function<config::Snapshot(const config::Snapshot& present)>;
  [[nodiscard]] base::Result<void> change(const Follows& follows);
  void drain();
  void close_sessions();
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] std::size_t awaited_sessions() const;
  [[nodiscard]] int idle_descriptor() const { return idle_.get(); }
  [[nodiscard]] std::shared_ptr<const config::Snapshot> snapshot() const { return directory_.snapshot(); }
  [[nodiscard]] std::vector<Listener> listeners() const;
  [[nodiscard]] Health health() const;
  [[nodiscard]] Stats::Snapshot stats() const;

 private:
  /// Ready when each loop has taken over what is served now.
  using TakenOver = std::vector<std::future<void>>;

  [[nodiscard]] base::Result<void> publish(std::shared_ptr<const Settings> settings,
                                           std::vector<net::ListeningSocket> inherited);
  [[nodiscard]] base::Result<Doors::Change> open_doors(const config::Difference& difference,
                                                       const config::Snapshot& after,
                                                       std::vector<net::ListeningSocket> inherited);
  TakenOver change_doors(const Doors::Change& change);
  void set_modes_of_sockets(bool only_owner) const;
  TakenOver reconsider_sessions(const config::Difference& difference);
  [[nodiscard]] Worker& least_busy();

  const Services services_;
  config::Directory directory_;
  Desks desks_;
  upstream::UpstreamTls tls_;
  /// A login waits for AWS at most; with four threads a database, sixty of them can be stuck at once.
  base::CallPool pool_{{.threads = 256, .per_lane = 4}};
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

  std::mutex changing_;  ///< one change at a time
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
  Doors doors_;
  std::size_t listeners_configured_ = 0;
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
    workers_.back()->place = [this]() -> Worker& { return least_busy(); };
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

base::Result<void> Gateway::Inside::reload(config::Config config,
                                           std::vector<net::ListeningSocket> inherited) {
  const std::lock_guard one_at_a_time(changing_);
  auto settings = make_settings(
      std::make_shared<const config::Snapshot>(directory_.snapshot()->reloaded(std::move(config))));
  if (!settings) return std::unexpected(std::move(settings.error()));
  tls_.look_again();
  return publish(std::move(*settings), std::move(inherited));
}

base::Result<void> Gateway::Inside::change(const Follows& follows) {
  const std::lock_guard one_at_a_time(changing_);
  auto snapshot = std::make_shared<const config::Snapshot>(follows(*directory_.snapshot()));
  return publish(with_snapshot(*settings_, std::move(snapshot)), {});
}

/// The order matters: whoever is told of a database finds its door, whoever comes in by a door finds its
/// database, and nobody is with what is given up.
base::Result<void> Gateway::Inside::publish(std::shared_ptr<const Settings> settings,
                                            std::vector<net::ListeningSocket> inherited) {
  const auto before = directory_.snapshot();
  const auto after = settings->snapshot;
  const config::Difference difference = config::difference(*before, *after);
  // 1. What may fail: sockets begin to listen, at which nobody is heard yet.
  auto doors = open_doors(difference, *after, std::move(inherited));
  if (!doors) return std::unexpected(std::move(doors.error()));
  // 2. Sessions that begin from now on are with the new snapshot.
  {
    const std::lock_guard lock(mutex_);
    static_cast<void>(directory_.publish(before, after));  // changing_ is held
    settings_ = std::move(settings);
    doors_.apply(*doors);
    listeners_configured_ = doors_.size();
  }
  for (const config::DirectoryEntry& added : difference.added) greetings_->put(added);
  for (const config::Difference::Change& changed : difference.changed) greetings_->put(changed.after);
  greetings_->set_needed(doors_.mysql() > 0);
  // 3. Clients are heard at the new doors, and at the old ones no more.
  if (difference.users) set_modes_of_sockets(is_only_owners(*after));
  TakenOver taken_over = change_doors(*doors);
  // 4. What is kept of databases that have gone is given up, as far as nobody uses it.
  for (const config::DirectoryEntry& removed : difference.removed) {
    if (after->databases.find(removed.database->name) == nullptr) greetings_->erase(removed.database->name);
    desks_.retire(*removed.database);
  }
  // 5. Sessions that could not begin any more end.
  std::ranges::move(reconsider_sessions(difference), std::back_inserter(taken_over));
  // The next change finds everything in its place.
  wait_for(taken_over);
  return {};
}

base::Result<Doors::Change> Gateway::Inside::open_doors(const config::Difference& difference,
                                                        const config::Snapshot& after,
                                                        std::vector<net::ListeningSocket> inherited) {
  auto doors = doors_.prepare(changed_listeners(difference, after), inherited, is_only_owners(after));
  if (!doors) return doors;
  if (doors_.size() + doors->opened.size() == doors->closed.size()) {
    return base::fail(Errc::gateway_not_configured,
                      fmt::format("Nothing in {} says where the gateway is to listen.", after.file),
                      "Add 'gateway: {postgresql: {listen: [\"127.0.0.1:6432\"]}}', or name databases: "
                      "`rolegate serve DATABASE…`.");
  }
  for (const net::ListeningSocket& unused : inherited) {
    services_.log.warning(
        "the socket {} was passed on by the service manager, but nothing in {} listens there",
        unused.address(), after.file);
  }
  if (!rsa_key_ && std::ranges::any_of(doors->opened, needs_rsa_key)) {
    rsa_key_ = make_rsa_key();
    mysql_->rsa_key = rsa_key_.get();
  }
  return doors;
}

Gateway::Inside::TakenOver Gateway::Inside::change_doors(const Doors::Change& change) {
  TakenOver taken_over;
  if (change.opened.empty() && change.closed.empty()) return taken_over;
  for (const auto& worker : workers_)
    taken_over.push_back(worker->change_doors(change.closed, change.opened));
  return taken_over;
}

void Gateway::Inside::set_modes_of_sockets(bool only_owner) const {
  for (const Door& door : doors_.all()) {
    if (door.socket->set_only_owner(only_owner)) continue;
    services_.log.warning("the mode of the socket {} could not be changed", door.listener->address);
  }
}

/// A database that has changed, and is there still, ends no session; neither does one that others are with.
Gateway::Inside::TakenOver Gateway::Inside::reconsider_sessions(const config::Difference& difference) {
  TakenOver taken_over;
  if (difference.gateway) {
    for (const auto& worker : workers_) taken_over.push_back(worker->reconsider_sessions());
    return taken_over;
  }
  auto databases = std::make_shared<std::set<std::string>>();
  for (const config::DirectoryEntry& removed : difference.removed) databases->insert(removed.database->name);
  for (const config::DirectoryEntry& added : difference.added) databases->insert(added.database->name);
  if (databases->empty()) return taken_over;
  for (const auto& worker : workers_) taken_over.push_back(worker->reconsider_sessions_with(databases));
  return taken_over;
}

Worker& Gateway::Inside::least_busy() {
  return **std::ranges::min_element(workers_, {}, [](const auto& worker) { return worker->sessions(); });
}

void Gateway::Inside::drain() { draining_ = true; }

void Gateway::Inside::close_sessions() {
  {
    const std::lock_guard one_at_a_time(changing_);
    const std::lock_guard lock(mutex_);
    const Doors closed = std::exchange(doors_, {});
    change_doors({.doors = {}, .opened = {}, .closed = closed.all()});
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

std::vector<Listener> Gateway::Inside::listeners() const {
  const std::lock_guard lock(mutex_);
  std::vector<Listener> listeners;
  for (const Door& door : doors_.all()) listeners.push_back(*door.listener);
  return listeners;
}

Health Gateway::Inside::health() const {
  const std::lock_guard lock(mutex_);
  return {true, draining_, doors_.size(), listeners_configured_};
}

Gateway::Gateway(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Gateway::~Gateway() = default;

base::Result<std::unique_ptr<Gateway>> Gateway::start(Services services, config::Config config,
                                                      std::vector<net::ListeningSocket> inherited) {
  auto inside = std::make_unique<Inside>(services);
  if (auto configured = inside->reload(std::move(config), std::move(inherited)); !configured) {
    return std::unexpected(std::move(configured.error()));
  }
  return std::unique_ptr<Gateway>(new Gateway(std::move(inside)));
}

base::Result<void> Gateway::reload(config::Config config) { return inside_->reload(std::move(config), {}); }

base::Result<void> Gateway::put(config::Database database) {
  return inside_->change([&](const config::Snapshot& present) { return present.with(std::move(database)); });
}

base::Result<void> Gateway::remove(std::string_view name) {
  return inside_->change([&](const config::Snapshot& present) { return present.without(name); });
}

void Gateway::drain() { inside_->drain(); }
void Gateway::close_sessions() { inside_->close_sessions(); }
std::size_t Gateway::sessions() const { return inside_->sessions(); }
std::size_t Gateway::awaited_sessions() const { return inside_->awaited_sessions(); }
int Gateway::idle_descriptor() const { return inside_->idle_descriptor(); }
std::shared_ptr<const config::Snapshot> Gateway::snapshot() const { return inside_->snapshot(); }
std::vector<Listener> Gateway::listeners() const { return inside_->listeners(); }
Health Gateway::health() const { return inside_->health(); }
Stats::Snapshot Gateway::stats() const { return inside_->stats(); }

}  // namespace rolegate::gateway
