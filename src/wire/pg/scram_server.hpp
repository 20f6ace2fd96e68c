#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/scram.hpp"

namespace rolegate::wire::pg {

/// Why a SCRAM exchange ended without a proof, or with a wrong one.
struct ScramRefusal {
  bool wrong_proof = false;  ///< else the exchange is malformed, and the client is told so
  std::string_view sqlstate;
  std::string_view message;  ///< a sentence without anything of what the client sent
};

/// A server's side of SCRAM-SHA-256, and -PLUS when it has an end point.
class ScramServer {
 public:
  template <typename T>
  using Result = std::expected<T, ScramRefusal>;

  /// `nonce`: the server's part, printable. `end_point`: tls-server-end-point; empty: -PLUS is not offered.
  ScramServer(base::ScramVerifier verifier, std::string nonce, std::string end_point);

  /// In order of preference.
  [[nodiscard]] std::vector<std::string_view> mechanisms() const;
  /// Takes the client-first-message, gives the server-first-message. The user name in it does not count:
  /// PostgreSQL goes by the StartupMessage's, and libpq leaves it empty.
  [[nodiscard]] Result<std::string> first(std::string_view mechanism, std::string_view client_first);
  /// Takes the client-final-message, gives the server-final-message: the client has the password.
  [[nodiscard]] Result<std::string> final(std::string_view client_final) const;

 private:
  /// Its header must fit the mechanism and what was offered; it is taken away.
  [[nodiscard]] Result<void> take_gs2_header(std::string_view& message, bool plus);
  [[nodiscard]] bool proves(const base::Sha256Digest& proof, std::string_view auth_message) const;

  base::ScramVerifier verifier_;
  std::string nonce_;  ///< after first(), the client's part and the server's
  std::string end_point_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
};

}  // namespace rolegate::wire::pg
