#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/scram.hpp"
#include "config/snapshot.hpp"
#include "gateway/decoys.hpp"

namespace rolegate::gateway {

/// What is known of a client before it says anything.
struct Client {
  std::string address;               ///< "192.0.2.7:51234"; empty on a unix socket
  std::string group;                 ///< what failures are counted by: the host, or "uid 1001"
  std::optional<std::uint32_t> uid;  ///< on a unix socket, by SO_PEERCRED
  std::string certificate_name;      ///< of a verified client certificate

  [[nodiscard]] bool is_loopback() const { return group.starts_with("127.") || group == "::1"; }
};

/// How a client may come in, given who it says it is.
struct Admission {
  enum class Way {
    owner,          ///< no users are configured, and it is the user that the gateway runs as
    peer,           ///< peer_uid
    certificate,    ///< client_cert_cn
    password,       ///< it has to prove one; `user` null: nobody of that name, and it must not notice
    users_missing,  ///< no users are configured, and it comes over TCP
  };
  Way way = Way::password;
  const config::GatewayUser* user = nullptr;  ///< null for the owner, and for a name that nobody has
  bool from_elsewhere = false;                ///< it comes from where this user may not: no password is right

  /// The way it came says who it is: nothing is left to prove.
  [[nodiscard]] bool is_proven() const {
    return way == Way::owner || way == Way::peer || way == Way::certificate;
  }
};
/// "owner", "peer", "certificate", "password": for the audit log.
[[nodiscard]] std::string_view way_name(Admission::Way way);

/// `own_uid`: the user that the gateway runs as.
[[nodiscard]] Admission admit(const config::Snapshot& snapshot, const Client& client, std::string_view user,
                              std::uint32_t own_uid);

/// What its password has to fit. Whoever must not get in is asked all the same, for a password that nobody
/// has.
[[nodiscard]] base::ScramVerifier verifier_for(const Admission& admission, const Decoys& decoys,
                                               std::string_view user);

/// Whether that user, from where the client is, could still open a session with that database: with another
/// engine it is another one.
[[nodiscard]] bool may_stay(const config::Snapshot& snapshot, const Client& client, std::string_view user,
                            const config::Database& database);

/// What a client asked for.
struct Choice {
  config::DatabasePtr database;
  bool broken = false;  ///< the user may use it, but its configuration has errors
};
/// The database of that name that speaks this protocol, if `user` (null: the owner) may use it. For what is
/// not there and what is not this user's the answer is the same: nothing.
[[nodiscard]] Choice choose(const config::Snapshot& snapshot, std::string_view name,
                            const config::GatewayUser* user, bool mysql);
/// The only one that speaks this protocol of those that `user`, who may not use all, may use; empty: there
/// are none, or several.
[[nodiscard]] std::string only_choice(const config::Snapshot& snapshot, const config::GatewayUser& user,
                                      bool mysql);

}  // namespace rolegate::gateway
