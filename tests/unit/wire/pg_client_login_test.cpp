#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_client_login_script.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;

TEST(PgClientLogin, AnswersWithThePassword) {
  const Course course = run_split({}, {"S", authentication(3), kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.output, kStart + msg('p', text("pencil")));
  EXPECT_EQ(course.start, (SessionStart{kParameters, {}, kCancelKey, ""}));
}

TEST(PgClientLogin, AnswersWithATokenOfAnySize) {
  for (const std::size_t size : {1U, 15U, 16U, 1500U, 60000U}) {
    const std::string token(size, 't');
    const Course course = run({.password = token}, {"S", authentication(3), kOk + kReady});
    EXPECT_EQ(course.output, kStart + msg('p', text(token)));
    EXPECT_EQ(course.events, "TR");
  }
}

TEST(PgClientLogin, AnswersMd5AsPostgresqlWantsIt) {
  const Course course =
      run_split({.user = "m"}, {"S", authentication(5, from_hex("6b06680c")), kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.output,
            kSslRequest + startup_of("m") + msg('p', text("md50df68cc32d378a32ff84c518a4db1ae4")));
}

TEST(PgClientLogin, NeedsNoPasswordWhenTheServerAsksForNone) {
  const Course course = run_split({}, {"S", kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.output, kStart);
}

TEST(PgClientLogin, ProvesThePasswordToPostgresql) {
  const Course course = run({}, {"S", kOffer, kPlainChallenge, kPlainDone + kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.output, kStart + kPlainFirst + kPlainFinal);
  EXPECT_EQ(course.start, (SessionStart{kParameters, {}, kCancelKey, ""}));
}

TEST(PgClientLogin, BindsTheProofToTheTlsSession) {
  const Course course =
      run({.end_point = kEndPoint},
          {"S", kOfferPlus, kPlusChallenge,
           authentication(12, "v=GgAp5MAQxTllrdX4kmpXG+JTVbpIJXL+LRw+r8fQMbI=") + kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(
      course.output,
      kStart + sasl_initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r="s + kNonce) +
          msg('p', "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsZUGEXrrY61lO5QTJDt9Z3IP7VlWCst5vAWkfzi/ZSKI=,r="s +
                       kNonce + "ggvDRn78gykVmUa+02JKeMpC,p=2lt9xVDZZ7rGL8BSvlam1KtLfpgouAefjAutwWxXhVA="));
}

TEST(PgClientLogin, ProvesItInWhateverPiecesTheServersWordsCome) {
  const Course course = run_split({}, {"S", kOffer, kCheapChallenge, cheap_done() + kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_TRUE(course.output.starts_with(kStart + kPlainFirst + "p"));
}

TEST(PgClientLogin, ChoosesTheMechanism) {
  const auto first = [](const std::string& mechanisms, const std::string& end_point) {
    const Course course = run({.end_point = end_point}, {"S", authentication(10, mechanisms)});
    return course.events == "T" ? course.output.substr(kStart.size()) : course.events;
  };
  const std::string plain = text("SCRAM-SHA-256");
  const std::string plus = text("SCRAM-SHA-256-PLUS");
  const std::string nonce = ",,n=,r="s + kNonce;
  const std::string bound = sasl_initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point" + nonce);
  EXPECT_EQ(first(plus + plain + '\0', "hash"), bound);
  EXPECT_EQ(first(text("X") + plain + plus + '\0', "hash"), bound) << "in whatever order";
  EXPECT_EQ(first(plus + '\0', "hash"), bound);
  EXPECT_EQ(first(plain + '\0', "hash"), sasl_initial("SCRAM-SHA-256", "y" + nonce))
      << "so that a server can tell";
  EXPECT_EQ(first(plus + plain + '\0', ""), sasl_initial("SCRAM-SHA-256", "n" + nonce));
  EXPECT_EQ(first(plain + '\0', ""), sasl_initial("SCRAM-SHA-256", "n" + nonce));
}

TEST(PgClientLogin, RelaysNoticesAndWhatComesBehindTheStart) {
  const Course course = run_split({}, {"S", notice("early") + authentication(3),
                                       notice("mid") + kOk + notice("late") + kSession + "behind", "more"});
  EXPECT_EQ(course.start.messages(), notice("early") + notice("mid") + notice("late") + kStatus);
  EXPECT_EQ(course.start.rest, "behindmore");
}

TEST(PgClientLogin, SaysAgainByteForByteWhatTheServerSaid) {
  const std::string said = notice("a") + notice("b") + kStatus + notice("c") +
                           msg('S', text("x") + text("")) + msg('S', text("x") + text("2")) + notice("d");
  const Course course = run_split({}, {"S", kOk + said + kKey + kReady});
  EXPECT_EQ(course.start.messages(), said);
  EXPECT_EQ(course.start.parameters, (Parameters{{"server_version", "15.18"}, {"x", ""}, {"x", "2"}}));
  EXPECT_EQ(course.start.notices.size(), 3U);
}

TEST(PgClientLogin, GoesOnWithoutACancelKey) {
  const Course course = run_split({}, {"S", kOk + kStatus + kReady});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.start, (SessionStart{kParameters, {}, CancelKey{}, ""}));
}

// As servers of protocol 3.2 have it; they may be asked for 3.0 in vain.
TEST(PgClientLogin, TakesALongCancelKey) {
  for (const std::size_t size : {4U, 32U, 256U}) {
    const std::string secret(size, 'k');
    const Course course = run_split({}, {"S", kOk + msg('K', int32(7) + secret) + kReady});
    EXPECT_EQ(course.start.cancel_key, (CancelKey{7, secret}));
  }
}

TEST(PgClientLogin, ToleratesNegotiateProtocolVersionOnce) {
  const std::string negotiate = msg('v', int32(kVersion30) + int32(0));
  EXPECT_EQ(run_split({}, {"S", negotiate + authentication(3), kOk + kSession}).events, "TR");
  EXPECT_EQ(run({}, {"S", negotiate + negotiate}).failed(), Kind::protocol);
  EXPECT_EQ(run({}, {"S", msg('v', int32(kVersion30))}).failed(), Kind::protocol);
  EXPECT_EQ(run({}, {"S", kOk + negotiate}).failed(), Kind::protocol);
}

TEST(PgClientLogin, CarriesTheClientsParameters) {
  const Login login{.database = "",
                    .parameters = {{"user", "root"}, {"options", "-c x=y"}, {"replication", "database"}}};
  EXPECT_EQ(run(login, {"S"}).output,
            kSslRequest + startup({"user", "a", "options", "-c x=y", "replication", "database"}));
}

TEST(PgClientLogin, TakesManySmallMessagesAtOnceInShortTime) {
  std::string notices;
  while (notices.size() < (1 << 20) - 100) notices += msg('N', "");
  EXPECT_EQ(run({}, {"S", kOk + notices + kReady}).start.messages().size(), notices.size());
}

TEST(PgClientLogin, EndsThePasswordAtANul) {
  const std::string password = "pencil\0forged"s;
  EXPECT_EQ(run({.password = password}, {"S", authentication(3)}).output, kStart + msg('p', text("pencil")));
  EXPECT_EQ(run({.password = password}, {"S", authentication(5, "salt")}).output,
            run({}, {"S", authentication(5, "salt")}).output);
}

}  // namespace
}  // namespace rolegate::wire::pg
