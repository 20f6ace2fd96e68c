#include "upstream/failures.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <openssl/x509.h>

#include "upstream/errc.hpp"

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

login::Login login_to(config::HostPort dial = {"db.example.com", 5432}) {
  login::Login login;
  login.database = "orders";
  login.user = "app_rw";
  login.host = "db.example.com";
  login.port = 5432;
  login.dial = std::move(dial);
  return login;
}

std::string code(Errc errc) { return std::string(code_name(errc)); }

TEST(Failures, SayWhichDatabaseAndWhereItWasDialled) {
  EXPECT_EQ(place(login_to()), "database 'orders' (app_rw at db.example.com:5432)");
  EXPECT_EQ(place(login_to({"::1", 6000})),
            "database 'orders' (app_rw at db.example.com:5432, dialled at [::1]:6000)");
}

TEST(Failures, NameTheRemedyOfAnUnreachableDatabase) {
  const base::Error error = not_connected(login_to({"10.0.0.5", 6000}), "Connection refused.");
  EXPECT_EQ(error.code, code(Errc::connect_failed));
  EXPECT_TRUE(error.message.ends_with(" cannot be reached: Connection refused.")) << error.message;
  EXPECT_THAT(error.hint, HasSubstr("something listens at 10.0.0.5:6000"));
  EXPECT_TRUE(error.retryable);
}

TEST(Failures, TellHowFarTheLoginCameWhenTimeRanOut) {
  const std::vector<std::pair<Stage, std::string>> told{
      {Stage::connecting, "did not answer the TCP connection in time"},
      {Stage::greeting, "took the connection but did not send its greeting in time"},
      {Stage::tls, "took the connection but did not finish TLS in time"},
      {Stage::handshake, "did not answer the login in time"}};
  for (const auto& [stage, what] : told) {
    const base::Error error = timed_out(login_to(), stage);
    EXPECT_EQ(error.code, code(Errc::connect_timeout));
    EXPECT_THAT(error.message, HasSubstr(what));
    EXPECT_FALSE(error.hint.empty());
  }
}

TEST(Failures, TakeOpensslsReasonsApart) {
  const std::vector<std::pair<std::string, std::string>> told{
      {"wrong version number", "does not speak TLS, though it had offered it"},
      {"sslv3 alert handshake failure", "refused TLS"},
      {"tlsv1 unrecognized name", "refused TLS"},
      {"EE key too small", "offers only TLS that is too weak"},
      {"dh key too small", "offers only TLS that is too weak"},
      {"tlsv1 alert internal error", "refused TLS"},
      {"bad record mac", "did not complete TLS"}};
  for (const auto& [reason, what] : told) {
    const base::Error error = tls_failed(login_to(), reason);
    EXPECT_EQ(error.code, code(Errc::tls_failed));
    EXPECT_THAT(error.message, HasSubstr(what + ": " + reason));
    EXPECT_THAT(error.hint, StartsWith("The password was not sent."));
  }
}

TEST(Failures, SayWhatTheCertificateWasCheckedAgainst) {
  TrustedCertificates trusted;
  trusted.origin = "/etc/ssl/ca.pem";
  net::CertificateCheck check;
  check.verdict = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  const base::Error error = certificate_refused(login_to(), check, trusted);
  EXPECT_EQ(error.code, code(Errc::tls_verification_failed));
  EXPECT_THAT(error.hint, HasSubstr("It was checked against /etc/ssl/ca.pem."));
  check.verdict = X509_V_ERR_HOSTNAME_MISMATCH;
  EXPECT_THAT(certificate_refused(login_to(), check, trusted).hint, HasSubstr("connect_to=HOST:PORT"));
  check.verdict = X509_V_ERR_CERT_HAS_EXPIRED;
  EXPECT_THAT(certificate_refused(login_to(), check, trusted).hint, HasSubstr("The server needs a new one"));
  check.verdict = X509_V_ERR_CERT_NOT_YET_VALID;
  EXPECT_THAT(certificate_refused(login_to(), check, trusted).hint, HasSubstr("clock may be slow"));
  check.verdict = X509_V_ERR_EE_KEY_TOO_SMALL;
  EXPECT_THAT(certificate_refused(login_to(), check, trusted).hint, HasSubstr("2,048 bits"));
}

TEST(Failures, TellARefusedTokenFromARefusedPassword) {
  EXPECT_EQ(login_refused(login_to(), "no").code, code(Errc::iam_token_refused));
  login::Login password = login_to();
  password.kind = config::Kind::password;
  const base::Error error = login_refused(password, "");
  EXPECT_EQ(error.code, code(Errc::password_refused));
  EXPECT_TRUE(error.message.ends_with(" refused the password.")) << error.message;
  EXPECT_THAT(error.hint, HasSubstr("no enabled aws_iam block"));
}

TEST(Failures, SayWhetherTheDatabaseEverSpoke) {
  const base::Error silent = connection_lost(login_to(), "", false);
  EXPECT_THAT(silent.message, HasSubstr("it closed the connection"));
  EXPECT_THAT(silent.hint, HasSubstr("a tunnel leads nowhere"));
  EXPECT_THAT(connection_lost(login_to(), "Connection reset by peer", true).hint, HasSubstr("restarting"));
}

TEST(Failures, MarkWhatMayBeTriedAgain) {
  EXPECT_TRUE(rate_limited(login_to(), "too many").retryable);
  EXPECT_TRUE(database_unavailable(login_to(), "starting up").retryable);
  EXPECT_FALSE(connection_failed(login_to(), "odd").retryable);
  EXPECT_FALSE(tls_not_offered(login_to()).retryable);
  EXPECT_FALSE(bytes_before_tls(login_to()).retryable);
  EXPECT_FALSE(token_not_asked_for(login_to(), "MD5").retryable);
}

TEST(Failures, GiveASecondLoginOnlyToOneThatMayBeStale) {
  login::Login kept = login_to();
  kept.from_cache = true;
  EXPECT_TRUE(deserves_fresh_login(kept, login_refused(kept, "no")));
  EXPECT_FALSE(deserves_fresh_login(login_to(), login_refused(login_to(), "no")));
  EXPECT_FALSE(deserves_fresh_login(kept, not_connected(kept, "no")));
}

}  // namespace
}  // namespace rolegate::upstream
