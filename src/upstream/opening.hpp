#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "config/database_map.hpp"
#include "login/call_pool.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"
#include "net/dialer.hpp"
#include "net/event_loop.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/login_rate.hpp"
#include "upstream/upstream_tls.hpp"

namespace rolegate::upstream {

/// One bucket of logins per database. Thread-safe.
class LoginRates {
 public:
  [[nodiscard]] std::shared_ptr<LoginRate> of(const std::string& database, int per_second);

 private:
  struct Entry {
    int per_second;
    std::shared_ptr<LoginRate> rate;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> rates_;
};

/// What a login to a database stands on; outlives every login.
struct UpstreamServices {
  login::LoginService& logins;
  UpstreamTls& tls;
  LoginRates& rates;
  /// Where logins are made and names resolved: both may wait. One lane per database, so that one that is
  /// stuck fills its own only.
  login::CallPool& pool;
};

/// A database that has let a session in.
struct Upstream {
  net::Stream stream;
  std::unique_ptr<Handshake> handshake;  ///< with what it has brought
  std::string address;                   ///< numeric, that the connection went to
  std::uint16_t port = 0;
  TlsTarget tls;
  login::Steps steps;
  // Of the login, for the audit log; the password is gone.
  std::string user;
  std::string endpoint;
  std::string role_arn;
  std::string request_id;
};

/// As an UpstreamFailure, with the steps that led to it and what is known of the login.
struct UpstreamRefusal {
  UpstreamFailure failure;
  login::Steps steps;
  std::string user;
  std::string endpoint;
  std::string role_arn;
  std::string request_id;
  Handshake* handshake = nullptr;  ///< how far it came, if a connection came about; valid during the call
};

/// The one path from a configured database to a session: its turn (login_rate), login, resolve, TCP, TLS,
/// handshake; once more with fresh credentials when the database refuses cached ones. Calls back once, from
/// the loop, unless it is destroyed before; the callback may destroy it. `client`: who takes turns with
/// others.
class UpstreamLogin {
 public:
  /// Makes the protocol's side of a login. The password may be moved out of it.
  using MakeHandshake = std::move_only_function<std::unique_ptr<Handshake>(login::Login& login)>;
  using Done = std::move_only_function<void(std::expected<Upstream, UpstreamRefusal>)>;

  UpstreamLogin(net::EventLoop& loop, UpstreamServices services, config::IamFlag flag,
                config::DatabasePtr database, int login_rate, std::string client,
                MakeHandshake make_handshake, Done done);
  ~UpstreamLogin();
  UpstreamLogin(const UpstreamLogin&) = delete;
  UpstreamLogin& operator=(const UpstreamLogin&) = delete;

  /// How long a session may wait for its turn.
  static constexpr std::chrono::seconds kPatience{10};

 private:
  struct Made;
  void await_turn();
  void line_too_long();
  void make_login(login::Fresh fresh);
  void made(base::Result<Made> result, login::Steps steps);
  void dial(Made made);
  void connected(net::Dialer::Connected connection);
  void ended(HandshakeDriver::Outcome outcome);
  [[nodiscard]] UpstreamFailure explain(HandshakeDriver::Outcome outcome);
  void out_of_time();
  void succeed();
  void fail(UpstreamFailure failure);
  void begin_step(login::StepName name, std::string detail = {});
  void end_step(const base::Error* error = nullptr);

  net::EventLoop& loop_;
  UpstreamServices services_;
  const config::IamFlag flag_;
  const config::DatabasePtr database_;
  const int login_rate_;
  const std::string client_;
  MakeHandshake make_handshake_;
  Done done_;
  /// What a task on its way from another thread looks at first: whether anybody is still there.
  std::shared_ptr<UpstreamLogin*> self_;

  const std::shared_ptr<LoginRate> rate_;
  const base::SteadyTime patience_ends_;
  std::unique_ptr<LoginRate::Place> place_;  ///< null: its turn has come, or it is over
  login::CallPool::Pending call_;

  base::SteadyTime deadline_{};
  net::EventLoop::TimerId timer_{};
  login::Steps steps_;
  std::optional<login::StepName> step_;
  base::SteadyTime step_began_{};
  std::string step_detail_;
  bool retried_ = false;
  bool over_ = false;

  std::unique_ptr<Made> made_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<HandshakeDriver> driver_;
  std::string address_;
};

}  // namespace rolegate::upstream
