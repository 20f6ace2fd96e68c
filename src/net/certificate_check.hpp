#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace rolegate::net {

/// What OpenSSL found when it verified the certificate of a peer.
struct CertificateCheck {
  long verdict = 0;                   ///< X509_V_OK, or what is wrong
  std::shared_ptr<const X509> about;  ///< the certificate of the chain that the verdict is about; may be null
  std::shared_ptr<const X509> shown;  ///< the peer's own; null before it has come
};

/// Has OpenSSL note in the result what it finds in the handshake that `ssl` is about to make. What is
/// accepted does not change: a verify callback that is there already is called as before. The result does not
/// need `ssl`: client libraries free theirs before they report an error.
[[nodiscard]] std::shared_ptr<const CertificateCheck> observe_certificates(SSL* ssl);

/// The verdict that X509_verify_cert_error_string has this text for; X509_V_OK when it is none.
[[nodiscard]] long verdict_of_text(std::string_view text);

enum class CertificateFault {
  expired,
  not_yet_valid,
  name,            ///< it is another's
  unknown_issuer,  ///< no trusted CA vouches for it
  weak,            ///< a key or a signature that is too easily forged
  revoked,
  revocation_list,  ///< whether it is revoked cannot be told
  purpose,          ///< it is not for this use
  other,
};
/// Of a check whose verdict is not X509_V_OK.
[[nodiscard]] CertificateFault fault_of(const CertificateCheck& check);
/// The rest of a sentence that begins with whoever showed the certificate: "has a certificate that expired on
/// 2026-01-02 03:04:05 UTC". `wanted`: the name it should be for.
[[nodiscard]] std::string fault_text(const CertificateCheck& check, std::string_view wanted);

}  // namespace rolegate::net
