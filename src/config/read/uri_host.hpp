#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/read/parse_uri.hpp"

namespace rolegate::config {

struct HostAndPort {
  std::string host;  ///< without brackets; may be empty
  std::optional<std::uint16_t> port;
  bool valid = false;
};

/// HOST[:PORT] or [IPV6][:PORT]; both may be missing. What is wrong goes to `problems` under `field`. No
/// message holds any of the text: it may be the end of a password with an '@' or '/' in it.
[[nodiscard]] HostAndPort parse_host_and_port(std::string_view text, std::string_view field,
                                              std::vector<UriProblem>& problems);

}  // namespace rolegate::config
