#pragma once

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/listening.hpp"
#include "net/socket_address.hpp"

namespace rolegate::test {

/// Port 0: a free one.
inline base::Descriptor listen_at(const char* host, std::uint16_t port, int backlog) {
  base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = net::numeric_address(host, port);
  EXPECT_EQ(::bind(socket.get(), address->get(), address->size), 0);
  EXPECT_EQ(::listen(socket.get(), backlog), 0);
  return socket;
}

inline std::uint16_t port_of(const base::Descriptor& socket) {
  const std::string address = net::own_address(socket.get())->text();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

/// An address whose port takes no more connections drops what comes: nothing is heard of it. All of
/// 127.0.0.0/8 is this machine, so the port may be open at another one.
class SilentAddress {
 public:
  static constexpr const char* kHost = "127.0.0.2";

  explicit SilentAddress(std::uint16_t port) : listener_(listen_at(kHost, port, 0)) {
    const auto address = net::numeric_address(kHost, port);
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(waiting_.back().get(), address->get(), address->size));
    }
  }

 private:
  base::Descriptor listener_;
  std::vector<base::Descriptor> waiting_;
};

}  // namespace rolegate::test
