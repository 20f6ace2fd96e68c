#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "config/snapshot.hpp"
#include "gateway/access.hpp"
#include "gateway/audit/audit_log.hpp"
#include "gateway/cancel_keys.hpp"
#include "gateway/cancel_turns.hpp"
#include "gateway/decoys.hpp"
#include "gateway/desks.hpp"
#include "gateway/limits.hpp"
#include "gateway/session/client_error.hpp"
#include "gateway/session/relay.hpp"
#include "gateway/stats.hpp"
#include "gateway/user_sessions.hpp"
#include "gateway/waiting_room.hpp"
#include "net/event_loop.hpp"
#include "net/listening.hpp"
#include "net/stream.hpp"
#include "upstream/opening.hpp"

namespace rolegate::gateway {

/// Where a client came in. `database`: of a listener of its own; empty: the client chooses. Not the socket
/// itself: that is closed when the gateway drains, whatever sessions came through it.
struct Listener {
  std::string address;
  net::Wire wire = net::Wire::postgresql;
  std::string database;
  bool tls_required = false;
};

/// What a reload replaces as a whole; a session keeps what it began with.
struct Settings {
  std::shared_ptr<const config::Snapshot> snapshot;
  net::SslContextPtr postgresql_tls;  ///< null: TLS is not offered
  net::SslContextPtr mysql_tls;
  std::size_t max_sessions = 10000;
  int login_rate = 100;
  std::chrono::milliseconds idle_timeout{0};
  Decoys decoys{{}};
};

struct MysqlDoor;

/// What all sessions share. Everything in it is thread-safe.
struct Shared {
  upstream::UpstreamServices upstream;
  const base::Clock& clock;
  base::Random& random;
  base::Log& log;
  AuditLog& audit;
  Stats& stats;
  Desks& desks;
  FailureSlowdown& slowdown;
  OnceAMinute& descriptor_warning;  ///< that there are too few
  OnceAMinute& cancel_warning;      ///< that one could not be passed on
  OnceAMinute& held_warning;        ///< that logins of an address wait
  CancelKeys& cancel_keys;
  CancelTurns& cancel_turns;
  MysqlDoor& mysql;
  UserSessions& user_sessions;
  std::uint32_t own_uid;
  std::atomic<std::size_t>& logged_in;  ///< sessions beyond their authentication
  const std::atomic<bool>& draining;    ///< no new sessions: only cancels and kills are heard
};

/// A connection that has just been accepted.
struct Arrival {
  base::Descriptor socket;
  std::shared_ptr<const Listener> listener;
  std::shared_ptr<const Settings> settings;  ///< when its session begins
  Client client;
};

class Session;

/// Keeps sessions; one per event loop.
class SessionKeeper {
 public:
  virtual ~SessionKeeper() = default;
  virtual void authenticated(Session& session) = 0;
  /// It has no session any more, if it ever had one: only its last words are on their way.
  virtual void told_to_go(Session& session, const std::string& address_group) = 0;
  /// Takes it away; it is destroyed at the end of the loop's round.
  virtual void ended(Session& session) = 0;
  [[nodiscard]] virtual std::shared_ptr<const Settings> latest_settings() const = 0;
  [[nodiscard]] virtual upstream::SessionProvider& sessions_with_databases() = 0;
};

/// A client's connection from accept to close: the client proves who it is, the gateway logs in to the
/// database, bytes are carried. This is what both protocols have in common; PgSession and MysqlSession speak
/// them.
class Session : public net::Retired, public WaitingRoom::Guest, private net::Watcher {
 public:
  /// How long a client may take to log in, and to read a last message.
  static constexpr std::chrono::seconds kStartup{10};
  static constexpr std::chrono::seconds kLeaving{2};
  /// What a client may send ahead while the database is being logged in to.
  static constexpr std::size_t kMaxEarly = std::size_t{64} << 10;
  /// What is read of a client that is to go: closing a socket with unread bytes in it would take the last
  /// words away from it again.
  static constexpr std::size_t kMaxUnheard = std::size_t{1} << 20;

  Session(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Called once, by the keeper.
  void begin();
  /// Ends it now, with a proper message where the protocol has room for one.
  void shut_down();
  /// After a reload: ends it, at once or after the grace, if its user could not open it any more.
  void reconsider(std::shared_ptr<const Settings> settings);
  /// Drops a connection that has no session, to make room.
  void evict();
  [[nodiscard]] bool has_authenticated() const { return !how_.empty(); }

  // The keeper's own.
  std::list<std::unique_ptr<Session>>::iterator place;  ///< in its list
  bool awaited = false;                                 ///< by a drain

 protected:
  // What the protocols do.
  virtual void greet() {}
  virtual void received(std::string_view bytes) = 0;
  /// How many bytes may be read at once while the client logs in: fewer than there are where what comes
  /// behind them belongs to TLS.
  [[nodiscard]] virtual std::size_t most_to_read() const { return SIZE_MAX; }
  /// The client has begun with TLS, which nothing asks for; asked before each read while it logs in.
  [[nodiscard]] virtual bool begins_with_tls() { return false; }
  virtual void tls_started() = 0;
  [[nodiscard]] virtual const net::SslContextPtr& tls_context() const = 0;
  [[nodiscard]] virtual std::string encoded(const ClientError& error) = 0;
  /// What is wanted of the database.
  [[nodiscard]] virtual std::variant<upstream::PgWish, upstream::MysqlWish> wish() const = 0;
  /// How a session begins that the database has let in.
  struct Opening {
    std::string to_client;
    std::string from_client;  ///< what it has sent ahead
    std::unique_ptr<Conversation> conversation;
  };
  [[nodiscard]] virtual Opening open(upstream::DatabaseSession& upstream) = 0;
  /// To a client whose session was being carried, and whose conversation has room for it; may be empty.
  [[nodiscard]] virtual std::string last_words(const ClientError& error) = 0;
  virtual void database_refused(const upstream::SessionRefusal&) {}
  /// The database's session is over, the client's connection not yet: what leads to it leads nowhere from now
  /// on.
  virtual void session_ended() = 0;
  /// The login is over, either way: what it needed can go.
  virtual void forget_login() = 0;
  /// The client has left before it was logged in. False: what it has set going ends first.
  [[nodiscard]] virtual bool give_up() { return true; }
  /// Passwords that were tried in this login and did not let the client in.
  [[nodiscard]] virtual unsigned guesses() const { return 0; }

  // What they can use.
  void send(std::string bytes);
  void start_tls();
  /// The client says who it is: what it may is decided by the settings of now, not of when it connected.
  void take_latest_settings();
  /// The client's name is known; says how it may come in. Where nobody may, it has been turned away.
  [[nodiscard]] const Admission& admit_as(const std::string& user);
  [[nodiscard]] const Admission& admission() const { return admission_; }
  /// What the client's password has to fit.
  [[nodiscard]] base::ScramVerifier verifier() const;
  /// The user that the database is to be told of; null: none.
  [[nodiscard]] const config::GatewayUser* identified_user() const;
  /// It has proved who it is.
  void authenticated(std::string_view how);
  /// `name` empty: the listener's own, or none was named.
  void choose_database(const std::string& name);
  /// The client has what is left of its time for the login.
  void bound_startup();
  /// The login has no time limit any more: what is going on has one of its own.
  void unbound_startup() { loop_.cancel(timer_); }
  /// Goes on with `then` once the failures of the client's address have been waited out: at once when there
  /// are none, never when the client leaves before. Whatever proves something waits here before it is looked
  /// at, right or wrong, so that nobody learns anything by not waiting.
  void when_due(net::EventLoop::Task then);
  /// The client is asked for a proof: what it says from now on waits likewise.
  void ask_for_proof() { proof_asked_ = true; }
  /// The proof is wrong.
  void refuse(const ClientError& error, const std::string& reason);
  /// The client goes before it has proved anything. With nothing shown that could be right or wrong it is a
  /// health check, or comes back with a password: counted only. It gets `answer`, if there is one.
  void leave_unproven(std::string answer);
  void turn_away(const ClientError& error, Refusal refusal, std::string_view code);
  /// The gateway is draining. An audit line only where it has been proven who it is: there may be many.
  void refuse_session();
  /// Sends `bytes`, if there are any, and closes; `code` goes to the audit log.
  void fail(std::string bytes, std::string_view code, std::string_view message, Refusal refusal);
  enum class Hearing {
    all,
    leaving,  ///< only that the client goes; what it says has to wait
    nothing,  ///< what it does, its going away included, changes nothing
  };
  void hear(Hearing what) { hearing_ = what; }
  /// After something has come from elsewhere: sends, and goes on.
  void advance() { step(); }
  /// It goes of itself, in the words of its protocol or without any.
  void client_left();
  /// Closes without an answer and without an audit line.
  void close_quietly();

  [[nodiscard]] net::EventLoop& loop() { return loop_; }
  [[nodiscard]] Shared& shared() const { return shared_; }
  [[nodiscard]] const Settings& settings() const { return *arrival_.settings; }
  [[nodiscard]] const Listener& listener() const { return *arrival_.listener; }
  [[nodiscard]] const Client& client() const { return arrival_.client; }
  [[nodiscard]] net::Stream& stream() { return client_; }
  [[nodiscard]] const config::DatabasePtr& database() const { return database_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] bool is_over() const { return phase_ == Phase::leaving || phase_ == Phase::over; }

 private:
  enum class Phase {
    login,       ///< the client speaks
    connecting,  ///< the database is being logged in to
    relaying,
    leaving,  ///< the last words are on their way
    over,
  };
  struct UpstreamFacts {
    upstream::LoginFacts login;
    std::string dialled;
    std::string tls;
  };

  void ready(std::uint32_t events) override;
  [[nodiscard]] std::chrono::milliseconds wait_left() const;
  [[nodiscard]] bool hold_proof();
  void hold(std::chrono::milliseconds wait, net::EventLoop::Task then);
  void fail_proof(std::string answer, std::string_view reason);
  void step();
  [[nodiscard]] bool step_tls();
  void tls_failed(net::Stream::Io io);
  [[nodiscard]] bool flush();
  [[nodiscard]] bool read_client();
  [[nodiscard]] bool waits_for(net::Stream::Io io);
  void watch(std::uint32_t events);
  void connect();
  void upstream_ready(upstream::DatabaseSession upstream);
  void upstream_refused(const upstream::SessionRefusal& refusal);
  void give_up_lease();
  void relay_ended(Relay::End end);
  void finish_relay(std::string_view reason, const ClientError* last);
  void check_idle();
  void check_allowed();
  void leave(std::string bytes);
  void limit_time();
  void stop_counting();
  void arm(base::SteadyTime time, net::EventLoop::Task task);
  void cancel_timers();
  void end();
  [[nodiscard]] AuditRecord record(AuditRecord::Event event) const;
  void audit_failure(std::string_view code, std::string_view message, const login::Steps* steps = nullptr);

  net::EventLoop& loop_;
  Shared& shared_;
  SessionKeeper& keeper_;
  Arrival arrival_;
  const base::SteadyTime began_;
  const std::uint64_t id_;

  Phase phase_ = Phase::login;
  net::Stream client_;
  bool tls_pending_ = false;  ///< TLS is to begin, or under way
  Hearing hearing_ = Hearing::all;
  bool has_turn_ = false;  ///< to go on with TLS
  bool proof_asked_ = false;
  std::chrono::milliseconds waited_{0};  ///< for the failures of its address
  std::string output_;
  std::size_t sent_ = 0;
  std::uint32_t watched_ = 0;
  std::size_t unheard_ = 0;
  net::EventLoop::TimerId timer_{};
  net::EventLoop::TimerId again_{};
  net::EventLoop::TimerId age_timer_{};
  net::EventLoop::TimerId grace_timer_{};
  bool in_grace_ = false;
  bool counted_ = false;  ///< among shared.logged_in

  Admission admission_;
  std::optional<UserSessions::Place> user_place_;
  std::shared_ptr<const Settings> reloaded_;  ///< since it began
  std::string user_;
  std::string how_;
  std::string client_tls_;
  config::DatabasePtr database_;
  std::shared_ptr<Desk> desk_;                              ///< of the database
  std::optional<upstream::SessionProvider::Ticket> lease_;  ///< that was asked for
  std::string early_;
  std::unique_ptr<UpstreamFacts> facts_;
  std::unique_ptr<Conversation> conversation_;
  std::unique_ptr<Relay> relay_;
};

}  // namespace rolegate::gateway
