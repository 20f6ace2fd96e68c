#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "config/database.hpp"
#include "login/steps.hpp"

namespace rolegate::gateway {

/// Upper bounds of the buckets in which durations of steps are counted, in seconds; the last one is +Inf.
inline constexpr std::array kDurationBuckets{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05,
                                             0.1,    0.5,    1.0,   5.0,   10.0, 30.0};

struct Histogram {
  std::array<std::uint64_t, kDurationBuckets.size() + 1> counts{};  ///< not cumulative
  double sum = 0;                                                   ///< seconds
  /// Less than nothing (a clock's fault) counts as nothing.
  void add(std::chrono::microseconds duration);
};

/// How the last login of a database ended.
struct LastLogin {
  base::WallTime at;
  std::string outcome;  ///< "ok", or the code of the error ("assume_role_denied")
  std::string message;  ///< the error's sentence; empty when ok
};

/// What is counted of one database. Thread-safe.
class DatabaseStats {
 public:
  DatabaseStats(std::string name, config::Engine engine) : name_(std::move(name)), engine_(engine) {}

  /// `outcome`: "ok" or the code of the error, of which there are only so many; never a text from outside.
  void login_ended(base::WallTime at, std::string_view outcome, std::string_view message,
                   const std::vector<login::Step>& steps);
  /// For one that is served no more: how its last login ended is nobody's concern.
  void forget_last_login();

  struct Snapshot {
    std::string name;
    config::Engine engine = config::Engine::postgresql;
    std::int64_t sessions = 0;  ///< open now, logged in
    std::uint64_t bytes_to_client = 0;
    std::uint64_t bytes_to_database = 0;
    std::map<std::string, std::uint64_t> logins;  ///< by outcome
    std::map<login::StepName, Histogram> steps;   ///< failed steps, too
    std::optional<LastLogin> last_login;
  };
  [[nodiscard]] Snapshot snapshot() const;

  // Counted from the event loops as it happens.
  std::atomic<std::int64_t> sessions{0};
  std::atomic<std::uint64_t> bytes_to_client{0};
  std::atomic<std::uint64_t> bytes_to_database{0};

 private:
  const std::string name_;
  const config::Engine engine_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> logins_;
  std::map<login::StepName, Histogram> steps_;
  std::optional<LastLogin> last_login_;
};

/// Why a connection was not let in: the label of a counter.
enum class Refusal {
  authentication,  ///< wrong password, unknown user, no way in
  database,        ///< one that is not there or not this user's
  protocol,        ///< what came is no login
  timeout,         ///< the start-up took too long
  too_many,        ///< max_sessions, of the gateway or of a user, or too many that have not authenticated
  users_missing,   ///< TCP without any configured user
  cancel_key,      ///< a CancelRequest with a key that this gateway did not give out
  cancel_limit,  ///< a CancelRequest while another for that session was on its way, or too many of an address
  audit_log,     ///< audit_required, and the audit log cannot be written
  draining,      ///< no new sessions are taken
};
inline constexpr std::size_t kRefusals = 10;
[[nodiscard]] std::string_view refusal_name(Refusal refusal);

/// What the gateway counts that is of no single database. Thread-safe.
class Stats {
 public:
  void refused(Refusal refusal) { refusals_[static_cast<std::size_t>(refusal)].fetch_add(1); }

  struct Snapshot {
    std::vector<DatabaseStats::Snapshot> databases;  ///< of a gateway, by name
    std::array<std::uint64_t, kRefusals> refusals{};
    std::uint64_t connections = 0;        ///< accepted since start
    std::int64_t connections_now = 0;     ///< open, logged in or not
    std::int64_t authenticating_now = 0;  ///< of these, not authenticated yet
    std::uint64_t probes = 0;             ///< connections that ended before a proof was looked at
    std::uint64_t logins_held = 0;        ///< logins that had to wait for failures of their address
    std::uint64_t cancels = 0;            ///< CancelRequests passed on
    std::uint64_t audit_lines_lost = 0;
    std::uint64_t reloads = 0;         ///< that took effect
    std::uint64_t reloads_failed = 0;  ///< that changed nothing
  };
  /// Without any database.
  [[nodiscard]] Snapshot snapshot() const;

  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::int64_t> connections_now{0};
  std::atomic<std::int64_t> authenticating_now{0};
  std::atomic<std::uint64_t> probes{0};
  std::atomic<std::uint64_t> logins_held{0};
  std::atomic<std::uint64_t> cancels{0};
  std::atomic<std::uint64_t> audit_lines_lost{0};
  std::atomic<std::uint64_t> reloads{0};
  std::atomic<std::uint64_t> reloads_failed{0};

 private:
  std::array<std::atomic<std::uint64_t>, kRefusals> refusals_{};
};

/// What the health endpoints ask. `listeners_working` counts those that accept connections right now.
struct Health {
  bool started = false;
  bool draining = false;
  std::size_t listeners_working = 0;
  std::size_t listeners_configured = 0;
};

/// What the admin server shows of a gateway. Thread-safe.
class Observed {
 public:
  virtual ~Observed() = default;
  [[nodiscard]] virtual Health health() const = 0;
  [[nodiscard]] virtual Stats::Snapshot stats() const = 0;
};

}  // namespace rolegate::gateway
