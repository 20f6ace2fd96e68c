#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.hpp"

namespace rolegate::wire::pg {

/// A client's side of SCRAM-SHA-256 or -PLUS. Errors are sentences about the server's message.
class ScramClient {
 public:
  /// What the gs2-header says about channel binding (RFC 5802, chapter 6).
  enum class Binding {
    none,         ///< "n": not possible here
    not_offered,  ///< "y": possible here, but the server did not offer it
    end_point,    ///< "p": SCRAM-SHA-256-PLUS
  };
  /// A login costs this many rounds of HMAC at most; PostgreSQL's default is 4,096. More is an attack on the
  /// processor of whoever logs in.
  static constexpr int kMaxIterations = 1'000'000;

  /// `user`: PostgreSQL ignores it and libpq leaves it empty. `nonce`: the client's part, printable.
  ScramClient(std::string_view user, std::string nonce, Binding binding, std::string_view end_point);

  /// The client-first-message.
  [[nodiscard]] std::string first() const;
  /// Takes the server-first-message, gives the client-final-message with the proof.
  [[nodiscard]] std::expected<std::string, std::string_view> final(std::string_view server_first,
                                                                   std::string_view password);
  /// Takes the server-final-message: does the server have the password's verifier?
  [[nodiscard]] std::expected<void, std::string_view> verify(std::string_view server_final) const;

 private:
  std::string nonce_;
  std::string gs2_header_;
  std::string channel_binding_;
  std::string first_bare_;
  std::optional<base::Sha256Digest> server_signature_;  ///< what the server must show; there after final()
};

}  // namespace rolegate::wire::pg
