#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

namespace rolegate::net {

struct X509Free {
  void operator()(X509* certificate) const noexcept;
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

/// A PEM text with certificates in it, entry by entry.
struct PemCertificates {
  struct Certificate {
    X509Ptr x509;
    std::string_view text;  ///< of the entry, with its BEGIN and END; a part of what was read
  };
  /// An entry that is no certificate.
  struct Fault {
    std::size_t entry = 0;  ///< 1-based
    int line = 0;           ///< of its BEGIN, 1-based
    std::string reason;
  };
  std::vector<Certificate> certificates;
  std::vector<Fault> faults;
};

/// Keys and comments between the certificates are passed over. `pem` outlives the result.
[[nodiscard]] PemCertificates read_pem_certificates(std::string_view pem);

/// Whether there are certificates in it and all have the outward form of one: what costs next to nothing to
/// see. False says no more than that they are to be decoded.
[[nodiscard]] bool looks_whole(std::string_view pem);

// Parts of a certificate, fit to print: a peer that is not trusted may have written them.
/// Its common name; without one, all that there is: "O = Example, C = US".
[[nodiscard]] std::string subject_of(const X509& certificate);
[[nodiscard]] std::string issuer_of(const X509& certificate);
/// The DNS names and addresses it is for, the common name when it has none (RFC 6125): "a.example.com,
/// b.example.com and 3 more".
[[nodiscard]] std::string names_of(const X509& certificate);
/// "2026-01-02 03:04:05 UTC".
[[nodiscard]] std::string time_text(const ASN1_TIME& time);
/// SHA-256 over its DER, as openssl prints it: "AB:01:…".
[[nodiscard]] std::string fingerprint_of(const X509& certificate);

}  // namespace rolegate::net
