#include "admin/http/session.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace rolegate::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
/// What a client may still send that has been refused, and for how long, before the connection is reset.
constexpr std::size_t kMostIgnored = 64 * 1024;
constexpr std::chrono::seconds kIgnoring{1};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string http_date(base::WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds.time_since_epoch().count()));
}

HttpRequest head_of(const http::request_parser<http::empty_body>& parser) {
  const auto& message = parser.get();
  HttpRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.hosts = static_cast<unsigned>(message.count(http::field::host));
  if (request.hosts > 0) request.host = view(message[http::field::host]);
  request.has_body = !parser.is_done();
  return request;
}

}  // namespace

HttpSession::HttpSession(Socket socket, Context context)
    // Room for a header of the greatest size and the beginning of a next one.
    : context_(context), stream_(std::move(socket)), buffer_(context.limits.header + std::size_t{4096}) {}

void HttpSession::drop() { stream_.close(); }

asio::awaitable<void> HttpSession::run() {
  for (;;) {
    waiting_since_ = std::chrono::steady_clock::now();
    std::optional<Reply> reply = co_await read();
    waiting_since_.reset();
    if (!reply) co_return;
    HttpAnswer answer = co_await answer_of(std::move(*reply));
    if (answer.close) keep_alive_ = false;
    if (!co_await write(std::move(answer))) co_return;
    if (keep_alive_) continue;
    waiting_since_ = std::chrono::steady_clock::now();
    co_await hang_up();
    co_return;
  }
}

/// Reads a request and finds what answers it; nothing when the connection is over.
asio::awaitable<std::optional<Reply>> HttpSession::read() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(context_.limits.header);
  parser.body_limit(boost::none);  // a body is refused, not read
  version_ = 11;
  keep_alive_ = false;
  head_only_ = false;
  stream_.expires_after(context_.limits.request);
  const auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kResult);
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    co_return refusal(431, fmt::format("A request's head has at most {} bytes.", context_.limits.header));
  }
  if (error && error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    co_return refusal(400, "This is no HTTP/1.1 request.");
  }
  if (error) co_return std::nullopt;

  version_ = parser.get().version();
  head_only_ = parser.get().method() == http::verb::head;
  keep_alive_ = parser.get().keep_alive();
  co_return dispatch(head_of(parser), context_.router, context_.log);
}

asio::awaitable<HttpAnswer> HttpSession::answer_of(Reply reply) {
  if (auto* answer = std::get_if<HttpAnswer>(&reply)) co_return std::move(*answer);
  co_return co_await context_.jobs.answer_of(std::get<Job>(std::move(reply)));
}

/// Says whether all of it went out.
asio::awaitable<bool> HttpSession::write(HttpAnswer answer) {
  http::response<http::string_body> response;
  response.result(answer.status);
  response.version(version_);
  response.set(http::field::date, http_date(context_.clock.now()));
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.keep_alive(keep_alive_);
  response.content_length(answer.body.size());
  response.body() = std::move(answer.body);

  stream_.expires_after(context_.limits.request);
  http::response_serializer<http::string_body> serializer(response);
  const auto [error, size] = head_only_ ? co_await http::async_write_header(stream_, serializer, kResult)
                                        : co_await http::async_write(stream_, serializer, kResult);
  co_return !error;
}

/// Closes so that the answer arrives: with bytes unread, close() would reset the connection, and the client
/// lose what it has not read yet.
asio::awaitable<void> HttpSession::hang_up() {
  beast::error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_send, ignored);
  stream_.expires_after(kIgnoring);
  buffer_.clear();
  for (std::size_t sum = 0; sum < kMostIgnored;) {
    const auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(4096), kResult);
    if (error) co_return;
    sum += size;
  }
}

}  // namespace rolegate::admin
