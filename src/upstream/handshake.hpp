#pragma once

#include <string>
#include <string_view>

#include "net/stream.hpp"

namespace rolegate::upstream {

/// A conversation with a database that has to come about, whatever its protocol: a state machine of wire/ as
/// HandshakeDriver sees it.
class Handshake {
 public:
  enum class Event { more, start_tls, ready, failed };
  virtual ~Handshake() = default;
  virtual Event receive(std::string_view bytes) = 0;
  virtual Event tls_started(const net::Stream& stream) = 0;
  [[nodiscard]] virtual std::string take_output() = 0;
};

/// The same event of a ClientLogin of either protocol.
template <typename MachineEvent>
[[nodiscard]] Handshake::Event handshake_event(MachineEvent event) {
  switch (event) {
    case MachineEvent::more:
      return Handshake::Event::more;
    case MachineEvent::start_tls:
      return Handshake::Event::start_tls;
    case MachineEvent::ready:
      return Handshake::Event::ready;
    case MachineEvent::failed:
      break;
  }
  return Handshake::Event::failed;
}

}  // namespace rolegate::upstream
