#include "serve/service_manager.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/descriptor.hpp"
#include "net/socket_address.hpp"

namespace rolegate::serve {
namespace {

/// "/run/systemd/notify" or "@abstract"; nothing for what is neither, as sd_notify does.
std::optional<net::SocketAddress> notify_address(const std::string& socket) {
  if (!socket.starts_with('/') && !socket.starts_with('@')) return std::nullopt;
  auto address = net::unix_address(socket);
  if (address && socket.starts_with('@')) {
    constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
    reinterpret_cast<char*>(&address->storage)[kStart] = '\0';
    address->size = static_cast<socklen_t>(kStart + socket.size());  // no NUL ends it (unix(7))
  }
  return address;
}

/// What systemd reads at once; of more it says in the journal that it was too much.
constexpr std::size_t kLongestMessage = 4096;

/// One line: a line end would begin another assignment.
std::string status_line(std::string_view status) {
  std::string line = fmt::format("STATUS={}", status);
  std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

std::uint64_t monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

ServiceManager::ServiceManager(const base::Environment& environment)
    : socket_(environment.get_or("NOTIFY_SOCKET", "")) {}

void ServiceManager::listeners(std::string_view json) const {
  const std::string message = fmt::format("X_ROLEGATE_LISTENERS={}", json);
  if (message.size() <= kLongestMessage) send(message);
}

void ServiceManager::ready(std::string_view status) const {
  send(fmt::format("READY=1\n{}", status_line(status)));
}

void ServiceManager::reloading() const {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
}

void ServiceManager::stopping(std::string_view status) const {
  send(fmt::format("STOPPING=1\n{}", status_line(status)));
}

void ServiceManager::status(std::string_view status) const { send(status_line(status)); }

void ServiceManager::send(std::string_view message) const {
  const auto address = notify_address(socket_);
  if (!address) return;
  const base::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  // READY=1 must not be lost because the queue is full for a moment, and a manager that hangs must not hang
  // the gateway.
  const timeval bound{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
  (void)::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, address->get(), address->size);
}

}  // namespace rolegate::serve
