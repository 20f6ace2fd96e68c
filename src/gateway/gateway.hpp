#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "config/config.hpp"
#include "config/snapshot.hpp"
#include "gateway/audit/audit_log.hpp"
#include "gateway/listener.hpp"
#include "gateway/stats.hpp"
#include "login/login.hpp"
#include "net/listening.hpp"

namespace rolegate::gateway {

/// Listens for PostgreSQL and MySQL clients and gives each a session with a database, logged in to with its
/// role. Thread-safe, but for construction and destruction.
class Gateway final : public Observed {
 public:
  /// The referents outlive the gateway.
  struct Services {
    login::LoginService& logins;
    const base::Environment& environment;
    const base::Clock& clock;
    base::Random& random;
    base::Log& log;
    AuditLog& audit;
    Stats& stats;
  };
  /// Opens the doors of the configuration's gateway section and of its databases, and begins to serve.
  /// Nothing is asked of any database or of AWS before a client wants it, MySQL's greetings apart.
  /// `inherited`: sockets that are open already.
  [[nodiscard]] static base::Result<std::unique_ptr<Gateway>> start(
      Services services, config::Config config, std::vector<net::ListeningSocket> inherited = {});
  ~Gateway() override;
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes another configuration: for new sessions; those there are keep what they have. An error leaves all
  /// as it was. Not after drain().
  [[nodiscard]] base::Result<void> reload(config::Config config);
  /// Serves that database from now on, also in the place of the one of its name. Costs about the same however
  /// many there are. An error, from opening its listeners, leaves all as it was. Not after drain().
  [[nodiscard]] base::Result<void> put(config::Database database);
  /// Serves it no more, if it is there. An error when nothing would listen any more.
  [[nodiscard]] base::Result<void> remove(std::string_view name);
  /// Takes no more sessions: those there are go on, and can still be cancelled and killed.
  void drain();
  /// Ends every session, with a message where there is room for one; it takes a few seconds at most. Listens
  /// no more.
  void close_sessions();
  [[nodiscard]] std::size_t sessions() const;
  /// Of these, the ones whose clients had proved who they are before drain().
  [[nodiscard]] std::size_t awaited_sessions() const;
  /// An eventfd that can be read when a worker's last session, or the last awaited one, has ended: a reason
  /// to look at the two counts.
  [[nodiscard]] int idle_descriptor() const;

  /// What is served right now.
  [[nodiscard]] std::shared_ptr<const config::Snapshot> snapshot() const;
  /// Where clients can connect; those where they choose a database first, then by database.
  [[nodiscard]] std::vector<Listener> listeners() const;
  [[nodiscard]] Health health() const override;
  [[nodiscard]] Stats::Snapshot stats() const override;

 private:
  class Inside;
  explicit Gateway(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace rolegate::gateway
