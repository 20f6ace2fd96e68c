#pragma once

#include <chrono>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "admin/http/dispatch.hpp"
#include "admin/http/jobs.hpp"
#include "admin/http/server.hpp"

namespace rolegate::admin {

/// One connection: requests and answers in turn. For the server's thread alone.
class HttpSession {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  struct Context {
    const Router& router;
    Jobs& jobs;
    const base::Clock& clock;
    base::Log& log;
    const HttpLimits& limits;
  };

  HttpSession(Socket socket, Context context);

  /// Ends when the client does, when it is too slow, and after drop(). The session outlives it.
  [[nodiscard]] boost::asio::awaitable<void> run();
  void drop();
  /// Since when it has been waiting for the client: for a request to be whole, or for the end after a
  /// refusal. Nothing while an answer is under way.
  [[nodiscard]] std::optional<base::SteadyTime> waiting_since() const { return waiting_since_; }

 private:
  [[nodiscard]] boost::asio::awaitable<std::optional<Reply>> read();
  [[nodiscard]] boost::asio::awaitable<HttpAnswer> answer_of(Reply reply);
  [[nodiscard]] boost::asio::awaitable<bool> write(HttpAnswer answer);
  [[nodiscard]] boost::asio::awaitable<void> hang_up();

  const Context context_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<base::SteadyTime> waiting_since_;
  // Of the request that is being answered.
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_only_ = false;
};

}  // namespace rolegate::admin
