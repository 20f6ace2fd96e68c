#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/sha256.hpp"

namespace rolegate::wire::pg {

/// What both sides of SCRAM-SHA-256 (RFC 5802, RFC 7677) share. PostgreSQL's own rules:
/// https://www.postgresql.org/docs/15/sasl-authentication.html

inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
inline constexpr std::string_view kScramSha256Plus = "SCRAM-SHA-256-PLUS";
/// The gs2-cbind-flag of the only channel binding there is here (RFC 5929, chapter 4).
inline constexpr std::string_view kEndPointFlag = "p=tls-server-end-point";

/// 18 random bytes in base64, as PostgreSQL makes them.
[[nodiscard]] std::string scram_nonce(base::Random& random);
/// RFC 5802's "printable": visible ASCII without the comma, at least one of it.
[[nodiscard]] bool is_scram_printable(std::string_view text);

/// The value of the attribute `name` that `attributes` begins with ("r=VALUE", up to a comma or the end), and
/// takes it away, comma included. Nothing when something else comes, or nothing after a comma.
[[nodiscard]] std::optional<std::string_view> take_attribute(std::string_view& attributes, char name);
/// The same whatever its name, which must be a letter.
[[nodiscard]] bool skip_attribute(std::string_view& attributes);

/// The value of "c=" in a client-final-message. `end_point` counts with a header that binds to it only.
[[nodiscard]] std::string channel_binding(std::string_view gs2_header, std::string_view end_point);

[[nodiscard]] base::Sha256Digest exclusive_or(const base::Sha256Digest& a, const base::Sha256Digest& b);
[[nodiscard]] bool equal_in_constant_time(const base::Sha256Digest& a, const base::Sha256Digest& b);
[[nodiscard]] std::string_view as_text(const base::Sha256Digest& digest);
/// Nothing unless it is base64 of exactly one digest.
[[nodiscard]] std::optional<base::Sha256Digest> digest_from_base64(std::string_view text);

}  // namespace rolegate::wire::pg
