#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/listen_address.hpp"
#include "config/read/parse_listen_address.hpp"
#include "config/text/node.hpp"

namespace rolegate::config {

/// All that one file listens on: no two of its addresses may be in each other's way.
class TakenAddresses {
 public:
  struct Clash {
    int line = 0;       ///< of the address that was there first
    bool same = false;  ///< the very same; else they take the same port or path in another way
  };
  /// Notes an address and says whether one that was noted before is in its way. `form` none: not for clients.
  [[nodiscard]] std::optional<Clash> take(const base::ListenAddress& address, SocketForm form, Place place);

  /// Where the first TCP address for clients stands.
  [[nodiscard]] const std::optional<Place>& first_tcp() const { return first_tcp_; }
  [[nodiscard]] bool has_unix() const { return !sockets_.empty(); }

 private:
  [[nodiscard]] std::optional<Clash> take_tcp(const base::ListenAddress& address, int line);
  [[nodiscard]] std::optional<Clash> take_unix(const base::ListenAddress& address, SocketForm form, int line);

  using Lines = std::map<std::string, int>;
  std::map<std::pair<bool, std::uint16_t>, Lines> ports_;  ///< (IPv6, port) → host → line
  Lines sockets_;                                          ///< path of a socket → line
  Lines folders_;                                          ///< of PostgreSQL sockets → line
  std::optional<Place> first_tcp_;
};

}  // namespace rolegate::config
