#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gateway/listener.hpp"
#include "net/listening.hpp"

namespace rolegate::gateway {

/// A listener with its open socket.
struct Door {
  std::shared_ptr<const Listener> listener;
  std::shared_ptr<const net::ListeningSocket> socket;
};

/// The doors that are open, by the database that they are for; those where clients choose are for "".
class Doors {
 public:
  /// What some databases are to have. None: no listener any more.
  using Listeners = std::map<std::string, std::vector<Listener>>;
  struct Change {
    std::map<std::string, std::vector<Door>> doors;  ///< of the databases that it is about
    std::vector<Door> opened;
    std::vector<Door> closed;  ///< one whose listener has changed is in both, with the same socket
  };

  /// Opens what these databases are to have and do not have yet: sockets that one of them has stay open, and
  /// those of others are of no concern. `inherited`: sockets that are open already; those that are used are
  /// taken out. Nothing changes but by apply(). Errors: those of net::listen_at.
  [[nodiscard]] base::Result<Change> prepare(const Listeners& listeners,
                                             std::vector<net::ListeningSocket>& inherited,
                                             bool only_owner) const;
  void apply(const Change& change);

  [[nodiscard]] std::vector<Door> all() const;
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of these, the ones for MySQL clients.
  [[nodiscard]] std::size_t mysql() const { return mysql_; }

 private:
  std::map<std::string, std::vector<Door>> doors_;
  std::size_t size_ = 0;
  std::size_t mysql_ = 0;
};

}  // namespace rolegate::gateway
