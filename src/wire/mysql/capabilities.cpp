#include "wire/mysql/capabilities.hpp"

namespace rolegate::wire::mysql {

Capabilities relayed(Capabilities offered) {
  // A list of what is known to be the session's own, not of what is not: a capability that is not known here
  // may change the framing, or bring commands of which COM_CHANGE_USER is a part (as COM_MULTI did).
  constexpr Capabilities kHints = kLongPassword | kOdbc | kIgnoreSigpipe | kReserved | kConnectAttrs;
  const bool mariadb = (offered & kLongPassword) == 0;
  const Capabilities other = mariadb ? 0 : kMariaDbExtended | kProgressObsolete;
  return offered & (kSessionBits | kHints) & ~other;
}

}  // namespace rolegate::wire::mysql
