#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/gateway.hpp"
#include "config/read/parse_listen_address.hpp"
#include "config/read/taken_addresses.hpp"
#include "config/text/fields.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {

/// What protects clients that come over a network.
enum class Encryption {
  required,
  optional,  ///< the file says so
  none,      ///< the file says so
  missing,   ///< the file says nothing
};
[[nodiscard]] Encryption encryption_of(const GatewayListeners& listeners);

/// The field `listen`, a list of addresses. Each one that is wrong, or in the way of one in `taken`, is
/// reported and left out; one that other machines can reach without encryption is reported, too.
[[nodiscard]] std::vector<base::ListenAddress> read_listen(Fields& fields, SocketForm form,
                                                           Encryption encryption, TakenAddresses& taken,
                                                           Report& report);

/// One address that stands at `text.place` in `field`; nothing after an error.
[[nodiscard]] std::optional<base::ListenAddress> read_listen_address(const Fields::Text& text,
                                                                     const std::string& field,
                                                                     SocketForm form, TakenAddresses& taken,
                                                                     Report& report);

}  // namespace rolegate::config
