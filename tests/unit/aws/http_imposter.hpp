#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rolegate::aws::testing {

/// What the imposter was asked. `target` is path and query as sent.
struct HttpCall {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  int connection = 0;  ///< counts from 1; equal for calls over one kept-alive connection

  /// The first header of that name, whatever its case; empty when there is none.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (std::ranges::equal(key, name, [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
        return value;
    }
    return {};
  }
};

/// A real HTTP/1.1 server on a free loopback port that answers as told and remembers what it was asked:
///
///   HttpImposter imposter;
///   imposter.when("/latest/meta-data/").reply(200, "role");
///   … imposter.url() … imposter.calls() …
///
/// Several replies to one `when` are given in their order, the last one again and again. What no rule fits
/// gets 404. Its threads end with it.
class HttpImposter {
 public:
  class Rule {
   public:
    Rule& reply(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
      std::string text = fmt::format("HTTP/1.1 {} Imposed\r\nContent-Length: {}\r\n", status, body.size());
      for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
      return reply_bytes(text + "\r\n" + body, false);
    }
    /// Exactly these bytes, then the connection is closed.
    Rule& reply_raw(std::string bytes) { return reply_bytes(std::move(bytes), true); }
    /// Closes the connection without an answer.
    Rule& drop() { return reply_bytes("", true); }
    /// Says nothing until the client gives up.
    Rule& hang() {
      replies_.push_back({.bytes = {}, .close = true, .hang = true});
      return *this;
    }

   private:
    friend class HttpImposter;
    struct Reply {
      std::string bytes;
      bool close = false;
      bool hang = false;
    };
    Rule& reply_bytes(std::string bytes, bool close) {
      replies_.push_back({.bytes = std::move(bytes), .close = close, .hang = false});
      return *this;
    }
    std::string pattern_;
    std::string in_body_;
    std::vector<Reply> replies_;
    std::size_t next_ = 0;
  };

  HttpImposter() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(stop_) != 0) {
      throw std::system_error(errno, std::generic_category(), "HttpImposter");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  HttpImposter(const HttpImposter&) = delete;
  HttpImposter& operator=(const HttpImposter&) = delete;
  ~HttpImposter() {
    ::close(stop_[1]);  // makes stop_[0] readable for every poll
    acceptor_.join();
    for (auto& thread : connections_) thread.join();
    ::close(stop_[0]);
    ::close(listener_);
  }

  /// A rule for a path ("/token"), or a method and a path ("PUT /token"); a query is not looked at. The rule
  /// that was added last and fits is used.
  Rule& when(std::string pattern) { return add(std::move(pattern), {}); }
  /// A rule for an operation of the Query protocol: POST / with Action=… in the body.
  Rule& when_action(std::string_view action) { return add("POST /", fmt::format("Action={}&", action)); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  [[nodiscard]] std::vector<HttpCall> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  Rule& add(std::string pattern, std::string in_body) {
    const std::lock_guard lock(mutex_);
    Rule& rule = rules_.emplace_front();
    rule.pattern_ = std::move(pattern);
    rule.in_body_ = std::move(in_body);
    return rule;
  }

  Rule::Reply reply_to(const HttpCall& call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
    const std::string path = call.target.substr(0, call.target.find('?'));
    for (Rule& rule : rules_) {
      const bool fits = (rule.pattern_ == path || rule.pattern_ == call.method + " " + path) &&
                        call.body.find(rule.in_body_) != std::string::npos;
      if (fits && !rule.replies_.empty()) {
        const std::size_t index = std::min(rule.next_++, rule.replies_.size() - 1);
        return rule.replies_[index];
      }
    }
    return {.bytes = "HTTP/1.1 404 No Rule\r\nContent-Length: 0\r\n\r\n", .close = false, .hang = false};
  }

  /// Waits until `fd` can be read; false when the imposter ends.
  bool wait_readable(int fd) const {
    pollfd both[] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    while (::poll(both, 2, -1) < 0 && errno == EINTR) {
    }
    return both[1].revents == 0;
  }

  void accept_all() {
    for (int number = 1; wait_readable(listener_); ++number) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) connections_.emplace_back([this, fd, number] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    std::string buffer;
    HttpCall call;
    while (read_call(fd, buffer, call)) {
      call.connection = number;
      const Rule::Reply reply = reply_to(call);
      if (reply.hang) {
        char byte = 0;
        while (wait_readable(fd) && ::recv(fd, &byte, 1, 0) > 0) {
        }
        break;
      }
      const char* data = reply.bytes.data();
      for (std::size_t left = reply.bytes.size(); left > 0;) {
        const ssize_t sent = ::send(fd, data, left, MSG_NOSIGNAL);
        if (sent <= 0) break;
        data += sent;
        left -= static_cast<std::size_t>(sent);
      }
      if (reply.close) break;
      call = {};
    }
    ::close(fd);
  }

  bool read_more(int fd, std::string& buffer) const {
    char chunk[8192];
    if (!wait_readable(fd)) return false;
    const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  bool read_call(int fd, std::string& buffer, HttpCall& call) const {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, buffer)) return false;
    }
    const std::string head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    std::size_t line = head.find("\r\n");
    const std::size_t space = head.find(' ');
    call.method = head.substr(0, space);
    call.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    while (line + 2 < head.size()) {
      const std::size_t next = head.find("\r\n", line + 2);
      const std::string text = head.substr(line + 2, next - line - 2);
      const std::size_t colon = text.find(':');
      const std::size_t value = text.find_first_not_of(' ', colon + 1);
      call.headers.emplace_back(text.substr(0, colon), value == std::string::npos ? "" : text.substr(value));
      line = next;
    }
    const std::string length = call.header("Content-Length");
    const std::size_t body = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < body) {
      if (!read_more(fd, buffer)) return false;
    }
    call.body = buffer.substr(0, body);
    buffer.erase(0, body);
    return true;
  }

  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::list<std::thread> connections_;  // the acceptor's; joined after it has ended
  mutable std::mutex mutex_;
  std::list<Rule> rules_;
  std::vector<HttpCall> calls_;
};

}  // namespace rolegate::aws::testing
