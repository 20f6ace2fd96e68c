#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/scram.hpp"
#include "unit/wire/pg_script.hpp"
#include "wire/pg/scram.hpp"
#include "wire/pg/scram_client.hpp"
#include "wire/pg/scram_server.hpp"

namespace rolegate::wire::pg {
namespace {

using script::Pieces;
using Binding = ScramClient::Binding;

// RFC 7677, chapter 3.
const std::string kClientNonce = "rOprNGfwEbeRWgbNEkqO";
const std::string kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string kServerFirst = "r=" + kClientNonce + kServerNonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string kWithoutProof = "c=biws,r=" + kClientNonce + kServerNonce;
const std::string kProof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const base::ScramVerifier& pencil() {
  static const base::ScramVerifier verifier = *base::ScramVerifier::parse(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  return verifier;
}

ScramServer server(std::string end_point = {}) {
  return ScramServer(pencil(), kServerNonce, std::move(end_point));
}

TEST(ScramServer, AgreesWithRfc7677) {
  ScramServer scram = server();
  EXPECT_EQ(scram.mechanisms(), (std::vector<std::string_view>{"SCRAM-SHA-256"}));
  EXPECT_EQ(scram.first("SCRAM-SHA-256", "n,,n=user,r=" + kClientNonce), kServerFirst);
  EXPECT_EQ(scram.final(kWithoutProof + kProof), kServerFinal);
}

TEST(ScramClient, AgreesWithRfc7677) {
  ScramClient scram("user", kClientNonce, Binding::none, "");
  EXPECT_EQ(scram.first(), "n,,n=user,r=" + kClientNonce);
  EXPECT_EQ(scram.final(kServerFirst, "pencil"), kWithoutProof + kProof);
  EXPECT_TRUE(scram.verify(kServerFinal));
}

struct FirstCase {
  std::string mechanism;
  std::string message;
  std::string sqlstate;  ///< empty: goes on
};

void expect_first(const std::string& end_point, const std::vector<FirstCase>& cases) {
  for (const auto& [mechanism, message, sqlstate] : cases) {
    const auto answer = server(end_point).first(mechanism, message);
    EXPECT_EQ(answer ? "" : answer.error().sqlstate, sqlstate) << mechanism << " " << message;
    if (!answer) {
      EXPECT_FALSE(answer.error().wrong_proof);
      EXPECT_FALSE(answer.error().message.empty());
    }
  }
}

TEST(ScramServer, ReadsTheFirstMessageStrictly) {
  const std::string scram = "SCRAM-SHA-256";
  expect_first("", {{scram, "n,,n=,r=x", ""},
                    {scram, "y,,n=,r=x", ""},
                    {scram, "n,,n=\xC3\xA9=2C=3D,r=x", ""},
                    {scram, "n,,n=,r=x,z=extension,q=", ""},
                    {"SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=x", "08P01"},
                    {"SCRAM-SHA-1", "n,,n=,r=x", "08P01"},
                    {"", "n,,n=,r=x", "08P01"},
                    {scram, "p=tls-server-end-point,,n=,r=x", "08P01"},
                    {scram, "n,a=root,n=,r=x", "0A000"},
                    {scram, "n,,m=future,n=,r=x", "0A000"},
                    {scram, "", "08P01"},
                    {scram, "n", "08P01"},
                    {scram, "n,", "08P01"},
                    {scram, "n,,", "08P01"},
                    {scram, "n,,n=", "08P01"},
                    {scram, "n,,n=,", "08P01"},
                    {scram, "n,,n=,r", "08P01"},
                    {scram, "n,,n=,r=", "08P01"},
                    {scram, "n,,n=,r=x,", "08P01"},
                    {scram, "n,,n=,r=x,,", "08P01"},
                    {scram, "n,,n=,r=x,1=digit", "08P01"},
                    {scram, "n,,n=,r=x,extension", "08P01"},
                    {scram, "n,,n=,r= x", "08P01"},
                    {scram, "n,,n=,r=\x7F", "08P01"},
                    {scram, "n,,n=,r=\xC3\xA9", "08P01"},
                    {scram, std::string("n,,n=,r=x\0", 10), "08P01"},
                    {scram, std::string("n,,n=\0,r=x", 10), "08P01"},
                    {scram, "n,,r=x,n=", "08P01"},
                    {scram, "n,x,n=,r=x", "08P01"},
                    {scram, "N,,n=,r=x", "08P01"},
                    {scram, "nn,,n=,r=x", "08P01"},
                    {scram, "p,,n=,r=x", "08P01"},
                    {scram, ",,n=,r=x", "08P01"}});
}

// RFC 5802, chapter 6: 'y' where -PLUS was offered means that the offer did not arrive.
TEST(ScramServer, HoldsTheChannelBindingFlagAgainstItsOffer) {
  const std::string scram = "SCRAM-SHA-256";
  const std::string plus = "SCRAM-SHA-256-PLUS";
  EXPECT_EQ(server("hash").mechanisms(), (std::vector<std::string_view>{plus, scram}));
  expect_first("hash", {{plus, "p=tls-server-end-point,,n=,r=x", ""},
                        {scram, "n,,n=,r=x", ""},
                        {scram, "y,,n=,r=x", "28000"},
                        {plus, "y,,n=,r=x", "08P01"},
                        {plus, "n,,n=,r=x", "08P01"},
                        {scram, "p=tls-server-end-point,,n=,r=x", "08P01"},
                        {plus, "p=tls-unique,,n=,r=x", "08P01"},
                        {plus, "p=tls-server-end-poin,,n=,r=x", "08P01"},
                        {plus, "p=,,n=,r=x", "08P01"},
                        {plus, "p=tls-server-end-point", "08P01"},
                        {plus, "p=tls-server-end-point,a=x,n=,r=x", "0A000"}});
}

TEST(ScramServer, ReadsTheFinalMessageStrictly) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {kWithoutProof + kProof, ""},
      {kWithoutProof + ",p=" + base::base64(std::string(32, 'x')), "28P01"},
      {kWithoutProof + ",x=extension" + kProof, "28P01"},  // it is part of what is proved
      {"c=eSws,r=" + kClientNonce + kServerNonce + kProof, "28000"},
      {"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCws,r=" + kClientNonce + kServerNonce + kProof, "28000"},
      {"c=,r=" + kClientNonce + kServerNonce + kProof, "28000"},
      {"c=biws,r=" + kClientNonce + kProof, "08P01"},
      {"c=biws,r=" + kClientNonce + kServerNonce + "x" + kProof, "08P01"},
      {"c=biws,r=" + kServerNonce + kProof, "08P01"},
      {kWithoutProof, "08P01"},
      {kWithoutProof + ",", "08P01"},
      {kWithoutProof + ",p=", "08P01"},
      {kWithoutProof + kProof + ",", "08P01"},
      {kWithoutProof + kProof + ",x=y", "08P01"},
      {kWithoutProof + kProof + kProof, "08P01"},
      {kWithoutProof + ",p=" + base::base64(std::string(31, 'x')), "08P01"},
      {kWithoutProof + ",p=" + base::base64(std::string(33, 'x')), "08P01"},
      {kWithoutProof + ",p=????", "08P01"},
      {kWithoutProof + ",1=x" + kProof, "08P01"},
      {"r=" + kClientNonce + kServerNonce + ",c=biws" + kProof, "08P01"},
      {"c=biws" + kProof, "08P01"},
      {kProof.substr(1), "08P01"},
      {"", "08P01"}};
  for (const auto& [message, sqlstate] : cases) {
    ScramServer scram = server();
    ASSERT_TRUE(scram.first("SCRAM-SHA-256", "n,,n=user,r=" + kClientNonce));
    const auto answer = scram.final(message);
    EXPECT_EQ(answer ? "" : answer.error().sqlstate, sqlstate) << message;
    if (!answer) EXPECT_EQ(answer.error().wrong_proof, sqlstate == "28P01") << message;
  }
}

TEST(ScramServer, RefusesEveryOtherProof) {
  ScramServer scram = server();
  ASSERT_TRUE(scram.first("SCRAM-SHA-256", "n,,n=user,r=" + kClientNonce));
  const std::string proof = *base::from_base64(kProof.substr(3));
  for (std::size_t bit = 0; bit < proof.size() * 8; ++bit) {
    std::string other = proof;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    const auto answer = scram.final(kWithoutProof + ",p=" + base::base64(other));
    ASSERT_FALSE(answer) << bit;
    EXPECT_TRUE(answer.error().wrong_proof);
  }
}

/// A client with this password and end point against this server.
ScramServer::Result<std::string> exchange(ScramServer scram, Binding binding, const std::string& end_point,
                                          const std::string& password) {
  ScramClient client("", "client", binding, end_point);
  const auto challenge =
      scram.first(binding == Binding::end_point ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", client.first());
  if (!challenge) return challenge;
  return scram.final(*client.final(*challenge, password));
}

TEST(ScramServer, BindsToTheEndPoint) {
  EXPECT_TRUE(exchange(server("hash"), Binding::end_point, "hash", "pencil"));
  const auto other = exchange(server("hash"), Binding::end_point, "hasH", "pencil");
  ASSERT_FALSE(other) << "somebody in between with a certificate of his own";
  EXPECT_EQ(other.error().sqlstate, "28000");
  EXPECT_FALSE(exchange(server("hash"), Binding::not_offered, "hash", "pencil"));
  EXPECT_TRUE(exchange(server("hash"), Binding::none, "", "pencil"));
  EXPECT_TRUE(exchange(server(), Binding::not_offered, "hash", "pencil"));
}

TEST(ScramClient, SaysWhatItKnowsOfChannelBinding) {
  EXPECT_EQ(ScramClient("", "x", Binding::none, "").first(), "n,,n=,r=x");
  EXPECT_EQ(ScramClient("", "x", Binding::not_offered, "hash").first(), "y,,n=,r=x");
  EXPECT_EQ(ScramClient("", "x", Binding::end_point, "hash").first(), "p=tls-server-end-point,,n=,r=x");
  EXPECT_TRUE(ScramClient("", "x", Binding::not_offered, "hash")
                  .final("r=xy,s=c2FsdA==,i=1", "")
                  ->starts_with("c=eSws,r=xy,p="));
}

TEST(ScramClient, ReadsTheChallengeStrictly) {
  const auto answer = [](const std::string& challenge) {
    return ScramClient("", "abc", Binding::none, "").final(challenge, "pencil");
  };
  EXPECT_TRUE(answer("r=abcd,s=c2FsdA==,i=1"));
  for (const std::string challenge :
       {"", "r=", "r=abcd", "r=abcd,", "r=abcd,s=c2FsdA==", "r=abcd,s=c2FsdA==,",
        "r=abcd,s=c2FsdA==,i=", "r=abcd,s=c2FsdA==,i=0", "r=abcd,s=c2FsdA==,i=-1", "r=abcd,s=c2FsdA==,i=+1",
        "r=abcd,s=c2FsdA==,i=01", "r=abcd,s=c2FsdA==,i=1x", "r=abcd,s=c2FsdA==,i= 1",
        "r=abcd,s=c2FsdA==,i=1,", "r=abcd,s=c2FsdA==,i=1,x=y", "r=abcd,s=,i=1", "r=abcd,s=c2FsdA=,i=1",
        "r=abcd,s=!!!!,i=1", "r=abcd,i=1,s=c2FsdA==", "s=c2FsdA==,r=abcd,i=1", "m=x,r=abcd,s=c2FsdA==,i=1",
        "r=abc d,s=c2FsdA==,i=1", "R=abcd,s=c2FsdA==,i=1",
        // of another login, or with nothing of the server's own
        "r=abc,s=c2FsdA==,i=1", "r=abxd,s=c2FsdA==,i=1", "r=xabcd,s=c2FsdA==,i=1"}) {
    EXPECT_FALSE(answer(challenge)) << challenge;
  }
}

TEST(ScramClient, DoesNotSpendMinutesOnAChallenge) {
  for (const std::string iterations : {"1000001", "10000000", "2147483647", "99999999999999999999"}) {
    ScramClient scram("", "abc", Binding::none, "");
    const auto answer = scram.final("r=abcd,s=c2FsdA==,i=" + iterations, "pencil");
    ASSERT_FALSE(answer) << iterations;
    EXPECT_EQ(answer.error(), "it asks for more than 1,000,000 SCRAM iterations");
  }
}

TEST(ScramClient, BelievesNoOtherServer) {
  ScramClient scram("user", kClientNonce, Binding::none, "");
  ASSERT_TRUE(scram.final(kServerFirst, "pencil"));
  EXPECT_TRUE(scram.verify(kServerFinal));
  for (const std::string& message :
       Pieces{"", "v=", "v=6rri", kServerFinal + ",", kServerFinal + ",x=y", "x=y," + kServerFinal,
              "e=other-error", "v=" + base::base64(std::string(32, 'x')),
              "v=" + base::base64(std::string(32, '\0')), "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}) {
    EXPECT_FALSE(scram.verify(message)) << message;
  }
}

TEST(ScramClient, BelievesNoProofBeforeItsOwn) {
  const ScramClient scram("user", kClientNonce, Binding::none, "");
  EXPECT_FALSE(scram.verify("v=" + base::base64(std::string(32, '\0'))));
  EXPECT_FALSE(scram.verify(kServerFinal));
}

TEST(ScramNonce, IsPrintableAndNew) {
  script::CountingRandom random;
  const std::string first = scram_nonce(random);
  EXPECT_EQ(first, script::kNonce);
  EXPECT_TRUE(is_scram_printable(first));
  EXPECT_NE(scram_nonce(random), first);
}

}  // namespace
}  // namespace rolegate::wire::pg
