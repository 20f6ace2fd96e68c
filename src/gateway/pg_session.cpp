#include "gateway/pg_session.hpp"

#include <utility>

#include <sys/epoll.h>

#include "gateway/dialer.hpp"
#include "gateway/pg_conversation.hpp"
#include "gateway/pg_handshake.hpp"

namespace rolegate::gateway {

/// Takes a CancelRequest to the server that runs the session, inside TLS, and waits until that has taken it.
class PgSession::Cancelling {
 public:
  Cancelling(EventLoop& loop, CancelTarget target, std::move_only_function<void(bool passed_on)> done)
      : loop_(loop), target_(std::move(target)), done_(std::move(done)), handshake_(target_.key) {
    dialer_ =
        std::make_unique<Dialer>(loop_, std::vector{target_.address}, target_.port, loop_.now() + kTime,
                                 [this](std::expected<Dialer::Connected, Dialer::Unreachable> connection) {
                                   if (!connection) return done_(false);
                                   driver_ = std::make_unique<HandshakeDriver>(
                                       loop_, Stream(std::move(connection->socket)), handshake_, target_.tls,
                                       [this](HandshakeDriver::Outcome outcome) {
                                         if (outcome != HandshakeDriver::Outcome::ready) return done_(false);
                                         wait_for_close();
                                       });
                                   driver_->start();
                                 });
  }
  ~Cancelling() {
    if (watcher_) loop_.remove(stream_.descriptor(), *watcher_);
  }
  Cancelling(const Cancelling&) = delete;
  Cancelling& operator=(const Cancelling&) = delete;

 private:
  static constexpr std::chrono::seconds kTime{10};

  struct Closed final : gateway::Watcher {
    explicit Closed(Cancelling& owner) : cancelling(owner) {}
    void ready(std::uint32_t) override { cancelling.read(); }
    Cancelling& cancelling;
  };

  /// The server closes when the signal is sent; a client that waits for the same knows then that it was.
  void wait_for_close() {
    stream_ = driver_->take_stream();
    watcher_ = std::make_unique<Closed>(*this);
    loop_.add(stream_.descriptor(), EPOLLIN, *watcher_);
  }
  void read() {
    if (stream_.read(loop_.buffer()).io == Stream::Io::wants_read) return;
    done_(true);
  }

  EventLoop& loop_;
  const CancelTarget target_;
  std::move_only_function<void(bool passed_on)> done_;
  PgCancelHandshake handshake_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<HandshakeDriver> driver_;
  Stream stream_;
  std::unique_ptr<Closed> watcher_;
};

PgSession::PgSession(EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival)
    : Session(loop, shared, keeper, std::move(arrival)),
      login_(std::make_unique<wire::pg::ServerLogin>(
          wire::pg::ServerLogin::Options{.tls_offered = settings().postgresql_tls != nullptr,
                                         .tls_required = listener().tls_required},
          shared.random)) {}

PgSession::~PgSession() {
  if (key_given_out_) shared().cancel_keys.close(key_);
}

void PgSession::received(std::string_view bytes) { follow(login_->receive(bytes)); }

void PgSession::tls_started() { follow(login_->tls_started(stream().server_end_point())); }

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
        authenticated(way_ == Admission::Way::password ? "scram-sha-256" : way_name(way_));
        if (!is_over()) choose_database(login_->startup().database);
        return;
      case Event::refused:
        return refuse(login_->reason());
      case Event::cancel:
        return cancel();
      case Event::failed:
        return fail({}, "protocol_violation", login_->reason(), Refusal::protocol);
    }
  }
}

PgSession::Event PgSession::let_in() {
  const Admission admitted = admission(login_->startup().user);
  way_ = admitted.way;
  if (is_over()) return Event::failed;
  if (admitted.is_proven()) return login_->trust();
  const base::ScramVerifier* verifier =
      admitted.user != nullptr && admitted.user->scram ? &*admitted.user->scram : nullptr;
  ask_for_proof();
  return login_->ask_scram(verifier, shared().mock_key);
}

std::unique_ptr<Handshake> PgSession::make_handshake(login::Login& login) {
  const wire::pg::Startup& startup = login_->startup();
  if (!key_given_out_) key_ = shared().cancel_keys.give_out(shared().random);
  key_given_out_ = true;
  // On a listener of its own the client's name goes through as it is; else the URI says which database it is.
  const bool own = !listener().database.empty() && startup.database_named;
  return std::make_unique<PgHandshake>(
      wire::pg::ClientLogin::Settings{.user = login.user,
                                      .password = std::move(login.password),
                                      .database = own ? startup.database : login.db_name,
                                      .parameters = startup.parameters,
                                      .client_key = key_},
      shared().random);
}

Session::Opening PgSession::open(Upstream& upstream) {
  wire::pg::ClientLogin& machine = static_cast<PgHandshake&>(*upstream.handshake).machine();
  if (machine.cancel_key().process_id != 0) {
    shared().cancel_keys.open(key_, {upstream.address, upstream.port, upstream.tls, machine.cancel_key()});
  }
  std::string start = wire::pg::authentication_ok() + machine.take_session_start();
  auto conversation = std::make_unique<PgConversation>(start);
  return {std::move(start), login_->take_rest(), std::move(conversation)};
}

/// Only a key that was given out leads anywhere; which session it belongs to is all that it says. Guessing is
/// slowed down like guessing passwords. The protocol has no answer to a CancelRequest: the connection is
/// closed.
void PgSession::cancel() {
  auto target = shared().cancel_keys.find(login_->cancel_key());
  if (!target) {
    shared().stats.refused(Refusal::cancel_key);
    shared().slowdown.failed(client().group, loop().now());
    return close_quietly();
  }
  shared().stats.cancels.fetch_add(1);
  // Many drivers close at once; the request is on its way all the same.
  hear(Hearing::nothing);
  cancelling_ = std::make_unique<Cancelling>(loop(), std::move(*target), [this](bool passed_on) {
    if (!passed_on)
      shared().log.warning("a CancelRequest could not be passed on: its database was not reached");
    close_quietly();
  });
}

}  // namespace rolegate::gateway
