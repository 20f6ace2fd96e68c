#include "upstream/opening.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "upstream/errc.hpp"
#include "upstream/failures.hpp"

namespace rolegate::upstream {
namespace {

/// A call keeps the deadline by itself, and says what it waited for; this much on top is for one that cannot.
constexpr std::chrono::seconds kForTheCall{1};

/// Steps are only measured, nothing is decided by them: by the real clock, as on the threads of the pool. The
/// loop's says when its round began, and a whole step may be walked in one.
base::SteadyTime real_time() { return std::chrono::steady_clock::now(); }

TlsTarget tls_target(const Preparation& preparation) {
  const login::Login& login = preparation.login;
  return {preparation.tls->ssl, login.host, login.ssl_mode == config::SslMode::verify_full};
}

}  // namespace

Opening::Opening(net::EventLoop& loop, const UpstreamServices& services, Wish wish,
                 SessionProvider::Terms terms, SessionProvider::Done done)
    : loop_(loop),
      services_(services),
      wish_(std::move(wish)),
      terms_(std::move(terms)),
      done_(std::move(done)),
      patience_ends_(loop.now() + kPatience),
      timer_(loop),
      mailbox_(loop) {
  facts_.role_arn = wish_.database->aws_iam ? wish_.database->aws_iam->role_arn : std::string();
  place_ = terms_.rate->enter(
      terms_.client, [this, address = mailbox_.address()] { address.send([this] { await_turn(); }); },
      loop.now(), kPatience);
  place_ ? await_turn() : line_too_long();
}

Opening::~Opening() { call_.cancel(); }

/// Nobody being before it any more may be told when its turn is over.
void Opening::await_turn() {
  if (!place_) return;
  const auto wait = place_->wait(loop_.now());
  if (wait && wait->count() == 0) {
    place_.reset();
    const auto own = wish_.database->uri.connect_timeout.value_or(login::kDefaultTimeout);
    deadline_ = loop_.now() + terms_.time.value_or(own);
    return prepare(login::Fresh::no);
  }
  if (loop_.now() >= patience_ends_) return line_too_long();
  const auto next = wait ? loop_.now() + *wait : patience_ends_;
  timer_.at(std::min(next, patience_ends_), [this] { await_turn(); });
}

void Opening::line_too_long() {
  fail({base::make_error(
      Errc::login_rate_exceeded,
      fmt::format("Too many logins to database '{}' are waiting already.", wish_.database->name),
      fmt::format("The gateway makes at most {} a second (gateway.login_rate); use a "
                  "connection pool, or raise it if the database can take more.",
                  terms_.rate->per_second()),
      true)});
}

void Opening::prepare(login::Fresh fresh) {
  timer_.at(deadline_ + kForTheCall, [this] { out_of_time(); });
  call_ = services_.pool.submit(
      wish_.database->name, base::CallPool::Urgency::login,
      [this, address = mailbox_.address(), &services = services_, flag = terms_.flag,
       database = wish_.database, deadline = base::Deadline(deadline_), steps = steps_, fresh]() mutable {
        auto preparation = services.prepare(flag, *database, deadline, steps, fresh);
        address.send([this, preparation = std::move(preparation), steps = std::move(steps)]() mutable {
          prepared(std::move(preparation), std::move(steps));
        });
      },
      terms_.client);
}

void Opening::prepared(base::Result<Preparation> preparation, login::Steps steps) {
  if (over_) return;
  steps_ = std::move(steps);
  if (!preparation) return fail({std::move(preparation.error())});
  preparation_ = std::move(*preparation);
  const login::Login& login = preparation_->login;
  facts_ = {login.user, fmt::format("{}:{}", login.host, login.port), login.role_arn, login.request_id};
  dial();
}

void Opening::dial() {
  timer_.cancel();                            // the dialer keeps the deadline
  address_ = preparation_->addresses.back();  // should none be reached
  step_began_ = real_time();
  dialer_.emplace(loop_, preparation_->addresses, preparation_->login.dial.port, deadline_,
                  [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
                    if (connection) return connected(std::move(*connection));
                    const net::Dialer::Unreachable& unreachable = connection.error();
                    fail({unreachable.timed_out ? timed_out(preparation_->login, Stage::connecting)
                                                : not_connected(preparation_->login, unreachable.reason)});
                  });
}

void Opening::connected(net::Dialer::Connected connection) {
  address_ = std::move(connection.address);
  end_steps();
  dialer_.reset();
  timer_.at(deadline_, [this] { out_of_time(); });
  handshake_ = make_login_handshake(wish_, preparation_->login, services_.random);
  driver_.emplace(loop_, net::Stream(std::move(connection.socket)), *handshake_, tls_target(*preparation_),
                  [this](HandshakeDriver::Outcome outcome) { handshake_ended(outcome); });
  driver_->start();
}

void Opening::handshake_ended(HandshakeDriver::Outcome outcome) {
  if (outcome == HandshakeDriver::Outcome::ready) return succeed();
  UpstreamFailure failure = explain(outcome);
  if (!deserves_fresh_login(preparation_->login, failure.error) || std::exchange(retried_, true)) {
    return fail(std::move(failure));
  }
  end_steps(failure.whole_error());
  driver_.reset();
  handshake_.reset();
  preparation_.reset();
  prepare(login::Fresh::yes);
}

UpstreamFailure Opening::explain(HandshakeDriver::Outcome outcome) const {
  const login::Login& login = preparation_->login;
  const TrustedCertificates& trusted = preparation_->tls->trusted;
  if (outcome == HandshakeDriver::Outcome::failed) return handshake_->failure(login, trusted);
  const net::Stream& stream = driver_->stream();
  if (outcome == HandshakeDriver::Outcome::tls_failed) {
    if (const net::CertificateCheck* refused = stream.refused_certificate()) {
      return {certificate_refused(login, *refused, trusted)};
    }
    return {tls_failed(login, base::server_text(stream.why()))};
  }
  return {connection_lost(login, stream.why(), driver_->heard())};
}

void Opening::out_of_time() {
  if (!preparation_) {
    return fail({base::make_error(
        Errc::upstream_timeout,
        fmt::format("No login for database '{}' could be made in time.", wish_.database->name),
        "Too many logins may be waiting for AWS or the name server.", true)});
  }
  Stage stage = Stage::tls;
  if (driver_->tls_done_at()) {
    stage = Stage::handshake;
  } else if (!driver_->heard() && handshake_->server_speaks_first()) {
    stage = Stage::greeting;
  }
  fail({timed_out(preparation_->login, stage)});
}

void Opening::succeed() {
  end_steps();
  finish(DatabaseSession{driver_->take_stream(), std::move(address_), preparation_->login.dial.port,
                         tls_target(*preparation_), handshake_->take_start(), std::move(facts_),
                         std::move(steps_)});
}

void Opening::fail(UpstreamFailure failure) {
  end_steps(failure.whole_error());
  if (failure.error.aws) facts_.request_id = failure.error.aws->request_id;
  finish(std::unexpected(SessionRefusal{std::move(failure), std::move(facts_), std::move(steps_),
                                        handshake_ ? handshake_->greeting() : std::nullopt}));
}

/// Nothing of the path goes on while the call is on its way.
void Opening::finish(SessionProvider::Result result) {
  over_ = true;
  place_.reset();
  dialer_.reset();
  driver_.reset();
  timer_.later([this, result = std::move(result)]() mutable {
    SessionProvider::Done done = std::move(done_);
    done(std::move(result));
  });
}

/// Of what is going on; what goes on elsewhere counts its own.
void Opening::end_steps(const std::optional<base::Error>& why) {
  const base::SteadyTime now = real_time();
  if (dialer_) {
    steps_.add(login::StepName::tcp, now - step_began_, address_, why);
    step_began_ = now;
  } else if (driver_) {
    const auto tls_done_at = driver_->tls_done_at();
    if (!tls_done_at) return steps_.add(login::StepName::tls, now - step_began_, {}, why);
    steps_.add(login::StepName::tls, *tls_done_at - step_began_, driver_->stream().tls_text());
    steps_.add(login::StepName::handshake, now - *tls_done_at, {}, why);
  }
}

}  // namespace rolegate::upstream
