#include "admin/http/server.hpp"

#include <algorithm>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "admin/http/session.hpp"
#include "base/quiet_thread.hpp"

namespace rolegate::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
/// How long no connection is accepted after that failed (no descriptor left, say).
constexpr std::chrono::milliseconds kAcceptPause{100};

class AsioServer final : public HttpServer {
 public:
  AsioServer(Router router, const base::Clock& clock, base::Log& log, HttpLimits limits)
      : router_(std::move(router)), clock_(clock), log_(log), limits_(limits) {}
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;
  ~AsioServer() override;

  /// Binds and listens; says what failed.
  [[nodiscard]] error_code listen(const tcp::endpoint& endpoint);
  /// False: the system gives no thread.
  [[nodiscard]] bool start();
  [[nodiscard]] const std::string& address() const override { return address_; }

 private:
  using SessionPtr = std::shared_ptr<HttpSession>;

  void run();
  [[nodiscard]] asio::awaitable<void> accept();
  void serve(tcp::socket socket);
  [[nodiscard]] bool make_room();

  const Router router_;
  const base::Clock& clock_;
  base::Log& log_;
  const HttpLimits limits_;
  std::string address_;
  asio::io_context context_{1};
  Jobs jobs_{limits_.jobs};
  tcp::acceptor acceptor_{context_};
  std::list<SessionPtr> sessions_;
  std::optional<std::thread> thread_;
};

AsioServer::~AsioServer() {
  context_.stop();
  if (thread_) thread_->join();
  jobs_.stop();
  // What remains of the connections goes with `context_`, and after the sockets that are listed here.
  sessions_.clear();
}

error_code AsioServer::listen(const tcp::endpoint& endpoint) {
  error_code error;
  const auto done = [&] { return error.failed(); };
  if (acceptor_.open(endpoint.protocol(), error); done()) return error;
  if (acceptor_.set_option(tcp::acceptor::reuse_address(true), error); done()) return error;
  if (endpoint.address().is_v6()) {
    if (acceptor_.set_option(asio::ip::v6_only(true), error); done()) return error;
  }
  if (acceptor_.bind(endpoint, error); done()) return error;
  if (acceptor_.listen(tcp::acceptor::max_listen_connections, error); done()) return error;
  const tcp::endpoint bound = acceptor_.local_endpoint(error);
  address_ = bound.address().is_v6() ? fmt::format("[{}]:{}", bound.address().to_string(), bound.port())
                                     : fmt::format("{}:{}", bound.address().to_string(), bound.port());
  return error;
}

bool AsioServer::start() {
  asio::co_spawn(context_, accept(), [this](const std::exception_ptr& problem) {
    if (problem) log_.error("The admin server accepts no more connections: a bug, or no memory left.");
  });
  thread_ = base::start_quiet_thread([this] { run(); });
  return thread_.has_value();
}

void AsioServer::run() {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& problem) {
      log_.error("The admin server goes on after: {}", problem.what());
    }
  }
}

asio::awaitable<void> AsioServer::accept() {
  bool failing = false;
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kResult);
    if (error == asio::error::connection_aborted) continue;  // the client was gone before its turn
    if (!error) {
      failing = false;
      try {
        serve(std::move(socket));
      } catch (const std::exception& problem) {  // no memory for one connection must not be the end of all
        log_.warning("The admin server at {} dropped a connection: {}.", address_, problem.what());
      }
      continue;
    }
    if (!failing) log_.warning("The admin server at {} cannot accept: {}.", address_, error.message());
    failing = true;
    asio::steady_timer pause(context_, kAcceptPause);
    co_await pause.async_wait(kResult);
  }
}

void AsioServer::serve(tcp::socket socket) {
  if (!make_room()) return;
  const auto session = std::make_shared<HttpSession>(
      std::move(socket), HttpSession::Context{router_, jobs_, clock_, log_, limits_});
  sessions_.push_back(session);
  asio::co_spawn(context_, session->run(), [this, session](const std::exception_ptr& problem) {
    if (problem) log_.error("A connection of the admin server ended: a bug, or no memory left.");
    sessions_.remove(session);
  });
}

/// The connection that has waited longest goes when there are too many; one whose answer is under way stays.
bool AsioServer::make_room() {
  if (sessions_.size() < limits_.connections) return true;
  const auto waiting = [](const SessionPtr& session) {
    return session->waiting_since().value_or(base::SteadyTime::max());
  };
  const auto victim = std::ranges::min_element(sessions_, {}, waiting);
  if (victim == sessions_.end() || !(*victim)->waiting_since()) return false;
  (*victim)->drop();
  sessions_.erase(victim);
  return true;
}

std::string_view remedy(const error_code& error) {
  if (error == asio::error::address_in_use) {
    return "Another process listens there: stop it, or set admin.listen to another port.";
  }
  if (error == boost::system::errc::address_not_available) {
    return "The address is not one of this machine: set admin.listen to one that is, such as 127.0.0.1:9432.";
  }
  if (error == asio::error::access_denied) {
    return "Ports below 1024 need CAP_NET_BIND_SERVICE: set admin.listen to a higher one.";
  }
  return "Set admin.listen to an address and port of this machine, such as 127.0.0.1:9432.";
}

std::unexpected<base::Error> cannot_listen(const base::ListenAddress& listen, std::string_view reason,
                                           std::string_view hint) {
  return base::fail(Errc::admin_listen_failed,
                    fmt::format("The admin server cannot listen on {}: {}.", listen.text, reason),
                    std::string(hint));
}

}  // namespace

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::admin_listen_failed:
      return "admin_listen_failed";
  }
  return {};
}

base::Result<std::unique_ptr<HttpServer>> start_http_server(const base::ListenAddress& listen, Router router,
                                                            const base::Clock& clock, base::Log& log,
                                                            HttpLimits limits) {
  if (listen.is_unix) return cannot_listen(listen, "it is a unix socket", remedy({}));
  error_code error;
  const auto address = asio::ip::make_address(listen.host, error);
  if (error) return cannot_listen(listen, "it is no IP address", remedy({}));
  auto server = std::make_unique<AsioServer>(std::move(router), clock, log, limits);
  if (error = server->listen({address, listen.port}); error) {
    return cannot_listen(listen, error.message(), remedy(error));
  }
  if (!server->start()) {
    return cannot_listen(listen, "the system gives no further thread",
                         "Raise the limit of processes and threads (ulimit -u, TasksMax=).");
  }
  return server;
}

}  // namespace rolegate::admin
