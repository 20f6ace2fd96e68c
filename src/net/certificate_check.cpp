#include "net/certificate_check.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fork_pause.hpp"
#include "net/certificates.hpp"

namespace rolegate::net {
namespace {

struct Observation {
  std::shared_ptr<CertificateCheck> check;
  SSL_verify_cb usual;
};

void free_observation(void*, void* observation, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Observation*>(observation);
}

int new_observation_index() {
  return ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_observation);
}
/// The place in an SSL where its Observation is kept, which goes when the SSL goes.
int observation_index() { return base::made_once<new_observation_index>(); }

std::shared_ptr<const X509> shared(X509* certificate) {
  if (certificate == nullptr || ::X509_up_ref(certificate) != 1) return nullptr;
  return {certificate, X509Free{}};
}

/// SSL_CTX_set_verify(3): called once for each certificate of the chain that is in order, and for each fault.
int note(int accepted, X509_STORE_CTX* store) {
  auto* const ssl =
      static_cast<SSL*>(::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* observation = static_cast<Observation*>(::SSL_get_ex_data(ssl, observation_index()));
  CertificateCheck& check = *observation->check;
  if (!check.shown) check.shown = shared(::X509_STORE_CTX_get0_cert(store));
  if (accepted == 0 && check.verdict == X509_V_OK) {
    check.verdict = ::X509_STORE_CTX_get_error(store);
    check.about = shared(::X509_STORE_CTX_get_current_cert(store));
  }
  return observation->usual != nullptr ? observation->usual(accepted, store) : accepted;
}

/// "certificate", or "certificate whose CA, X,": what a clause about its validity or strength follows.
std::string subject(const CertificateCheck& check) {
  const bool own = !check.about || !check.shown || ::X509_cmp(check.about.get(), check.shown.get()) == 0;
  return own ? "has a certificate that"
             : fmt::format("has a certificate whose CA, {},", subject_of(*check.about));
}

std::string issuer(const CertificateCheck& check) {
  return check.about ? issuer_of(*check.about) : std::string("its CA");
}

std::string validity(const CertificateCheck& check, bool begins) {
  const std::string verb = begins ? "is not valid yet" : "has expired";
  if (!check.about) return fmt::format("{} {}", subject(check), verb);
  const ASN1_TIME* time =
      begins ? ::X509_get0_notBefore(check.about.get()) : ::X509_get0_notAfter(check.about.get());
  return fmt::format("{} {} {}", subject(check), begins ? "is not valid before" : "expired on",
                     time_text(*time));
}

std::string weakness(const CertificateCheck& check) {
  if (check.verdict == X509_V_ERR_CA_MD_TOO_WEAK) {
    const int algorithm = check.about ? ::X509_get_signature_nid(check.about.get()) : NID_undef;
    return fmt::format("{} has a signature that is too weak{}", subject(check),
                       algorithm == NID_undef ? "" : fmt::format(" ({})", ::OBJ_nid2ln(algorithm)));
  }
  const EVP_PKEY* key = check.about ? ::X509_get0_pubkey(check.about.get()) : nullptr;
  return fmt::format("{} has a key that is too weak{}", subject(check),
                     key == nullptr ? ""
                                    : fmt::format(" ({}, {} bits)", ::EVP_PKEY_get0_type_name(key),
                                                  ::EVP_PKEY_get_bits(key)));
}

std::string unknown_issuer(const CertificateCheck& check) {
  constexpr std::string_view clause = "has a certificate that no trusted CA vouches for";
  if (!check.about) return std::string(clause);
  switch (check.verdict) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format("{}: it is self-signed ({})", clause, subject_of(*check.about));
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("{}: its root is {}", clause, subject_of(*check.about));
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
      return fmt::format("{}: it names {} as its issuer, but the CA of that name has another key", clause,
                         issuer_of(*check.about));
    default:
      return fmt::format("{}: its issuer is {}", clause, issuer_of(*check.about));
  }
}

}  // namespace

std::shared_ptr<const CertificateCheck> observe_certificates(SSL* ssl) {
  auto check = std::make_shared<CertificateCheck>();
  auto observation = std::make_unique<Observation>(check, ::SSL_get_verify_callback(ssl));
  if (::SSL_set_ex_data(ssl, observation_index(), observation.get()) != 1) return check;
  [[maybe_unused]] const Observation* const the_ssls_now = observation.release();
  ::SSL_set_verify(ssl, ::SSL_get_verify_mode(ssl), &note);
  return check;
}

long verdict_of_text(std::string_view text) {
  constexpr long kEnd = 128;  // above the last one
  for (long verdict = X509_V_OK + 1; verdict < kEnd; ++verdict) {
    if (text == ::X509_verify_cert_error_string(verdict)) return verdict;
  }
  return X509_V_OK;
}

CertificateFault fault_of(const CertificateCheck& check) {
  switch (check.verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateFault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateFault::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return CertificateFault::name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return CertificateFault::unknown_issuer;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return CertificateFault::weak;
    case X509_V_ERR_CERT_REVOKED:
      return CertificateFault::revoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
      return CertificateFault::revocation_list;
    case X509_V_ERR_INVALID_PURPOSE:
      return CertificateFault::purpose;
    default:
      return CertificateFault::other;
  }
}

std::string fault_text(const CertificateCheck& check, std::string_view wanted) {
  switch (fault_of(check)) {
    case CertificateFault::expired:
      return validity(check, false);
    case CertificateFault::not_yet_valid:
      return validity(check, true);
    case CertificateFault::name:
      return fmt::format("has a certificate that is not for {}{}", wanted,
                         check.shown ? fmt::format(" but for {}", names_of(*check.shown)) : "");
    case CertificateFault::unknown_issuer:
      return unknown_issuer(check);
    case CertificateFault::weak:
      return weakness(check);
    case CertificateFault::revoked:
      return fmt::format("{} was revoked by {}", subject(check), issuer(check));
    case CertificateFault::revocation_list:
      return fmt::format(
          "has a certificate that cannot be checked for revocation: the revocation list of {} {}",
          issuer(check),
          check.verdict == X509_V_ERR_CRL_HAS_EXPIRED         ? "has expired"
          : check.verdict == X509_V_ERR_CRL_NOT_YET_VALID     ? "is not valid yet"
          : check.verdict == X509_V_ERR_CRL_SIGNATURE_FAILURE ? "has a wrong signature"
                                                              : "is missing");
    case CertificateFault::purpose:
      return fmt::format("{} is not meant for this use", subject(check));
    case CertificateFault::other:
      break;
  }
  return fmt::format("has a certificate that cannot be verified: {}",
                     ::X509_verify_cert_error_string(check.verdict));
}

}  // namespace rolegate::net
