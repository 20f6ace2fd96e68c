#pragma once

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "net/listening.hpp"
#include "net/socket_address.hpp"

namespace rolegate::test {

inline base::ListenAddress unix_socket(std::string path, std::uint16_t port = 0) {
  return {"unix:" + path, true, std::move(path), {}, port};
}

inline base::Descriptor connected(const net::SocketAddress& address) {
  base::Descriptor client(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), address.get(), address.size) != 0) client.close();
  return client;
}

/// A client gets through to it.
inline bool answers(const net::ListeningSocket& socket) {
  const auto address = net::own_address(socket.descriptor());
  if (!address) return false;
  const auto client = connected(*address);
  const base::Descriptor server(::accept(socket.descriptor(), nullptr, nullptr));
  return client && server;
}

inline bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

inline std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What a killed server leaves: the file of a socket that nobody listens on any more.
inline void leave_behind(const std::string& path) {
  const auto address = net::unix_address(path);
  const base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
}

}  // namespace rolegate::test
