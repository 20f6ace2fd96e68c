#pragma once

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "gateway/listening.hpp"
#include "gateway/socket_address.hpp"

namespace rolegate::gateway {

inline config::ListenAddress unix_socket(std::string path, std::uint16_t port = 0) {
  return {"unix:" + path, true, std::move(path), {}, port};
}

inline Descriptor connected(const SocketAddress& address) {
  Descriptor client(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), address.get(), address.size) != 0) client.close();
  return client;
}

/// A client gets through to it.
inline bool answers(const ListeningSocket& socket) {
  const auto address = own_address(socket.descriptor());
  if (!address) return false;
  const auto client = connected(*address);
  const Descriptor server(::accept(socket.descriptor(), nullptr, nullptr));
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
  const auto address = unix_address(path);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), address->get(), address->size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
}

}  // namespace rolegate::gateway
