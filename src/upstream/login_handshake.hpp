#pragma once

#include <memory>
#include <optional>

#include "base/random.hpp"
#include "login/login.hpp"
#include "upstream/ca.hpp"
#include "upstream/handshake.hpp"
#include "upstream/session_provider.hpp"
#include "upstream/upstream_failure.hpp"
#include "upstream/wish.hpp"

namespace rolegate::upstream {

/// A login to a database, of either protocol.
class LoginHandshake : public Handshake {
 public:
  /// After ready, once: how the session begins.
  [[nodiscard]] virtual SessionStart take_start() = 0;
  /// After failed. `trusted`: what the certificate was checked against.
  [[nodiscard]] virtual UpstreamFailure failure(const login::Login& login,
                                                const TrustedCertificates& trusted) const = 0;
  /// A MySQL server's, once it has come.
  [[nodiscard]] virtual std::optional<wire::mysql::Greeting> greeting() const { return std::nullopt; }
  /// The server has the first word: before anything has come, it is its greeting that is waited for.
  [[nodiscard]] virtual bool server_speaks_first() const { return false; }
};

/// The login that a wish asks for. The password is moved out of `login`; `random` outlives the handshake.
[[nodiscard]] std::unique_ptr<LoginHandshake> make_login_handshake(const Wish& wish, login::Login& login,
                                                                   base::Random& random);

}  // namespace rolegate::upstream
