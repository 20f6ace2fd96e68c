#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rolegate::admin {

struct HttpResponse {
  int status = 0;                              ///< 0: there was no answer, or none that is one
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// A client made of a socket, which can therefore misbehave. No wait is longer than half a minute.
class HttpClient {
 public:
  /// `address`: "127.0.0.1:41234" or "[::1]:41234".
  explicit HttpClient(const std::string& address) {
    const auto colon = address.rfind(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    const bool is_v6 = address.front() == '[';
    socket_ = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    int result = -1;
    if (is_v6) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      inet_pton(AF_INET6, address.substr(1, colon - 2).c_str(), &v6.sin6_addr);
      result = ::connect(socket_, reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
    } else {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &v4.sin_addr);
      result = ::connect(socket_, reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
    }
    connected_ = result == 0;
  }
  HttpClient(HttpClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        received_(std::move(other.received_)) {}
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  /// Sends a request and reads its answer; `further` are header lines, each with its end.
  HttpResponse request(std::string_view method, std::string_view target, std::string_view further = {}) {
    std::string text(method);
    text.append(" ").append(target).append(" HTTP/1.1\r\n").append(further).append("\r\n");
    send(text);
    return read(method == "HEAD");
  }
  HttpResponse get(std::string_view target, std::string_view further = {}) {
    return request("GET", target, further);
  }

  /// The next answer; status 0 when the connection ends first.
  HttpResponse read(bool head_only = false) {
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    HttpResponse response = parse(std::string_view(received_).substr(0, end + 2));
    received_.erase(0, end + 4);
    const std::string text = response.header("content-length");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (head_only) return response;
    while (received_.size() < length) {
      if (!receive()) return {};
    }
    response.body = received_.substr(0, length);
    received_.erase(0, length);
    return response;
  }
  /// Whether the server ends the connection, without a further byte.
  bool ended() { return !receive() && received_.empty() && !timed_out_; }

 private:
  bool receive() {
    char bytes[16384];
    const auto size = ::recv(socket_, bytes, sizeof(bytes), 0);
    timed_out_ = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (size <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }
  static HttpResponse parse(std::string_view head) {
    HttpResponse response;
    bool first = true;
    while (!head.empty()) {
      const auto end = head.find("\r\n");
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(end + 2);
      if (std::exchange(first, false)) {
        if (line.starts_with("HTTP/1.") && line.size() > 12) {
          std::from_chars(line.data() + 9, line.data() + 12, response.status);
        }
        continue;
      }
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos) return {};
      std::string name(line.substr(0, colon));
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
      if (!response.headers.emplace(name, line.substr(colon + 2)).second) return {};
    }
    return response;
  }

  int socket_ = -1;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string received_;
};

}  // namespace rolegate::admin
