#pragma once

#include <cstdint>
#include <optional>

namespace rolegate::gateway {

/// Where a client's connection is.
enum class Phase : std::uint8_t {
  login,       ///< the client says, and proves, who it is
  connecting,  ///< the database is being logged in to
  relaying,    ///< bytes are carried
  leaving,     ///< the last words are on their way
  over,
};

/// What takes a connection from one phase to the next.
enum class PhaseEvent : std::uint8_t {
  database_chosen,  ///< the client may have a session with it
  database_ready,   ///< the database has let the session in
  user_changes,     ///< the client wants another session on its connection
  dismissed,        ///< no session, or none any more: it is told to go
  gone,             ///< the connection is closed
};

/// The phase that follows, as the table in gateway/README.md has it. Nothing: the event comes too late, or
/// cannot come there; it changes nothing.
[[nodiscard]] constexpr std::optional<Phase> phase_after(Phase phase, PhaseEvent event) {
  switch (event) {
    case PhaseEvent::database_chosen:
      if (phase == Phase::login) return Phase::connecting;
      break;
    case PhaseEvent::database_ready:
      if (phase == Phase::connecting) return Phase::relaying;
      break;
    case PhaseEvent::user_changes:
      if (phase == Phase::relaying) return Phase::login;
      break;
    case PhaseEvent::dismissed:
      if (phase < Phase::leaving) return Phase::leaving;
      break;
    case PhaseEvent::gone:
      if (phase < Phase::over) return Phase::over;
      break;
  }
  return std::nullopt;
}

}  // namespace rolegate::gateway
