#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/sha256.hpp"

namespace rolegate::base {

/// What is kept of a password (RFC 5803, PostgreSQL's form): enough to check it and to take part in SCRAM,
/// not enough to log in with. https://www.postgresql.org/docs/15/catalog-pg-authid.html
struct ScramVerifier {
  int iterations = 4096;
  std::string salt;  ///< raw bytes
  Sha256Digest stored_key{};
  Sha256Digest server_key{};

  /// "SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY", base64. At most 1,000,000 iterations and 64 bytes of
  /// salt, so that a slip in a configuration does not cost seconds at every login. Nothing when it is
  /// malformed.
  [[nodiscard]] static std::optional<ScramVerifier> parse(std::string_view text);
  /// With a salt of 16 random bytes. The password goes through saslprep().
  [[nodiscard]] static ScramVerifier of(const Secret& password, Random& random, int iterations = 4096);
  [[nodiscard]] std::string text() const;
  /// PBKDF2 all over: 1 to 2 ms at 4,096 iterations. Constant time in the comparison.
  [[nodiscard]] bool matches(std::string_view password) const;
  bool operator==(const ScramVerifier&) const = default;
};

/// RFC 5802's SaltedPassword: PBKDF2-HMAC-SHA-256. The digest is a secret; wipe it.
[[nodiscard]] Sha256Digest salted_password(std::string_view password, std::string_view salt, int iterations);

/// What RFC 5802 (chapter 3) derives from a password; wiped when it goes away.
struct ScramKeys {
  Sha256Digest client_key{};  ///< as good as the password for whoever knows a verifier's stored key
  Sha256Digest stored_key{};
  Sha256Digest server_key{};

  /// Of the password's form after saslprep(). Costs what salted_password costs.
  static ScramKeys of(std::string_view password, std::string_view salt, int iterations);
  ScramKeys() = default;
  ScramKeys(const ScramKeys&) = default;
  ScramKeys& operator=(const ScramKeys&) = default;
  ~ScramKeys();
};

/// RFC 4648 with padding. Decoding takes nothing else: no white space, no missing padding, no stray bits in
/// the last digit.
[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace rolegate::base
