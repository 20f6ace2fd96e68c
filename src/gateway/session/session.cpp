#include "gateway/session/session.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/epoll.h>

#include "base/secret.hpp"
#include "gateway/server_tls.hpp"

namespace rolegate::gateway {
namespace {

std::uint64_t new_id(base::Random& random) {
  std::uint64_t id = 0;
  random.fill({reinterpret_cast<unsigned char*>(&id), sizeof id});
  return id;
}

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
  }
  return {};
}

}  // namespace

Session::Session(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival)
    : loop_(loop),
      shared_(shared),
      keeper_(keeper),
      arrival_(std::move(arrival)),
      began_(loop.now()),
      id_(new_id(shared.random)),
      client_(std::move(arrival_.socket)) {}

Session::~Session() {
  if (watched_ != 0) loop_.remove(client_.descriptor(), *this);
  give_up_lease();
  cancel_timers();
  loop_.cancel(again_);
  stop_counting();
  base::wipe(output_);
}

void Session::begin() {
  bound_startup();
  greet();
  step();
}

/// What the client has to wait for its address is not its own time.
void Session::bound_startup() {
  arm(began_ + kStartup + waited_,
      [this] { turn_away(startup_too_slow(), Refusal::timeout, "startup_timeout"); });
}

// What the client sends while it logs in.

void Session::ready(std::uint32_t events) {
  if (hearing_ == Hearing::leaving && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    return client_left();
  step();
}

/// Does what can be done now: what has to be sent, then TLS, then what has come; and says what to wait for.
/// Reads once: a client that always has more to say has its turn like everybody else on this loop.
void Session::step() {
  for (bool has_read = false; phase_ != Phase::over && phase_ != Phase::relaying;) {
    if (!flush()) return;
    if (hearing_ != Hearing::all) return watch(hearing_ == Hearing::leaving ? EPOLLRDHUP : 0U);
    if (tls_pending_) {
      if (!step_tls()) return;
    } else if (has_read) {
      watch(EPOLLIN);
      // What TLS holds no wait would tell of.
      loop_.cancel(again_);
      if (client_.holds_bytes()) again_ = loop_.in(std::chrono::milliseconds(0), [this] { step(); });
      return;
    } else {
      if (!read_client()) return;
      has_read = true;
    }
  }
}

bool Session::step_tls() {
  if (!client_.in_tls()) {
    // A certificate is a proof, too.
    if (asks_for_certificate(tls_context()) && hold_proof()) return true;
    if (!client_.start_tls_server(tls_context())) {
      fail({}, "client_tls_failed", "TLS could not be started.", Refusal::protocol);
      return false;
    }
  }
  if (!std::exchange(has_turn_, false)) {
    watch(0);
    loop_.cancel(again_);
    again_ = loop_.in_turn([this] {
      has_turn_ = true;
      step();
    });
    return false;
  }
  const net::Stream::Io io = client_.handshake();
  if (waits_for(io)) return false;
  if (io != net::Stream::Io::done) {
    tls_failed(io);
    return false;
  }
  tls_pending_ = false;
  client_tls_ = client_.tls_text();
  arrival_.client.certificate_name = client_.peer_common_name();
  tls_started();
  return true;
}

void Session::tls_failed(net::Stream::Io io) {
  if (io == net::Stream::Io::closed || client_.is_lost()) return client_left();
  if (const net::CertificateCheck* refused = client_.refused_certificate()) {
    return fail_proof({}, fmt::format("The client {}.", net::fault_text(*refused, {})));
  }
  fail({}, "client_tls_failed", fmt::format("TLS with the client failed: {}.", client_.why()),
       Refusal::protocol);
}

bool Session::flush() {
  if (output_.empty()) return true;
  const auto [io, bytes] = client_.write(std::string_view(output_).substr(sent_));
  sent_ += bytes;
  if (io == net::Stream::Io::done) {
    output_.clear();
    sent_ = 0;
    if (phase_ == Phase::leaving) client_.close_writing();
    return true;
  }
  if (!waits_for(io)) client_left();
  return false;
}

bool Session::read_client() {
  if (proof_asked_ && phase_ == Phase::login && hold_proof()) return true;
  if (phase_ == Phase::login && begins_with_tls()) {
    start_tls();
    return true;
  }
  const std::span<char> room = loop_.buffer();
  const auto [io, bytes] =
      client_.read(phase_ == Phase::login ? room.first(std::min(room.size(), most_to_read())) : room);
  if (waits_for(io)) return false;
  if (io != net::Stream::Io::done) {
    client_left();
    return false;
  }
  const std::string_view came(loop_.buffer().data(), bytes);
  if (phase_ == Phase::login) {
    received(came);
    ::OPENSSL_cleanse(loop_.buffer().data(), bytes);  // a password may have come this way
  } else if (phase_ == Phase::connecting) {
    if (early_.size() + came.size() > kMaxEarly) {
      fail(encoded({"08P01", 1153, "08S01", "too much was sent before the login was over", {}, {}}),
           "protocol_violation", "The client sent too much before its login was over.", Refusal::protocol);
      return false;
    }
    early_.append(came);
  }
  // Whoever has been told to go may go on talking for a while; nobody listens.
  if (phase_ == Phase::leaving) unheard_ += bytes;
  if (unheard_ > kMaxUnheard) hear(Hearing::leaving);
  return true;
}

void Session::client_left() {
  if (phase_ == Phase::login) {
    if (!give_up()) {
      hearing_ = Hearing::nothing;
      return watch(0);
    }
    if (how_.empty()) return leave_unproven({});
    audit_failure("client_gone", "The client had proved who it is, and went away without a session.");
  } else if (phase_ == Phase::connecting) {
    audit_failure("client_gone", "The client went away during its login.");
  }
  end();
}

/// Has the session wait for what would let it go on after `io`. False: nothing would.
bool Session::waits_for(net::Stream::Io io) {
  const std::uint32_t events = net::Stream::events_for(io);
  if (events != 0) watch(events);
  return events != 0;
}

void Session::watch(std::uint32_t events) {
  if (events == watched_) return;
  if (watched_ == 0) {
    loop_.add(client_.descriptor(), events, *this);
  } else if (events == 0) {
    loop_.remove(client_.descriptor(), *this);
  } else {
    loop_.modify(client_.descriptor(), events, *this);
  }
  watched_ = events;
}

void Session::send(std::string bytes) {
  if (output_.empty()) {
    output_ = std::move(bytes);
  } else {
    output_ += bytes;
  }
}

void Session::start_tls() { tls_pending_ = true; }

// Who it is.

/// Nothing has been looked up yet but how TLS is offered, which the client may have been told.
void Session::take_latest_settings() {
  const auto latest = keeper_.latest_settings();
  if (latest == arrival_.settings) return;
  auto mine = std::make_shared<Settings>(*latest);
  mine->postgresql_tls = arrival_.settings->postgresql_tls;
  mine->mysql_tls = arrival_.settings->mysql_tls;
  arrival_.settings = std::move(mine);
}

const Admission& Session::admit_as(const std::string& user) {
  user_ = user;
  admission_ = admit(*settings().snapshot, client(), user, shared_.own_uid);
  if (admission_.way == Admission::Way::users_missing) {
    turn_away(users_missing(settings().snapshot->file), Refusal::users_missing, "users_missing");
  }
  return admission_;
}

base::ScramVerifier Session::verifier() const { return verifier_for(admission_, settings().decoys, user_); }

const config::GatewayUser* Session::identified_user() const {
  const auto& gateway = settings().snapshot->gateway;
  const bool wanted = gateway && gateway->identify == config::Identify::application_name;
  return wanted ? admission_.user : nullptr;
}

void Session::authenticated(std::string_view how) {
  how_ = how;
  proof_asked_ = false;
  loop_.cancel(timer_);
  keeper_.authenticated(*this);
  const std::size_t before = shared_.logged_in.fetch_add(1);
  counted_ = true;
  if (before >= settings().max_sessions) {
    return turn_away(too_many_sessions(settings().max_sessions), Refusal::too_many, "too_many_sessions");
  }
  const auto& gateway = settings().snapshot->gateway;
  if (gateway && gateway->audit_required && !shared_.audit.works()) {
    return turn_away(audit_unavailable(), Refusal::audit_log, "audit_log_unusable");
  }
  if (admission_.user == nullptr) return;
  user_place_ = shared_.user_sessions.take(user_, admission_.user->max_sessions);
  if (!user_place_) {
    turn_away(too_many_sessions_of(user_, admission_.user->max_sessions), Refusal::too_many,
              "too_many_sessions");
  }
}

void Session::choose_database(const std::string& name) {
  const config::Snapshot& snapshot = *settings().snapshot;
  const std::string& wanted = listener().database.empty() ? name : listener().database;
  if (wanted.empty()) return turn_away(database_missing(), Refusal::database, "database_unknown");
  const Choice choice = choose(snapshot, wanted, admission_.user, listener().wire == net::Wire::mysql);
  if (choice.broken) {
    return turn_away(database_broken(wanted, snapshot.file), Refusal::database, "config_invalid");
  }
  if (choice.database == nullptr) {
    return turn_away(database_unknown(wanted, user_, listener().database.empty()), Refusal::database,
                     "database_unknown");
  }
  database_ = choice.database;
  desk_ = shared_.desks.of(*database_);
  connect();
}

std::chrono::milliseconds Session::wait_left() const {
  return shared_.slowdown.wait(client().group, loop_.now()) - waited_;
}

void Session::when_due(net::EventLoop::Task then) {
  const auto wait = wait_left();
  if (wait.count() <= 0) return then();
  // More failures may have come in the meantime.
  hold(wait, [this, then = std::move(then)]() mutable { when_due(std::move(then)); });
}

/// Whether there is something to wait out before the client is heard again.
bool Session::hold_proof() {
  const auto wait = wait_left();
  if (wait.count() <= 0) return false;
  hold(wait, [] {});
  return true;
}

void Session::hold(std::chrono::milliseconds wait, net::EventLoop::Task then) {
  if (waited_.count() == 0) shared_.stats.logins_held.fetch_add(1);
  if (shared_.held_warning.is_due(loop_.now())) {
    shared_.log.warning("logins from {} wait {:.2g} s each, because of failed authentications from there",
                        address_group(client().group), static_cast<double>(wait.count()) / 1000);
  }
  waited_ += wait;
  hearing_ = Hearing::leaving;
  arm(loop_.now() + wait, [this, then = std::move(then)]() mutable {
    hearing_ = Hearing::all;
    bound_startup();
    then();
    step();
  });
}

void Session::refuse(const ClientError& error, const std::string& reason) {
  fail_proof(encoded(error), admission_.from_elsewhere ? "the user may not come from this address" : reason);
}

/// Counts now, whether or not anybody waits for the answer.
void Session::fail_proof(std::string answer, std::string_view reason) {
  const unsigned failures = std::max(guesses(), 1U);
  for (unsigned i = 0; i < failures; ++i) shared_.slowdown.failed(client().group, loop_.now());
  fail(std::move(answer), "authentication_failed", reason, Refusal::authentication);
}

/// Health checks, port scans, and people who are asked for a password leave so, and have failed nothing. A
/// client that has answered, and was asked for its password, has guessed.
void Session::leave_unproven(std::string answer) {
  if (guesses() > 0) {
    return fail_proof(
        std::move(answer),
        "the client's answer was wrong or could not be checked, and its password did not follow");
  }
  shared_.stats.probes.fetch_add(1);
  leave(std::move(answer));
}

void Session::turn_away(const ClientError& error, Refusal refusal, std::string_view code) {
  fail(encoded(error), code, error.message, refusal);
}

void Session::refuse_session() {
  const ClientError error = takes_no_sessions();
  shared_.stats.refused(Refusal::draining);
  if (!how_.empty()) audit_failure("shutdown", error.message);
  leave(encoded(error));
}

void Session::fail(std::string bytes, std::string_view code, std::string_view message, Refusal refusal) {
  if (is_over()) return;
  // A guess counts, however its login ends; but not one that the gateway had no time to look at.
  if (guesses() > 0 && refusal != Refusal::authentication && refusal != Refusal::too_many) {
    return fail_proof(std::move(bytes), message);
  }
  shared_.stats.refused(refusal);
  audit_failure(code, message);
  leave(std::move(bytes));
}

void Session::close_quietly() {
  if (!is_over()) leave({});
}

void Session::evict() {
  if (!is_over()) {
    if (guesses() > 0) {
      leave_unproven({});
    } else {
      shared_.stats.refused(Refusal::too_many);
    }
  }
  end();
}

// The database.

void Session::connect() {
  phase_ = Phase::connecting;
  loop_.cancel(timer_);
  lease_ = keeper_.sessions_with_databases().lease(
      {database_, wish()},
      {settings().snapshot->iam_flag(), desk_->rate(settings().login_rate),
       admission_.user != nullptr ? user_ : address_group(client().group)},
      [this](upstream::SessionProvider::Result result) {
        lease_.reset();
        if (result) {
          upstream_ready(std::move(*result));
        } else {
          upstream_refused(result.error());
        }
      });
}

void Session::give_up_lease() {
  if (lease_) keeper_.sessions_with_databases().give_up(*lease_);
  lease_.reset();
}

void Session::upstream_ready(upstream::DatabaseSession upstream) {
  // The client may have been let in at the very moment it went; step() would notice, the relay does too.
  desk_->stats.login_ended(shared_.clock.now(), "ok", {}, upstream.steps.all());
  facts_ = std::make_unique<UpstreamFacts>(UpstreamFacts{
      upstream.facts, fmt::format("{}:{}", upstream.address, upstream.port), upstream.stream.tls_text()});
  Opening opening = open(upstream);
  opening.from_client += std::exchange(early_, {});
  if (watched_ != 0) watch(0);
  // What is still unsent of the client's login goes first.
  opening.to_client.insert(0, std::exchange(output_, {}), std::exchange(sent_, 0));

  AuditRecord opened = record(AuditRecord::Event::open);
  opened.steps = upstream.steps.all();
  shared_.audit.write(opened);
  desk_->stats.sessions.fetch_add(1);
  phase_ = Phase::relaying;
  conversation_ = std::move(opening.conversation);
  relay_ = std::make_unique<Relay>(loop_, std::move(client_), std::move(upstream.stream), *conversation_,
                                   desk_->stats, [this](Relay::End end) { relay_ended(end); });
  forget_login();
  relay_->start(opening.to_client, opening.from_client);
  if (phase_ == Phase::relaying) limit_time();
}

void Session::upstream_refused(const upstream::SessionRefusal& refusal) {
  const base::Error& error = refusal.failure.error;
  desk_->stats.login_ended(shared_.clock.now(), error.code, error.message, refusal.steps.all());
  facts_ = std::make_unique<UpstreamFacts>(UpstreamFacts{refusal.facts, {}, {}});
  database_refused(refusal);
  audit_failure(error.code, error.message, &refusal.steps);
  leave(encoded(client_error(refusal.failure)));
}

// The session.

void Session::limit_time() {
  if (admission_.user != nullptr && admission_.user->max_age.count() > 0) {
    age_timer_ = loop_.at(began_ + admission_.user->max_age, [this] {
      const ClientError old = too_old();
      finish_relay("max_age", &old);
    });
  }
  check_allowed();
  if (settings().idle_timeout.count() > 0) check_idle();
}

void Session::reconsider(std::shared_ptr<const Settings> settings) {
  reloaded_ = std::move(settings);
  // Who is not let in yet is looked at again then.
  if (phase_ == Phase::relaying) check_allowed();
}

void Session::check_allowed() {
  // The owner of the gateway is no user of its configuration.
  if (!reloaded_ || admission_.user == nullptr) return;
  const config::Snapshot& snapshot = *reloaded_->snapshot;
  if (may_stay(snapshot, client(), user_, database_->name)) {
    loop_.cancel(grace_timer_);
    in_grace_ = false;
    return;
  }
  if (std::exchange(in_grace_, true)) return;
  const auto grace = snapshot.gateway ? snapshot.gateway->grace : std::chrono::milliseconds(0);
  grace_timer_ = loop_.in(grace, [this] {
    const ClientError gone = no_longer_allowed(user_);
    finish_relay("no_longer_allowed", &gone);
  });
}

/// A session is idle from the end of its last answer on. While one is awaited, another whole timeout is too
/// early to be right.
void Session::check_idle() {
  const auto began = conversation_->at_rest() ? relay_->last_activity() : loop_.now();
  const auto left = began + settings().idle_timeout - loop_.now();
  if (left > std::chrono::nanoseconds(0)) {
    arm(loop_.now() + left, [this] { check_idle(); });
    return;
  }
  const ClientError idle = idle_too_long();
  finish_relay("idle_timeout", &idle);
}

void Session::relay_ended(Relay::End end) {
  if (conversation_->said_goodbye()) end = Relay::End::client_closed;
  const bool database_went = end == Relay::End::database_closed || end == Relay::End::database_lost;
  const ClientError gone = database_gone();
  finish_relay(end_name(end), database_went ? &gone : nullptr);
}

void Session::finish_relay(std::string_view reason, const ClientError* last) {
  session_ended();
  AuditRecord closed = record(AuditRecord::Event::close);
  closed.reason = reason;
  closed.bytes_to_client = relay_->bytes_to_client();
  closed.bytes_to_database = relay_->bytes_to_database();
  shared_.audit.write(closed);
  desk_->stats.sessions.fetch_sub(1);
  std::string words;
  if (last != nullptr && relay_->all_delivered() && conversation_->may_interject()) words = last_words(*last);
  client_ = relay_->take_client();
  // The relay may be on the stack.
  loop_.in(std::chrono::milliseconds(0),
           [relay = std::move(relay_), conversation = std::move(conversation_)] {});
  leave(std::move(words));
}

void Session::shut_down() {
  if (is_over()) return;
  const ClientError error = shutting_down();
  if (phase_ == Phase::relaying) return finish_relay("shutdown", &error);
  audit_failure("shutdown", error.message);
  leave(encoded(error));
}

// The end.

/// The last words go out, then the client is heard out for a moment: closing a socket with unread bytes in it
/// would take the words away from it again.
void Session::leave(std::string bytes) {
  stop_counting();
  cancel_timers();
  give_up_lease();
  if (!client_.is_open()) return end();
  phase_ = Phase::leaving;
  keeper_.told_to_go(*this, address_group(client().group));
  hearing_ = Hearing::all;
  const bool tls_broken = tls_pending_;
  tls_pending_ = false;
  send(std::move(bytes));
  arm(loop_.now() + kLeaving, [this] { end(); });
  if (tls_broken) return end();
  if (output_.empty()) client_.close_writing();
  step();
}

void Session::stop_counting() {
  if (std::exchange(counted_, false)) shared_.logged_in.fetch_sub(1);
  user_place_.reset();
}

/// One time limit counts at a time: the one before is off, whatever it was.
void Session::arm(base::SteadyTime time, net::EventLoop::Task task) {
  loop_.cancel(timer_);
  timer_ = loop_.at(time, std::move(task));
}

void Session::cancel_timers() {
  for (const net::EventLoop::TimerId& timer : {timer_, age_timer_, grace_timer_}) loop_.cancel(timer);
}

void Session::end() {
  if (std::exchange(phase_, Phase::over) == Phase::over) return;
  loop_.cancel(timer_);
  give_up_lease();
  keeper_.ended(*this);
}

AuditRecord Session::record(AuditRecord::Event event) const {
  AuditRecord record;
  record.event = event;
  record.time = shared_.clock.now();
  record.session = fmt::format("{:016x}", id_);
  record.listener = listener().address;
  record.client_address = client().address;
  record.client_uid = client().uid;
  record.client_tls = client_tls_;
  record.user = user_;
  record.authentication = how_;
  if (database_ != nullptr) {
    record.database = database_->name;
    record.engine = config::engine_name(database_->uri.engine);
  }
  if (facts_) {
    record.upstream = facts_->login.endpoint;
    record.upstream_dial = facts_->dialled;
    record.upstream_user = facts_->login.user;
    record.upstream_tls = facts_->tls;
    record.role_arn = facts_->login.role_arn;
    record.request_id = facts_->login.request_id;
  }
  if (event != AuditRecord::Event::open) {
    record.duration = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - began_);
  }
  return record;
}

void Session::audit_failure(std::string_view code, std::string_view message, const login::Steps* steps) {
  AuditRecord failed = record(AuditRecord::Event::fail);
  failed.client_group = address_group(client().group);
  failed.user_is_known = admission_.user != nullptr;
  failed.reason = code;
  failed.message = message;
  if (steps != nullptr) failed.steps = steps->all();
  shared_.audit.write(failed);
}

}  // namespace rolegate::gateway
