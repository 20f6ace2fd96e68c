#include "config/read/taken_addresses.hpp"

#include <fmt/format.h>

namespace rolegate::config {

std::optional<TakenAddresses::Clash> TakenAddresses::take(const base::ListenAddress& address, SocketForm form,
                                                          Place place) {
  if (address.is_unix) return take_unix(address, form, place.line);
  if (form != SocketForm::none && !first_tcp_) first_tcp_ = place;
  return take_tcp(address, place.line);
}

std::optional<TakenAddresses::Clash> TakenAddresses::take_tcp(const base::ListenAddress& address, int line) {
  if (address.port == 0) return std::nullopt;  // any free one: never the same twice
  const bool six = address.host.find(':') != std::string::npos;
  Lines& hosts = ports_[{six, address.port}];
  const auto [same, inserted] = hosts.emplace(address.host, line);
  if (!inserted) return Clash{same->second, true};
  // Linux does not let 0.0.0.0 and 127.0.0.1 listen on one port.
  const std::string everywhere = six ? "::" : "0.0.0.0";
  if (address.host == everywhere && hosts.size() > 1) {
    const auto other = hosts.begin() == same ? std::next(same) : hosts.begin();
    return Clash{other->second, false};
  }
  const auto all = hosts.find(everywhere);
  if (all != same && all != hosts.end()) return Clash{all->second, false};
  return std::nullopt;
}

std::optional<TakenAddresses::Clash> TakenAddresses::take_unix(const base::ListenAddress& address,
                                                               SocketForm form, int line) {
  const bool folder = form == SocketForm::folder;
  const std::string separator = address.path == "/" ? "" : "/";
  const std::string socket =
      folder ? fmt::format("{}{}.s.PGSQL.{}", address.path, separator, address.port) : address.path;
  const auto [same, inserted] = sockets_.emplace(socket, line);
  if (folder) folders_.emplace(address.path, line);
  if (!inserted) return Clash{same->second, true};
  // A path cannot be both a folder of sockets and a socket.
  const Lines& others = folder ? sockets_ : folders_;
  const auto other = others.find(address.path);
  if (other != others.end()) return Clash{other->second, false};
  return std::nullopt;
}

}  // namespace rolegate::config
