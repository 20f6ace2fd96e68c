#include "gateway/session/session.hpp"

#include <utility>

#include <fmt/format.h>

#include "gateway/server_tls.hpp"

namespace rolegate::gateway {
namespace {

std::string_view end_name(Relay::End end) {
  switch (end) {
    case Relay::End::client_closed:
      return "client_closed";
    case Relay::End::client_lost:
      return "client_lost";
    case Relay::End::database_closed:
      return "database_closed";
    case Relay::End::database_lost:
      return "database_lost";
    case Relay::End::not_followed:
      return "not_followed";
    case Relay::End::user_changes:
      return "user_changed";
  }
  return {};
}

}  // namespace

Session::Session(net::EventLoop& loop, SessionServices& services, SessionKeeper& keeper,
                 upstream::SessionProvider& databases, Arrival arrival,
                 const MakeClientSide& make_client_side)
    : loop_(loop),
      services_(services),
      keeper_(keeper),
      databases_(databases),
      arrival_(std::move(arrival)),
      arrived_(loop.now()),
      record_(services.random, loop.now()),
      io_(loop, net::Stream(std::move(arrival_.socket)), [this] { go_on(); }),
      side_(make_client_side(arrival_, services)),
      reception_(arrival_, services, *side_, record_),
      limit_(loop) {}

Session::~Session() { give_up_lease(); }

/// The only place where the phase changes. False: the event comes too late, and changes nothing.
bool Session::enter(PhaseEvent event) {
  const std::optional<Phase> next = phase_after(phase_, event);
  if (next) phase_ = *next;
  return next.has_value();
}

void Session::begin() {
  bound_startup();
  follow(side_->begin());
  go_on();
}

// What the client does.

/// Does what can be done now.
void Session::go_on() {
  while (phase_ != Phase::relaying && phase_ != Phase::over) {
    switch (io_.next()) {
      case ClientIo::Event::waiting:
        return;
      case ClientIo::Event::readable:
        read();
        break;
      case ClientIo::Event::tls_wanted:
        start_tls();
        break;
      case ClientIo::Event::tls_started:
        tls_started();
        break;
      case ClientIo::Event::tls_failed:
        tls_failed();
        break;
      case ClientIo::Event::gone:
        client_left();
        break;
    }
  }
}

void Session::read() {
  if (phase_ == Phase::login) {
    const Decision before = reception_.before_hearing();
    if (before.kind == Decision::Kind::wait) return apply(before);
    if (side_->begins_with_tls(io_.stream())) return io_.want_tls();
  }
  const auto came = io_.read(phase_ == Phase::login ? side_->most_to_read() : SIZE_MAX);
  if (!came) return;
  if (phase_ == Phase::login) {
    follow(side_->receive(*came));
    io_.wipe_read();
  } else if (phase_ == Phase::connecting) {
    take_early(*came);
  } else {
    // Whoever has been told to go may go on talking for a while; nobody listens.
    unheard_ += came->size();
    if (unheard_ > kMaxUnheard) io_.hear(ClientIo::Hearing::leaving);
  }
}

void Session::take_early(std::string_view bytes) {
  if (early_.size() + bytes.size() <= kMaxEarly) {
    early_.append(bytes);
    return;
  }
  apply(reception_.fail(
      side_->encoded({"08P01", 1153, "08S01", "too much was sent before the login was over", {}, {}}),
      "protocol_violation", "The client sent too much before its login was over.", Refusal::protocol));
}

void Session::start_tls() {
  // A certificate is a proof, too.
  if (asks_for_certificate(side_->tls_context())) {
    const Decision before = reception_.before_certificate();
    if (before.kind == Decision::Kind::wait) return apply(before);
  }
  if (io_.start_tls(side_->tls_context())) return;
  apply(reception_.fail({}, "client_tls_failed", "TLS could not be started.", Refusal::protocol));
}

void Session::tls_started() {
  record_.client_tls = io_.stream().tls_text();
  arrival_.client.certificate_name = io_.stream().peer_common_name();
  follow(side_->tls_started(io_.stream()));
}

void Session::tls_failed() {
  const net::Stream& stream = io_.stream();
  if (const net::CertificateCheck* refused = stream.refused_certificate()) {
    return apply(
        reception_.certificate_refused(fmt::format("The client {}.", net::fault_text(*refused, {}))));
  }
  apply(reception_.fail({}, "client_tls_failed", fmt::format("TLS with the client failed: {}.", stream.why()),
                        Refusal::protocol));
}

void Session::client_left() {
  if (phase_ == Phase::login) {
    // A password that is being compared is a guess, whoever waits for the verdict.
    if (password_check_ && !password_check_->cancel()) return io_.hear(ClientIo::Hearing::nothing);
    password_check_.reset();
    if (!has_authenticated()) return apply(reception_.leave_unproven({}));
    audit_failure("client_gone", "The client had proved who it is, and went away without a session.");
  } else if (phase_ == Phase::connecting) {
    audit_failure("client_gone", "The client went away during its login.");
  }
  end();
}

// Its login.

void Session::follow(Step step) { apply(reception_.follow(std::move(step))); }

/// What the client side has to say goes before whatever was decided.
void Session::apply(const Decision& decision) {
  io_.send(side_->take_output());
  switch (decision.kind) {
    case Decision::Kind::listen:
      return;
    case Decision::Kind::start_tls:
      return io_.want_tls();
    case Decision::Kind::await_greeting:
      return await_greeting();
    case Decision::Kind::admit:
      take_latest_settings();
      return apply(reception_.admit());
    case Decision::Kind::wait:
      return wait(decision.time);
    case Decision::Kind::check_password:
      return check_password();
    case Decision::Kind::authenticated:
      return authenticated();
    case Decision::Kind::connect:
      return connect();
    case Decision::Kind::pass_cancel_on:
      return pass_cancel_on(decision.key);
    case Decision::Kind::client_left:
      return client_left();
    case Decision::Kind::dismiss:
      return dismiss(decision);
  }
}

void Session::await_greeting() {
  greeted_.emplace(loop_);
  side_->when_greeted(greeted_->address(), [this] {
    if (phase_ == Phase::login) follow(side_->greet());
    go_on();
  });
}

/// The client says who it is: what it may is decided by the settings of now, not of when it connected.
/// Nothing has been looked up yet but how TLS is offered, which the client may have been told.
void Session::take_latest_settings() {
  const auto latest = keeper_.latest_settings();
  if (latest == arrival_.settings) return;
  auto mine = std::make_shared<Settings>(*latest);
  mine->postgresql_tls = arrival_.settings->postgresql_tls;
  mine->mysql_tls = arrival_.settings->mysql_tls;
  arrival_.settings = std::move(mine);
}

/// What the client has to wait for its address is not its own time.
void Session::bound_startup() {
  limit_.at(record_.began + kStartup + reception_.waited(),
            [this] { apply(reception_.turn_away(startup_too_slow(), Refusal::timeout, "startup_timeout")); });
}

void Session::wait(std::chrono::milliseconds time) {
  io_.hear(ClientIo::Hearing::leaving);
  limit_.in(time, [this] {
    io_.hear(ClientIo::Hearing::all);
    bound_startup();
    apply(reception_.resume());
    go_on();
  });
}

void Session::check_password() {
  io_.hear(ClientIo::Hearing::leaving);
  const base::ScramVerifier expected = reception_.expected_password();
  password_check_ = std::make_unique<PasswordCheck>(
      loop_, services_.pool, address_group(arrival_.client.group), expected, side_->password(),
      [&known = services_.mysql.fast_passwords, user = record_.user, expected](const base::Secret& right) {
        known.remember(user, expected, right);
      },
      [this](PasswordCheck::Verdict right) { password_checked(right); });
}

void Session::password_checked(PasswordCheck::Verdict right) {
  password_check_.reset();
  if (is_over()) return;
  io_.hear(ClientIo::Hearing::all);
  apply(reception_.password_checked(right));
  go_on();
}

/// A client that says more before its database is known has what is left of its time for that.
void Session::authenticated() {
  limit_.cancel();
  keeper_.authenticated(*this);
  const Decision next = reception_.choose();
  bound_startup();
  apply(next);
}

/// The protocol has no answer to a CancelRequest: the connection is closed. Many drivers close at once; the
/// request is on its way all the same. It has a time limit of its own, and no answer that says so.
void Session::pass_cancel_on(const wire::pg::CancelKey& key) {
  io_.hear(ClientIo::Hearing::nothing);
  limit_.cancel();
  cancel_ = std::make_unique<PgCancel>(loop_, services_, arrival_.client.group, key, [this] { leave({}); });
}

void Session::evict() {
  if (!is_over()) apply(reception_.evict());
  end();
}

// The database.

void Session::connect() {
  if (!enter(PhaseEvent::database_chosen)) return;
  limit_.cancel();
  desk_ = services_.desks.of(*record_.database);
  lease_ = databases_.lease({record_.database, side_->wish(reception_.identified_user())},
                            {settings().snapshot->iam_flag(), desk_->rate(settings().login_rate),
                             record_.user_is_known ? record_.user : address_group(arrival_.client.group)},
                            [this](upstream::SessionProvider::Result result) {
                              lease_.reset();
                              if (result) {
                                database_ready(std::move(*result));
                              } else {
                                database_refused(result.error());
                              }
                            });
}

void Session::give_up_lease() {
  if (lease_) databases_.give_up(*std::exchange(lease_, std::nullopt));
}

/// The client may have been let in at the very moment it went; the relay notices.
void Session::database_ready(upstream::DatabaseSession session) {
  if (!enter(PhaseEvent::database_ready)) return;
  desk_->stats.login_ended(services_.clock.now(), "ok", {}, session.steps.all());
  record_.facts = std::move(session.facts);
  record_.dialled = fmt::format("{}:{}", session.address, session.port);
  record_.upstream_tls = session.stream.tls_text();
  if (const auto* const mysql = std::get_if<upstream::MysqlStart>(&session.start)) {
    services_.mysql.greetings.learned(record_.database, mysql->greeting);
  }
  ClientSide::Start start = side_->open(session, record_.database->name);
  start.from_client += std::exchange(early_, {});
  ClientIo::Released released = io_.release();
  // What is still unsent of the client's login goes first.
  start.to_client.insert(0, released.unsent);
  services_.audit.write(record_.opened(arrival_, services_.clock.now(), session.steps));
  desk_->stats.sessions.fetch_add(1);
  conversation_ = std::move(start.conversation);
  relay_ =
      std::make_unique<Relay>(loop_, std::move(released.stream), std::move(session.stream), *conversation_,
                              desk_->stats, [this](Relay::End end) { relay_ended(end); });
  relay_->start(start.to_client, start.from_client);
  limit_time();
}

void Session::database_refused(const upstream::SessionRefusal& refusal) {
  const base::Error& error = refusal.failure.error;
  desk_->stats.login_ended(services_.clock.now(), error.code, error.message, refusal.steps.all());
  record_.facts = refusal.facts;
  if (refusal.greeting) services_.mysql.greetings.learned(record_.database, *refusal.greeting);
  audit_failure(error.code, error.message, &refusal.steps);
  leave(side_->encoded(client_error(refusal.failure)));
}

// The session.

void Session::limit_time() {
  limits_ = std::make_unique<SessionLimits>(
      loop_, [this](std::string_view reason, const ClientError& error) { end_session(reason, &error); });
  const config::GatewayUser* user = reception_.admission().user;
  // Where nothing was proven anew by a change of user, the session is as old as its connection.
  const base::SteadyTime began = reception_.admission().is_proven() ? arrived_ : record_.began;
  if (user != nullptr && user->max_age.count() > 0) limits_->bound_age(began + user->max_age);
  check_allowed();
  if (settings().idle_timeout.count() == 0) return;
  // A session is idle from the end of its last answer on.
  limits_->bound_idleness(settings().idle_timeout, [this] {
    return conversation_->at_rest() ? relay_->last_activity() : loop_.now();
  });
}

void Session::reconsider(std::shared_ptr<const Settings> settings) {
  reloaded_ = std::move(settings);
  // Who is not let in yet is looked at again then.
  if (phase_ == Phase::relaying) check_allowed();
}

void Session::check_allowed() {
  // The owner of the gateway is no user of its configuration.
  if (!reloaded_ || reception_.admission().user == nullptr) return;
  const config::Snapshot& snapshot = *reloaded_->snapshot;
  limits_->bound_by(may_stay(snapshot, arrival_.client, record_.user, *record_.database),
                    snapshot.gateway ? snapshot.gateway->grace : std::chrono::milliseconds(0), record_.user);
}

void Session::relay_ended(Relay::End end) {
  if (end == Relay::End::user_changes) return change_user();
  if (conversation_->said_goodbye()) end = Relay::End::client_closed;
  const bool database_went = end == Relay::End::database_closed || end == Relay::End::database_lost;
  const ClientError gone = database_gone();
  end_session(end_name(end), database_went ? &gone : nullptr);
}

/// The client proves anew who it is, and gets another session of the database: as somebody who has just come.
void Session::change_user() {
  if (!enter(PhaseEvent::user_changes)) return;
  std::string login = relay_->take_held();
  const base::WipeAtEnd wiped(login);
  std::string undelivered(relay_->undelivered());
  stop_relay(end_name(Relay::End::user_changes));
  io_.send(std::move(undelivered));
  Record anew(services_.random, loop_.now());
  anew.client_tls = std::move(record_.client_tls);
  record_ = std::move(anew);
  reloaded_.reset();  // it is let in by the latest settings
  reception_.begin_again();
  keeper_.logs_in_again(*this, address_group(arrival_.client.group));
  bound_startup();
  follow(side_->change_user(login));
  go_on();
}

/// `last`: what the client is told where that does not fall into a message, or an answer; may be null.
void Session::end_session(std::string_view reason, const ClientError* last) {
  side_->close();
  std::string words;
  if (last != nullptr && relay_->all_delivered() && conversation_->may_interject()) {
    words = side_->last_words(*last);
  }
  stop_relay(reason);
  leave(std::move(words));
}

void Session::stop_relay(std::string_view reason) {
  AuditRecord closed = record_.closed(arrival_, services_.clock.now(), loop_.now(), reason);
  closed.bytes_to_client = relay_->bytes_to_client();
  closed.bytes_to_database = relay_->bytes_to_database();
  services_.audit.write(closed);
  desk_->stats.sessions.fetch_sub(1);
  io_.take_back(relay_->take_client());
  limits_.reset();
  relay_.reset();
  conversation_.reset();
  desk_.reset();
}

void Session::shut_down() {
  if (is_over()) return;
  const ClientError error = shutting_down();
  if (phase_ == Phase::relaying) return end_session("shutdown", &error);
  audit_failure("shutdown", error.message);
  leave(side_->encoded(error));
}

// The end.

void Session::dismiss(const Decision& decision) {
  if (!decision.code.empty()) audit_failure(decision.code, decision.message);
  leave(decision.answer);
}

/// The last words go out, then the client is heard out for a moment: closing a socket with unread bytes in it
/// would take the words away from it again.
void Session::leave(std::string answer) {
  reception_.give_up_place();
  give_up_lease();
  password_check_.reset();
  // Inside a TLS handshake nothing can be said.
  if (!io_.is_open() || io_.is_between_tls()) return end();
  if (!enter(PhaseEvent::dismissed)) return;
  keeper_.told_to_go(*this, address_group(arrival_.client.group));
  io_.hear(ClientIo::Hearing::all);
  io_.send(std::move(answer));
  io_.close_writing();
  limit_.in(kLeaving, [this] { end(); });
  go_on();
}

void Session::end() {
  if (!enter(PhaseEvent::gone)) return;
  limit_.cancel();
  give_up_lease();
  keeper_.ended(*this);
}

void Session::audit_failure(std::string_view code, std::string_view message, const login::Steps* steps) {
  services_.audit.write(record_.failed(arrival_, services_.clock.now(), loop_.now(), code, message, steps));
}

}  // namespace rolegate::gateway
