#include "gateway/session/pg_session.hpp"

#include <utility>

#include <sys/epoll.h>

#include "gateway/session/identify.hpp"
#include "gateway/session/pg_conversation.hpp"
#include "net/dialer.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/pg_handshake.hpp"
#include "wire/pg/startup_packet.hpp"

namespace rolegate::gateway {

/// Takes a CancelRequest to the server that runs the session, inside TLS, and waits until that has taken it.
class PgSession::Cancelling {
 public:
  Cancelling(net::EventLoop& loop, CancelTarget target, std::move_only_function<void(bool passed_on)> done)
      : loop_(loop), target_(std::move(target)), done_(std::move(done)), handshake_(target_.key) {
    limit_ = loop_.in(kTime, [this] { end(false); });
    dialer_ = std::make_unique<net::Dialer>(
        loop_, std::vector{target_.address}, target_.port, loop_.now() + kTime,
        [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
          if (!connection) return end(false);
          driver_ = std::make_unique<upstream::HandshakeDriver>(
              loop_, net::Stream(std::move(connection->socket)), handshake_, target_.tls,
              [this](upstream::HandshakeDriver::Outcome outcome) {
                if (outcome != upstream::HandshakeDriver::Outcome::ready) return end(false);
                wait_for_close();
              });
          driver_->start();
        });
  }
  ~Cancelling() {
    stop_waiting();
    loop_.cancel(limit_);
  }
  Cancelling(const Cancelling&) = delete;
  Cancelling& operator=(const Cancelling&) = delete;

 private:
  static constexpr std::chrono::seconds kTime{10};

  struct Closed final : net::Watcher {
    explicit Closed(Cancelling& owner) : cancelling(owner) {}
    void ready(std::uint32_t) override { cancelling.read(); }
    Cancelling& cancelling;
  };

  /// The server closes when the signal is sent; a client that waits for the same knows then that it was.
  void wait_for_close() {
    stream_ = driver_->take_stream();
    loop_.add(stream_.descriptor(), EPOLLIN, closed_);
    waiting_ = true;
  }
  void stop_waiting() {
    if (std::exchange(waiting_, false)) loop_.remove(stream_.descriptor(), closed_);
  }
  void read() {
    if (stream_.read(loop_.buffer()).io == net::Stream::Io::wants_read) return;
    end(true);
  }
  /// The end of the connection would be told again and again.
  void end(bool passed_on) {
    stop_waiting();
    loop_.cancel(limit_);
    done_(passed_on);
  }

  net::EventLoop& loop_;
  const CancelTarget target_;
  std::move_only_function<void(bool passed_on)> done_;
  upstream::PgCancelHandshake handshake_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<upstream::HandshakeDriver> driver_;
  net::Stream stream_;
  Closed closed_{*this};
  bool waiting_ = false;
  net::EventLoop::TimerId limit_{};
};

PgSession::PgSession(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival)
    : Session(loop, shared, keeper, std::move(arrival)),
      login_(std::make_unique<wire::pg::ServerLogin>(
          wire::pg::ServerLogin::Options{.tls_offered = settings().postgresql_tls != nullptr,
                                         .tls_required = listener().tls_required},
          shared.random)) {}

PgSession::~PgSession() {
  take_back_key();
  loop().cancel(cancel_timer_);
  give_back_turn();
}

void PgSession::give_back_turn() {
  if (cancel_turn_) shared().cancel_turns.give_back(*cancel_turn_);
  cancel_turn_.reset();
}

void PgSession::take_back_key() {
  if (key_) shared().cancel_keys.close(*key_);
  key_.reset();
}

void PgSession::received(std::string_view bytes) { follow(login_->receive(bytes)); }

/// A ClientHello is left in the socket, where TLS reads it.
bool PgSession::begins_with_tls() {
  if (heard_ || settings().postgresql_tls == nullptr) return false;
  const std::optional<char> first = stream().peek();
  heard_ = first.has_value();
  direct_tls_ = first == wire::pg::kTlsHandshake;
  return direct_tls_;
}

void PgSession::tls_started() {
  follow(direct_tls_
             ? login_->direct_tls_started(stream().server_end_point(), stream().application_protocol())
             : login_->tls_started(stream().server_end_point()));
}

void PgSession::follow(Event event) {
  for (;;) {
    if (event != Event::cancel) send(login_->take_output());
    switch (event) {
      case Event::more:
        return;
      case Event::start_tls:
        return start_tls();
      case Event::startup:
        event = let_in();
        if (is_over()) return;
        continue;
      case Event::authenticated:
        authenticated(admission().is_proven() ? way_name(admission().way) : "scram-sha-256");
        if (is_over()) return;
        if (shared().draining) return refuse_session();
        return choose_database(login_->startup().database);
      case Event::refused:
        return refuse(password_refused(user()), login_->reason());
      case Event::cancel:
        return cancel();
      case Event::failed:
        return fail({}, "protocol_violation", login_->reason(), Refusal::protocol);
    }
  }
}

PgSession::Event PgSession::let_in() {
  take_latest_settings();
  if (shared().draining) {
    refuse_session();
    return Event::failed;
  }
  const Admission& admitted = admit_as(login_->startup().user);
  if (is_over()) return Event::failed;
  if (admitted.is_proven()) return login_->trust();
  ask_for_proof();
  return login_->ask_scram(verifier());
}

std::variant<upstream::PgWish, upstream::MysqlWish> PgSession::wish() const {
  const wire::pg::Startup& startup = login_->startup();
  // On a listener of its own the client's name goes through as it is; else the URI says which database it is.
  const bool own = !listener().database.empty() && startup.database_named;
  wire::pg::Parameters parameters = startup.parameters;
  if (const auto* who = identified_user()) identify_in_parameters(parameters, who->name);
  return upstream::PgWish{own ? startup.database : std::string(), std::move(parameters)};
}

Session::Opening PgSession::open(upstream::DatabaseSession& upstream) {
  auto start = std::get<wire::pg::SessionStart>(std::move(upstream.start));
  key_ = shared().cancel_keys.give_out(
      {upstream.address, upstream.port, upstream.tls, std::move(start.cancel_key)},
      login_->startup().cancel_secret_size, shared().random);
  return {wire::pg::authentication_ok() + start.greeting + wire::pg::backend_key_data(*key_) +
              wire::pg::ready_for_query() + start.rest,
          login_->take_rest(), std::make_unique<PgConversation>(start.rest)};
}

/// Only a key that was given out leads anywhere; which session it belongs to is all that it says. A wrong one
/// is a failed proof of its address, whose logins are slowed; cancels themselves are not, since many drivers
/// do not wait for them. One whose session has just ended is neither: pools cancel what is over already. The
/// protocol has no answer to a CancelRequest: the connection is closed.
void PgSession::cancel() {
  auto target = shared().cancel_keys.find(login_->cancel_key());
  if (!target && shared().cancel_keys.has_ended(login_->cancel_key())) return close_quietly();
  if (!target) {
    shared().stats.refused(Refusal::cancel_key);
    shared().slowdown.failed(client().group, loop().now());
    return close_quietly();
  }
  if (target->key.process_id == 0) return close_quietly();  // a right key, and a server that cannot be asked
  const std::string session = std::to_string(login_->cancel_key().process_id) + login_->cancel_key().secret;
  const auto wait = shared().cancel_turns.take(session, client().group, loop().now());
  if (!wait) {
    shared().stats.refused(Refusal::cancel_limit);
    return close_quietly();
  }
  cancel_turn_ = session;
  // Many drivers close at once; the request is on its way all the same.
  hear(Hearing::nothing);
  unbound_startup();  // a cancel has a time limit of its own, and no answer that says so
  cancel_timer_ =
      loop().in(*wait, [this, to = std::move(*target)]() mutable { pass_cancel_on(std::move(to)); });
}

void PgSession::pass_cancel_on(CancelTarget target) {
  shared().stats.cancels.fetch_add(1);
  cancelling_ = std::make_unique<Cancelling>(loop(), std::move(target), [this](bool passed_on) {
    give_back_turn();
    if (!passed_on && shared().cancel_warning.is_due(loop().now()))
      shared().log.warning("a CancelRequest could not be passed on: its database was not reached");
    close_quietly();
  });
}

}  // namespace rolegate::gateway
