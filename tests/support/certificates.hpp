#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace rolegate::test {

struct FreeOpenSsl {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { ::BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { ::X509_EXTENSION_free(extension); }
};

/// A certificate with its key; a CA's signs others.
struct Identity {
  std::unique_ptr<X509, FreeOpenSsl> certificate;
  std::unique_ptr<EVP_PKEY, FreeOpenSsl> key;

  [[nodiscard]] std::string pem() const {
    const std::unique_ptr<BIO, FreeOpenSsl> bio(::BIO_new(::BIO_s_mem()));
    ::PEM_write_bio_X509(bio.get(), certificate.get());
    char* text = nullptr;
    const long size = ::BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
};

inline void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeOpenSsl> extension(
      ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  if (!extension || ::X509_add_ext(certificate, extension.get(), -1) != 1)
    throw std::runtime_error("extension");
}

/// What may be wrong with a certificate.
struct Making {
  long begins = -3600;  ///< seconds from now
  long ends = 86400;
  unsigned rsa_bits = 0;  ///< 0: a key on P-256
  bool sha1 = false;
};

/// `issuer` null: a CA of its own; else a server certificate for `name` (a DNS name).
inline Identity make_identity(const std::string& name, const Identity* issuer = nullptr,
                              const Making& making = {}) {
  Identity made{std::unique_ptr<X509, FreeOpenSsl>(::X509_new()),
                std::unique_ptr<EVP_PKEY, FreeOpenSsl>(making.rsa_bits != 0 ? EVP_RSA_gen(making.rsa_bits)
                                                                            : ::EVP_EC_gen("P-256"))};
  X509* certificate = made.certificate.get();
  X509* issuing = issuer != nullptr ? issuer->certificate.get() : certificate;
  static long serial = 0;
  ::X509_set_version(certificate, 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), ++serial);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate), making.begins);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate), making.ends);
  ::X509_NAME_add_entry_by_txt(
      ::X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(issuer != nullptr ? "server" : name.c_str()), -1, -1, 0);
  ::X509_set_issuer_name(certificate, ::X509_get_subject_name(issuing));
  ::X509_set_pubkey(certificate, made.key.get());
  if (issuer == nullptr) {
    add_extension(certificate, issuing, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, issuing, NID_subject_key_identifier, "hash");
  } else {
    add_extension(certificate, issuing, NID_subject_alt_name, "DNS:" + name);
  }
  if (::X509_sign(certificate, (issuer != nullptr ? issuer->key : made.key).get(),
                  making.sha1 ? ::EVP_sha1() : ::EVP_sha256()) == 0) {
    throw std::runtime_error("X509_sign");
  }
  return made;
}

}  // namespace rolegate::test
