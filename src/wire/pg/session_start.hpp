#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wire/pg/messages.hpp"

namespace rolegate::wire::pg {

/// What a server says when it has let the client in, AuthenticationOk apart.
struct SessionStart {
  /// NoticeResponses, also from before, framed.
  struct Notices {
    std::size_t place = 0;  ///< so many parameters came before them
    std::string messages;
    bool operator==(const Notices&) const = default;
  };
  Parameters parameters;  ///< ParameterStatus, in the order in which they came; of a name the last one counts
  std::vector<Notices> notices;
  CancelKey cancel_key;  ///< RDS Proxy, for one, gives none
  std::string rest;      ///< what came behind ReadyForQuery
  bool operator==(const SessionStart&) const = default;

  /// ParameterStatus and NoticeResponse as the server sent them, byte for byte.
  [[nodiscard]] std::string messages() const;
};

}  // namespace rolegate::wire::pg
