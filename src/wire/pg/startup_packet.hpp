#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "wire/pg/messages.hpp"
#include "wire/pg/server_login.hpp"

namespace rolegate::wire::pg {

/// What a client sends before it has a session: a length, a code, and what belongs to the code. No type byte.
/// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.3

inline constexpr std::uint32_t kProtocol30 = 3U << 16;
inline constexpr std::uint32_t kProtocol32 = 3U << 16 | 2;
inline constexpr std::uint32_t kCancelRequest = 1234U << 16 | 5678;
inline constexpr std::uint32_t kSslRequest = 1234U << 16 | 5679;
inline constexpr std::uint32_t kGssencRequest = 1234U << 16 | 5680;

/// What a client that begins with TLS sends first.
inline constexpr char kTlsHandshake = 0x16;

struct StartupPacket {
  enum class State {
    incomplete,
    complete,
    tls,             ///< a TLS ClientHello, and nothing has asked for one
    proxy_header,    ///< a load balancer's
    not_postgresql,  ///< no PostgreSQL client begins so
    too_long,        ///< more than ServerLogin::kMaxStartup
  };
  State state = State::incomplete;
  std::uint32_t code = 0;
  std::string_view body;
  std::size_t size = 0;  ///< of all of it
};
/// What stands at the front of the bytes that have come. Decides as soon as it can: one byte is enough to
/// tell TLS or HTTP, four are enough for a length.
[[nodiscard]] StartupPacket startup_packet_at_front(std::string_view bytes);

/// The body of a StartupMessage, taken apart.
struct StartupParameters {
  Startup startup;
  std::vector<std::string> protocol_options;  ///< names that begin with "_pq_."; none is known here
};
/// Of a name that comes twice, the last value counts, in its place, as in PostgreSQL. Nothing is said about
/// encoding or an empty user. The error is a sentence.
[[nodiscard]] std::expected<StartupParameters, std::string_view> parse_startup_parameters(
    std::string_view body);

[[nodiscard]] std::string ssl_request();
[[nodiscard]] std::string cancel_request(const CancelKey& key);
/// Protocol 3.0. An empty database is left out, as are parameters that have no name, name protocol options,
/// or would change user or database.
[[nodiscard]] std::string startup_message(std::string_view user, std::string_view database,
                                          const Parameters& parameters);
/// NegotiateProtocolVersion: "this is the version to speak, and these options are not known".
[[nodiscard]] std::string negotiate_protocol_version(std::uint32_t version,
                                                     const std::vector<std::string>& unknown_options);

}  // namespace rolegate::wire::pg
