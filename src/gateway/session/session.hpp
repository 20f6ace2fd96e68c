#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/session/arrival.hpp"
#include "gateway/session/client_io.hpp"
#include "gateway/session/client_side.hpp"
#include "gateway/session/password_check.hpp"
#include "gateway/session/pg_cancel.hpp"
#include "gateway/session/phase.hpp"
#include "gateway/session/reception.hpp"
#include "gateway/session/record.hpp"
#include "gateway/session/relay.hpp"
#include "gateway/session/session_limits.hpp"
#include "gateway/session/session_services.hpp"
#include "gateway/waiting_room.hpp"
#include "net/event_loop.hpp"
#include "net/mailbox.hpp"
#include "net/timer.hpp"
#include "upstream/session_provider.hpp"

namespace rolegate::gateway {

class Session;

/// Keeps sessions; one per event loop.
class SessionKeeper {
 public:
  virtual ~SessionKeeper() = default;
  virtual void authenticated(Session& session) = 0;
  /// It has no session any more, and logs in to another one.
  virtual void logs_in_again(Session& session, const std::string& address_group) = 0;
  /// It has no session any more, if it ever had one: only its last words are on their way.
  virtual void told_to_go(Session& session, const std::string& address_group) = 0;
  /// Takes it away; it is destroyed at the end of the loop's round.
  virtual void ended(Session& session) = 0;
  [[nodiscard]] virtual std::shared_ptr<const Settings> latest_settings() const = 0;
};

/// A client's connection from accept to close: the client proves who it is, the database is logged in to,
/// bytes are carried. Does what its reception decides, when the loop says that it is time; gateway/README.md
/// has its phases.
class Session final : public net::Retired, public WaitingRoom::Guest {
 public:
  using MakeClientSide = std::function<std::unique_ptr<ClientSide>(const Arrival&, SessionServices&)>;

  /// How long a client may take to log in, and to read a last message.
  static constexpr std::chrono::seconds kStartup{10};
  static constexpr std::chrono::seconds kLeaving{2};
  /// What a client may send ahead while the database is being logged in to.
  static constexpr std::size_t kMaxEarly = std::size_t{64} << 10;
  /// What is read of a client that is to go: closing a socket with unread bytes in it would take the last
  /// words away from it again.
  static constexpr std::size_t kMaxUnheard = std::size_t{1} << 20;

  /// All outlive this.
  Session(net::EventLoop& loop, SessionServices& services, SessionKeeper& keeper,
          upstream::SessionProvider& databases, Arrival arrival, const MakeClientSide& make_client_side);
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
  [[nodiscard]] bool has_authenticated() const { return !record_.authentication.empty(); }
  [[nodiscard]] Phase phase() const { return phase_; }
  /// Null: it has not chosen one yet.
  [[nodiscard]] const config::Database* database() const { return record_.database.get(); }

  // The keeper's own.
  std::list<std::unique_ptr<Session>>::iterator kept_at;  ///< in its list
  bool awaited = false;                                   ///< by a drain

 private:
  [[nodiscard]] bool enter(PhaseEvent event);
  [[nodiscard]] bool is_over() const { return phase_ >= Phase::leaving; }
  [[nodiscard]] const Settings& settings() const { return *arrival_.settings; }

  // What the client does.
  void go_on();
  void read();
  void take_early(std::string_view bytes);
  void start_tls();
  void tls_started();
  void tls_failed();
  void client_left();

  // Its login.
  void follow(Step step);
  void apply(const Decision& decision);
  void await_greeting();
  void take_latest_settings();
  void bound_startup();
  void wait(std::chrono::milliseconds time);
  void check_password();
  void password_checked(PasswordCheck::Verdict right);
  void authenticated();
  void pass_cancel_on(const wire::pg::CancelKey& key);

  // The database.
  void connect();
  void give_up_lease();
  void database_ready(upstream::DatabaseSession session);
  void database_refused(const upstream::SessionRefusal& refusal);

  // The session.
  void limit_time();
  void check_allowed();
  void relay_ended(Relay::End end);
  void change_user();
  void end_session(std::string_view reason, const ClientError* last);
  void stop_relay(std::string_view reason);

  // The end.
  void dismiss(const Decision& decision);
  void leave(std::string answer);
  void end();
  void audit_failure(std::string_view code, std::string_view message, const login::Steps* steps = nullptr);

  net::EventLoop& loop_;
  SessionServices& services_;
  SessionKeeper& keeper_;
  upstream::SessionProvider& databases_;
  Arrival arrival_;
  const base::SteadyTime arrived_;
  Record record_;

  Phase phase_ = Phase::login;
  ClientIo io_;
  const std::unique_ptr<ClientSide> side_;
  Reception reception_;
  net::Timer limit_;  ///< one at a time: of the start-up, a wait, the leaving
  std::size_t unheard_ = 0;

  // While it logs in.
  std::optional<net::Mailbox> greeted_;
  std::unique_ptr<PasswordCheck> password_check_;
  std::unique_ptr<PgCancel> cancel_;
  std::optional<upstream::SessionProvider::Ticket> lease_;
  std::string early_;  ///< what the client has said before the database had let it in

  // While it is relayed.
  std::shared_ptr<Desk> desk_;  ///< of the database
  std::unique_ptr<Conversation> conversation_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<SessionLimits> limits_;
  std::shared_ptr<const Settings> reloaded_;  ///< since it began
};

}  // namespace rolegate::gateway
