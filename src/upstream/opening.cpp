#include "upstream/opening.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/server_text.hpp"
#include "upstream/errc.hpp"
#include "upstream/failures.hpp"
#include "upstream/resolve.hpp"

namespace rolegate::upstream {

std::shared_ptr<LoginRate> LoginRates::of(const std::string& database, int per_second) {
  const std::lock_guard lock(mutex_);
  Entry& entry = rates_[database];
  if (!entry.rate || entry.per_second != per_second) {
    entry = {per_second, std::make_shared<LoginRate>(per_second)};
  }
  return entry.rate;
}

/// What the other thread brings: everything that may take time.
struct UpstreamLogin::Made {
  login::Login login;
  std::vector<std::string> addresses;
  std::shared_ptr<const UpstreamTlsContext> tls;
};

UpstreamLogin::UpstreamLogin(net::EventLoop& loop, UpstreamServices services, config::IamFlag flag,
                             config::DatabasePtr database, int login_rate, std::string client,
                             MakeHandshake make_handshake, Done done)
    : loop_(loop),
      services_(services),
      flag_(std::move(flag)),
      database_(std::move(database)),
      login_rate_(login_rate),
      client_(std::move(client)),
      make_handshake_(std::move(make_handshake)),
      done_(std::move(done)),
      self_(std::make_shared<UpstreamLogin*>(this)),
      rate_(services.rates.of(database_->name, login_rate)),
      patience_ends_(loop.now() + kPatience),
      place_(rate_->enter(
          client_,
          [self = self_, &loop] {
            loop.post([self] {
              if (*self != nullptr) (*self)->await_turn();
            });
          },
          loop.now(), kPatience)) {
  // Not here: whoever makes this is not ready to be called back.
  timer_ = loop_.in(std::chrono::milliseconds(0), [this] { place_ ? await_turn() : line_too_long(); });
}

UpstreamLogin::~UpstreamLogin() {
  *self_ = nullptr;
  call_.cancel();
  loop_.cancel(timer_);
}

/// Nobody being before it any more may be told when its turn is over.
void UpstreamLogin::await_turn() {
  if (!place_) return;
  const auto wait = place_->wait(loop_.now());
  if (wait && wait->count() == 0) {
    place_.reset();
    return make_login(login::Fresh::no);
  }
  if (loop_.now() >= patience_ends_) return line_too_long();
  loop_.cancel(timer_);
  const auto next = wait ? loop_.now() + *wait : patience_ends_;
  timer_ = loop_.at(std::min(next, patience_ends_), [this] { await_turn(); });
}

void UpstreamLogin::line_too_long() {
  place_.reset();
  fail(
      {base::make_error(Errc::login_rate_exceeded,
                        fmt::format("Too many logins to database '{}' are waiting already.", database_->name),
                        fmt::format("The gateway makes at most {} a second (gateway.login_rate); use a "
                                    "connection pool, or raise it if the database can take more.",
                                    login_rate_),
                        true)});
}

void UpstreamLogin::make_login(login::Fresh fresh) {
  if (deadline_ == base::SteadyTime{}) {
    deadline_ = loop_.now() + database_->uri.connect_timeout.value_or(login::kDefaultTimeout);
  }
  // The call keeps the deadline itself and says what it waited for; the second on top is for one that cannot.
  loop_.cancel(timer_);
  timer_ = loop_.at(deadline_ + std::chrono::seconds(1), [this] { out_of_time(); });
  call_ = services_.pool.submit(
      database_->name, login::CallPool::Urgency::login,
      [self = self_, &loop = loop_, services = services_, flag = flag_, database = database_,
       deadline = base::Deadline(deadline_), fresh] {
        login::Steps steps;
        base::Result<Made> result = [&]() -> base::Result<Made> {
          auto login = services.logins.login(flag, *database, deadline, &steps, fresh);
          if (!login) return std::unexpected(std::move(login.error()));
          auto tls = services.tls.context(*login);
          if (!tls) return std::unexpected(std::move(tls.error()));
          auto addresses = steps.walk(login::StepName::resolve,
                                      [&] { return resolve(login->dial.host, login->dial.port, deadline); });
          if (!addresses) return std::unexpected(std::move(addresses.error()));
          return Made{std::move(*login), std::move(*addresses), std::move(*tls)};
        }();
        loop.post([self, result = std::move(result), steps = std::move(steps)]() mutable {
          if (*self != nullptr) (*self)->made(std::move(result), std::move(steps));
        });
      },
      client_);
}

void UpstreamLogin::made(base::Result<Made> result, login::Steps steps) {
  steps_ = std::move(steps);
  if (!result) return fail({std::move(result.error())});
  dial(std::move(*result));
}

void UpstreamLogin::dial(Made made) {
  made_ = std::make_unique<Made>(std::move(made));
  loop_.cancel(timer_);
  timer_ = loop_.at(deadline_, [this] { out_of_time(); });
  begin_step(login::StepName::tcp);
  dialer_ = std::make_unique<net::Dialer>(
      loop_, made_->addresses, made_->login.dial.port, deadline_,
      [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
        if (connection) return connected(std::move(*connection));
        const net::Dialer::Unreachable& unreachable = connection.error();
        fail({unreachable.timed_out ? timed_out(made_->login, Stage::connecting)
                                    : not_connected(made_->login, unreachable.reason)});
      });
}

void UpstreamLogin::connected(net::Dialer::Connected connection) {
  address_ = std::move(connection.address);
  step_detail_ = address_;
  end_step();
  begin_step(login::StepName::tls);
  handshake_ = make_handshake_(made_->login);
  TlsTarget target{made_->tls->ssl, made_->login.host, made_->login.ssl_mode == config::SslMode::verify_full};
  driver_ = std::make_unique<HandshakeDriver>(loop_, net::Stream(std::move(connection.socket)), *handshake_,
                                              std::move(target),
                                              [this](HandshakeDriver::Outcome outcome) { ended(outcome); });
  driver_->on_tls = [this](bool finished) {
    if (!finished) return;
    step_detail_ = driver_->stream().tls_text();
    end_step();
    begin_step(login::StepName::handshake);
  };
  // The dialer is on the stack below; it goes at the next step's expense.
  driver_->start();
}

void UpstreamLogin::ended(HandshakeDriver::Outcome outcome) {
  if (outcome == HandshakeDriver::Outcome::ready) return succeed();
  UpstreamFailure failure = explain(outcome);
  const bool refused = failure.error.code == code_name(Errc::iam_token_refused) ||
                       failure.error.code == code_name(Errc::password_refused);
  if (refused && made_->login.from_cache && !std::exchange(retried_, true)) {
    end_step(&failure.error);
    // Not here: driver and dialer are on the stack.
    loop_.cancel(timer_);
    timer_ = loop_.in(std::chrono::milliseconds(0), [this] {
      driver_.reset();
      dialer_.reset();
      make_login(login::Fresh::yes);
    });
    return;
  }
  fail(std::move(failure));
}

UpstreamFailure UpstreamLogin::explain(HandshakeDriver::Outcome outcome) {
  const login::Login& login = made_->login;
  const TrustedCertificates& trusted = made_->tls->trusted;
  if (outcome == HandshakeDriver::Outcome::failed) return handshake_->failure(login, trusted);
  const net::Stream& stream = driver_->stream();
  if (outcome == HandshakeDriver::Outcome::tls_failed) {
    if (const net::CertificateCheck* refused = stream.refused_certificate()) {
      return {certificate_refused(login, *refused, trusted)};
    }
    return {tls_failed(login, base::server_text(stream.why()))};
  }
  const std::string why = stream.why().empty() ? "it closed the connection" : stream.why();
  return {base::make_error(
      Errc::upstream_lost,
      fmt::format("The {} ended the connection in the middle of the login: {}.", place(login), why),
      driver_->heard() ? "It may be restarting or out of connections."
                       : "Something other than the database may be listening there, or a "
                         "tunnel leads nowhere.",
      true)};
}

void UpstreamLogin::out_of_time() {
  if (!made_) {
    return fail(
        {base::make_error(Errc::upstream_timeout,
                          fmt::format("No login for database '{}' could be made in time.", database_->name),
                          "Too many logins may be waiting for AWS or the name server.", true)});
  }
  Stage stage = Stage::connecting;
  if (driver_) {
    stage = driver_->tls_done()                                      ? Stage::handshake
            : !driver_->heard() && handshake_->server_speaks_first() ? Stage::greeting
                                                                     : Stage::tls;
  }
  fail({timed_out(made_->login, stage)});
}

void UpstreamLogin::succeed() {
  if (std::exchange(over_, true)) return;
  loop_.cancel(timer_);
  end_step();
  Upstream upstream{
      driver_->take_stream(),
      std::move(handshake_),
      std::move(address_),
      made_->login.dial.port,
      {made_->tls->ssl, made_->login.host, made_->login.ssl_mode == config::SslMode::verify_full},
      std::move(steps_),
      std::move(made_->login.user),
      fmt::format("{}:{}", made_->login.host, made_->login.port),
      std::move(made_->login.role_arn),
      std::move(made_->login.request_id)};
  Done done = std::move(done_);
  done(std::move(upstream));
}

/// Two timers may come due in one round, this object's own and the dialer's: whoever is second is too late.
void UpstreamLogin::fail(UpstreamFailure failure) {
  if (std::exchange(over_, true)) return;
  loop_.cancel(timer_);
  end_step(&failure.error);
  UpstreamRefusal refusal{std::move(failure), std::move(steps_), {}, {}, {}, {}, handshake_.get()};
  if (made_) {
    refusal.user = made_->login.user;
    refusal.endpoint = fmt::format("{}:{}", made_->login.host, made_->login.port);
    refusal.role_arn = made_->login.role_arn;
    refusal.request_id = made_->login.request_id;
  }
  Done done = std::move(done_);
  done(std::unexpected(std::move(refusal)));
}

void UpstreamLogin::begin_step(login::StepName name, std::string detail) {
  step_ = name;
  step_began_ = std::chrono::steady_clock::now();
  step_detail_ = std::move(detail);
}

void UpstreamLogin::end_step(const base::Error* error) {
  if (!step_) return;
  steps_.add(*step_, std::chrono::steady_clock::now() - step_began_, std::move(step_detail_),
             error != nullptr ? std::optional(*error) : std::nullopt);
  step_.reset();
}

}  // namespace rolegate::upstream
