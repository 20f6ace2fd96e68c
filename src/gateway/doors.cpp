#include "gateway/doors.hpp"

#include <algorithm>
#include <utility>

namespace rolegate::gateway {
namespace {

/// Whether its socket is the one that is wanted. A unix socket's path tells its protocol. Port 0 is another
/// port for everybody who asks for it, of each protocol and database.
bool serves(const Door& door, const Listener& wanted) {
  const Listener& listener = *door.listener;
  const bool any_port = !wanted.configured.is_unix && wanted.configured.port == 0;
  const bool same_protocol = listener.protocol == wanted.protocol;
  if (listener.configured != wanted.configured) return false;
  if (wanted.configured.is_unix) return same_protocol;
  return !any_port || (same_protocol && listener.database == wanted.database);
}

base::Result<std::shared_ptr<const net::ListeningSocket>> open_socket(
    const Listener& listener, std::vector<net::ListeningSocket>& inherited, bool only_owner) {
  if (auto given = net::take_inherited(inherited, listener.configured, listener.protocol)) {
    return std::make_shared<const net::ListeningSocket>(std::move(*given));
  }
  auto opened = net::listen_at(listener.configured, listener.protocol, only_owner);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return std::make_shared<const net::ListeningSocket>(std::move(*opened));
}

std::size_t count_mysql(const std::vector<Door>& doors) {
  return static_cast<std::size_t>(std::ranges::count_if(
      doors, [](const Door& door) { return door.listener->protocol == net::Protocol::mysql; }));
}

}  // namespace

base::Result<Doors::Change> Doors::prepare(const Listeners& listeners,
                                           std::vector<net::ListeningSocket>& inherited,
                                           bool only_owner) const {
  Change change;
  for (const auto& [database, wanted] : listeners) {
    const auto known = doors_.find(database);
    if (known != doors_.end()) std::ranges::copy(known->second, std::back_inserter(change.closed));
  }
  for (const auto& [database, wanted] : listeners) {
    std::vector<Door>& doors = change.doors[database];
    for (const Listener& listener : wanted) {
      const auto same =
          std::ranges::find_if(change.closed, [&](const Door& door) { return serves(door, listener); });
      if (same != change.closed.end() && same->listener->database == listener.database &&
          same->listener->protocol == listener.protocol &&
          same->listener->tls_required == listener.tls_required) {
        doors.push_back(std::move(*same));
        change.closed.erase(same);
        continue;
      }
      Door door;
      if (same != change.closed.end()) {
        door.socket = same->socket;
      } else {
        auto socket = open_socket(listener, inherited, only_owner);
        if (!socket) return std::unexpected(std::move(socket.error()));
        door.socket = std::move(*socket);
      }
      Listener open = listener;
      open.address = door.socket->address();
      door.listener = std::make_shared<const Listener>(std::move(open));
      change.opened.push_back(door);
      doors.push_back(std::move(door));
    }
  }
  return change;
}

void Doors::apply(const Change& change) {
  size_ += change.opened.size() - change.closed.size();
  mysql_ += count_mysql(change.opened) - count_mysql(change.closed);
  for (const auto& [database, doors] : change.doors) {
    if (doors.empty()) {
      doors_.erase(database);
    } else {
      doors_[database] = doors;
    }
  }
}

std::vector<Door> Doors::all() const {
  std::vector<Door> all;
  all.reserve(size_);
  for (const auto& [database, doors] : doors_) all.insert(all.end(), doors.begin(), doors.end());
  return all;
}

}  // namespace rolegate::gateway
