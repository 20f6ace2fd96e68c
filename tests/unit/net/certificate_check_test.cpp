#include "net/certificate_check.hpp"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include "net/stream.hpp"
#include "net/tls_context.hpp"
#include "net/verify_peer.hpp"
#include "support/certificates.hpp"

namespace rolegate::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// What a client that trusts `ca` finds of a server that shows `identity`; null: nothing is wrong.
class Handshake {
 public:
  Handshake(const test::Identity& identity, const test::Identity& ca, const std::string& name) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_ = Stream(base::Descriptor(ends[0]));
    server_ = Stream(base::Descriptor(ends[1]));
    const SslContextPtr server(::SSL_CTX_new(::TLS_server_method()), SslContextFree{});
    ::SSL_CTX_set_security_level(server.get(), 0);
    ::SSL_CTX_use_certificate(server.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(server.get(), identity.key.get());
    const SslContextPtr client = make_client_context();
    EXPECT_TRUE(verify_with(client.get(), ca.pem()));
    EXPECT_TRUE(client_.start_tls_client(client, name, true));
    EXPECT_TRUE(server_.start_tls_server(server));
    for (int turn = 0; turn < 10; ++turn) {
      const Stream::Io io = client_.handshake();
      if (io == Stream::Io::done || io == Stream::Io::failed) return;
      static_cast<void>(server_.handshake());
    }
  }
  [[nodiscard]] const CertificateCheck* refused() const { return client_.refused_certificate(); }

 private:
  Stream client_;
  Stream server_;
};

std::string fault_of_server(const test::Identity& identity, const test::Identity& ca,
                            const std::string& name = "db.example.com") {
  const Handshake handshake(identity, ca, name);
  return handshake.refused() != nullptr ? fault_text(*handshake.refused(), name) : "nothing";
}

class CertificateCheckTest : public testing::Test {
 protected:
  const test::Identity ca_ = test::make_identity("Own CA");
};

TEST_F(CertificateCheckTest, FindsNothingWrongWithARightOne) {
  EXPECT_EQ(fault_of_server(test::make_identity("db.example.com", &ca_), ca_), "nothing");
}

TEST_F(CertificateCheckTest, TellsWhoseCertificateItIsInstead) {
  EXPECT_EQ(fault_of_server(test::make_identity("other.example.com", &ca_), ca_),
            "has a certificate that is not for db.example.com but for other.example.com");
}

TEST_F(CertificateCheckTest, TellsWhenItsTimeIs) {
  EXPECT_THAT(
      fault_of_server(test::make_identity("db.example.com", &ca_, {.begins = -7200, .ends = -3600}), ca_),
      StartsWith("has a certificate that expired on 20"));
  EXPECT_THAT(
      fault_of_server(test::make_identity("db.example.com", &ca_, {.begins = 3600, .ends = 7200}), ca_),
      StartsWith("has a certificate that is not valid before 20"));
}

TEST_F(CertificateCheckTest, NamesTheIssuerThatNobodyTrusts) {
  const test::Identity other = test::make_identity("Another CA");
  const std::string clause = "has a certificate that no trusted CA vouches for";
  EXPECT_THAT(fault_of_server(test::make_identity("db.example.com", &other), ca_),
              testing::AllOf(StartsWith(clause), HasSubstr("its issuer is "), HasSubstr("Another CA")));
  EXPECT_THAT(fault_of_server(other, ca_), StartsWith(clause + ": it is self-signed ("));
  const test::Identity twin = test::make_identity("Own CA");
  EXPECT_THAT(fault_of_server(test::make_identity("db.example.com", &twin), ca_), StartsWith(clause));
}

TEST_F(CertificateCheckTest, TellsAWeakKeyByItsSize) {
  EXPECT_EQ(fault_of_server(test::make_identity("db.example.com", &ca_, {.rsa_bits = 1024}), ca_),
            "has a certificate that has a key that is too weak (RSA, 1024 bits)");
}

TEST(CertificateCheck, SortsOpensslsVerdicts) {
  const std::pair<int, CertificateFault> sorted[]{
      {X509_V_ERR_CERT_HAS_EXPIRED, CertificateFault::expired},
      {X509_V_ERR_CERT_NOT_YET_VALID, CertificateFault::not_yet_valid},
      {X509_V_ERR_IP_ADDRESS_MISMATCH, CertificateFault::name},
      {X509_V_ERR_CERT_UNTRUSTED, CertificateFault::unknown_issuer},
      {X509_V_ERR_CA_KEY_TOO_SMALL, CertificateFault::weak},
      {X509_V_ERR_CERT_REVOKED, CertificateFault::revoked},
      {X509_V_ERR_CRL_NOT_YET_VALID, CertificateFault::revocation_list},
      {X509_V_ERR_INVALID_PURPOSE, CertificateFault::purpose},
      {X509_V_ERR_INVALID_CA, CertificateFault::other}};
  for (const auto& [verdict, fault] : sorted) {
    CertificateCheck check;
    check.verdict = verdict;
    EXPECT_EQ(fault_of(check), fault) << verdict;
    EXPECT_THAT(fault_text(check, "db.example.com"), HasSubstr("has a certificate that"));
  }
}

TEST(CertificateCheck, KnowsAVerdictByItsText) {
  EXPECT_EQ(verdict_of_text("certificate has expired"), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verdict_of_text("the dog ate it"), X509_V_OK);
}

}  // namespace
}  // namespace rolegate::net
