#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/scram.hpp"
#include "unit/wire/pg_script.hpp"
#include "wire/pg/client_login.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;
using Event = ClientLogin::Event;
using Kind = ClientFailure::Kind;

struct Login {
  std::string user = "a";
  std::string password = "pencil";
  std::string database = "postgres";
  Parameters parameters = {{"application_name", "talk"}, {"client_encoding", "UTF8"}};
  std::string end_point = {};
  bool is_token = false;
};

struct Course {
  std::string events;  ///< Tls, Ready, Failed: their first letters
  std::string output;
  SessionStart start;
  ClientFailure failure;

  /// Nothing when it has not failed.
  [[nodiscard]] std::optional<Kind> failed() const {
    return events.ends_with('F') ? std::optional(failure.kind) : std::nullopt;
  }
};

std::string summary(const Course& course) {
  return course.events + "|" + course.output + "|" + course.start.greeting + "|" + course.start.rest + "|" +
         course.failure.reason + "|" + course.failure.error.sqlstate +
         std::to_string(static_cast<int>(course.failure.kind));
}

Course run(const Login& settings, const Pieces& pieces) {
  CountingRandom random;
  ClientLogin login({.user = settings.user,
                     .password = base::Secret(settings.password),
                     .database = settings.database,
                     .parameters = settings.parameters,
                     .is_token = settings.is_token},
                    random);
  Course course;
  course.output = login.take_output();
  for (const std::string& piece : pieces) {
    Event event = login.receive(piece);
    course.output += login.take_output();
    if (event == Event::start_tls) {
      course.events += 'T';
      event = login.tls_started(settings.end_point);
      course.output += login.take_output();
    }
    if (event == Event::ready && course.events.back() != 'R') course.events += 'R';
    if (event == Event::failed) {
      course.events += 'F';
      EXPECT_EQ(login.receive("more"), Event::failed);
      EXPECT_EQ(login.take_session_start(), SessionStart());
      break;
    }
  }
  EXPECT_EQ(login.take_output(), "") << "each byte once";
  course.start = login.take_session_start();
  course.failure = login.failure();
  return course;
}

Course run_split(const Login& settings, const Pieces& pieces) {
  Course course = run(settings, pieces);
  for (const Pieces& way : splits(pieces)) EXPECT_EQ(summary(run(settings, way)), summary(course));
  return course;
}

std::string startup_of(const std::string& user) {
  return startup(
      {"user", user, "database", "postgres", "application_name", "talk", "client_encoding", "UTF8"});
}
const std::string kStart = kSslRequest + startup_of("a");
const std::string kOk = authentication(0);
const std::string kStatus = msg('S', text("server_version") + text("15.18"));
const std::string kKey = msg('K', int32(4573) + int32(0xF4708544));
const CancelKey kCancelKey{4573, int32(0xF4708544)};
const std::string kReady = "Z\0\0\0\x05I"s;
const std::string kSession = kStatus + kKey + kReady;
const std::string kOffer = authentication(10, text("SCRAM-SHA-256") + '\0');
const std::string kOfferPlus = authentication(10, text("SCRAM-SHA-256-PLUS") + text("SCRAM-SHA-256") + '\0');

// What PostgreSQL 15.18 sent and took; password "pencil", kNonce as the client's.
const std::string kEndPoint = from_hex("6541845ebad8eb594ee504c90edf59dc83fb565582b2de6f01691fce2fd948a2");
const std::string kPlainFirst = sasl_initial("SCRAM-SHA-256", "n,,n=,r="s + kNonce);
const std::string kPlainChallenge =
    authentication(11, "r="s + kNonce + "rYoXdr0I2MxDg496ROBWTqwT,s=C2IfuqtXMixqzqRCUhBOrQ==,i=4096");
const std::string kPlainFinal = msg(
    'p', "c=biws,r="s + kNonce + "rYoXdr0I2MxDg496ROBWTqwT,p=Rw76kHo1HXZCivGlEXB5P+0uFV0fq28md9Wq5UfNLhA=");
const std::string kPlainDone = authentication(12, "v=l5OZ+wxuWA1AHlR51i0G6x+ZEipa7Xtr8OhZ3EdHyMc=");
const std::string kPlusChallenge =
    authentication(11, "r="s + kNonce + "ggvDRn78gykVmUa+02JKeMpC,s=C2IfuqtXMixqzqRCUhBOrQ==,i=4096");

/// A challenge that costs one round only, and the server's proof for it.
const std::string kCheapNonce = kNonce + "server"s;
const std::string kCheapChallenge = authentication(11, "r=" + kCheapNonce + ",s=c2FsdA==,i=1");
std::string cheap_done() {
  const base::ScramKeys keys = base::ScramKeys::of("pencil", "salt", 1);
  const auto signature = base::hmac_sha256(
      keys.server_key, "n=,r="s + kNonce + ",r=" + kCheapNonce + ",s=c2FsdA==,i=1,c=biws,r=" + kCheapNonce);
  return authentication(12, "v=" + base::base64({reinterpret_cast<const char*>(signature.data()), 32}));
}

TEST(PgClientLogin, AnswersWithThePassword) {
  const Course course = run_split({}, {"S", authentication(3), kOk + kSession});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.output, kStart + msg('p', text("pencil")));
  EXPECT_EQ(course.start, (SessionStart{kStatus, kCancelKey, ""}));
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
  EXPECT_EQ(course.start, (SessionStart{kStatus, kCancelKey, ""}));
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
  EXPECT_EQ(course.start.greeting, notice("early") + notice("mid") + notice("late") + kStatus);
  EXPECT_EQ(course.start.rest, "behindmore");
}

TEST(PgClientLogin, GoesOnWithoutACancelKey) {
  const Course course = run_split({}, {"S", kOk + kStatus + kReady});
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.start, (SessionStart{kStatus, CancelKey{}, ""}));
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

/// Everything that a server can say, in the place of its answer to SSLRequest and behind it.
const Pieces kEverything = {kOk,
                            authentication(3),
                            authentication(5, "salt"),
                            kOffer,
                            kOfferPlus,
                            kPlainChallenge,
                            kSession,
                            error("28000", "no"),
                            notice("x"),
                            "S",
                            "N",
                            "SS",
                            "NS",
                            "E",
                            "\x16\x03\x01"};

TEST(PgClientLogin, GivesNothingAwayBeforeTls) {
  for (const std::string& first : kEverything) {
    for (const std::string& second : kEverything) {
      CountingRandom random;
      ClientLogin login({.user = "secretuser",
                         .password = base::Secret("secretpassword"),
                         .database = "secretdatabase",
                         .parameters = {{"options", "secretoptions"}}},
                        random);
      (void)login.receive(first);
      (void)login.receive(second);
      (void)login.receive("");
      const std::string output = login.take_output();
      EXPECT_TRUE(output.empty() || output == kSslRequest) << first << second;
    }
  }
}

TEST(PgClientLogin, CannotBeTalkedPastItsSteps) {
  for (const std::string answer : {"", "N"}) {
    CountingRandom random;
    ClientLogin login({.user = "a", .password = base::Secret("pencil"), .database = "", .parameters = {}},
                      random);
    (void)login.receive(answer);
    EXPECT_EQ(login.tls_started(""), Event::failed);
    EXPECT_EQ(login.receive(authentication(3)), Event::failed);
    EXPECT_EQ(login.take_output(), "");
  }
}

// CVE-2021-23222
TEST(PgClientLogin, RefusesBytesInTheClearBehindTheOfferOfTls) {
  for (const std::string& injected : kEverything) {
    EXPECT_EQ(run({}, {"S" + injected}).failed(), Kind::bytes_before_tls);
    CountingRandom random;
    ClientLogin login({.user = "a", .password = base::Secret("pencil"), .database = "", .parameters = {}},
                      random);
    EXPECT_EQ(login.receive("S"), Event::start_tls);
    EXPECT_EQ(login.receive(""), Event::more);
    EXPECT_EQ(login.receive(injected), Event::failed);
    EXPECT_EQ(login.failure().kind, Kind::bytes_before_tls);
    EXPECT_EQ(login.tls_started(""), Event::failed);
    EXPECT_EQ(login.take_output(), "");
  }
}

TEST(PgClientLogin, TakesNoLoginWithoutTls) {
  EXPECT_EQ(run({}, {"N"}).failed(), Kind::tls_not_offered);
  EXPECT_EQ(run({}, {"N" + authentication(3)}).failed(), Kind::tls_not_offered);
  for (const std::string& error : {"E"s, script::error("53300", "forged"), "Ecould not fork\n\0"s}) {
    const Course course = run_split({}, {error});
    EXPECT_EQ(course.failed(), Kind::tls_not_offered);
    EXPECT_EQ(course.failure.error.message, "") << "anybody could have said it";
    EXPECT_NE(course.failure.reason, run({}, {"N"}).failure.reason);
  }
  for (const std::string& other : {"J\0\0\0\x0A"
                                   "5.7.44"s,
                                   "HTTP/1.1 400\r\n"s, "\0"s, authentication(3), kOk, "s"s}) {
    const Course course = run_split({}, {other});
    EXPECT_EQ(course.failed(), Kind::protocol);
    EXPECT_EQ(course.output, kSslRequest);
  }
  EXPECT_EQ(run({}, {"\0"s}).failure.reason,
            "it answered the request for TLS with 0x00, as no PostgreSQL server does");
}

TEST(PgClientLogin, RelaysTheServersError) {
  for (const Pieces& before : {Pieces{"S"}, Pieces{"S", authentication(3)}, Pieces{"S", kOffer},
                               Pieces{"S", kOffer, kCheapChallenge}, Pieces{"S", kOk + kStatus}}) {
    Pieces pieces = before;
    pieces.push_back(error("28P01", "password authentication failed for user \"a\""));
    const Course course = run_split({}, pieces);
    EXPECT_EQ(course.events, "TF");
    EXPECT_EQ(course.failed(), Kind::server_error);
    EXPECT_EQ(course.failure.error.sqlstate, "28P01");
    EXPECT_EQ(course.failure.error.message, "password authentication failed for user \"a\"");
    pieces.back() = msg('E', text("SFATAL"));
    EXPECT_EQ(run({}, pieces).failed(), Kind::protocol);
  }
}

TEST(PgClientLogin, NamesTheAuthenticationItDoesNotKnow) {
  for (const auto& [kind, name] :
       std::vector<std::pair<std::uint32_t, std::string>>{{2, "Kerberos V5"},
                                                          {4, "crypt()"},
                                                          {6, "SCM"},
                                                          {7, "GSSAPI"},
                                                          {8, "GSSAPI"},
                                                          {9, "SSPI"},
                                                          {13, "Redshift's digest"},
                                                          {14, "identity provider"},
                                                          {1, "unknown kind (1)"},
                                                          {4711, "unknown kind (4711)"}}) {
    const Course course = run_split({}, {"S", authentication(kind, "data")});
    EXPECT_EQ(course.failed(), Kind::unsupported_authentication) << kind;
    EXPECT_NE(course.failure.reason.find(name), std::string::npos) << course.failure.reason;
    EXPECT_EQ(course.output, kStart);
  }
  for (const std::string& mechanisms :
       {"\0"s, text("SCRAM-SHA-1") + '\0', text("OAUTHBEARER") + text("PLAIN") + '\0',
        text("SCRAM-SHA-256-PLUS") + '\0'}) {
    const Course course = run_split({}, {"S", authentication(10, mechanisms)});
    EXPECT_EQ(course.failed(), Kind::unsupported_authentication);
    EXPECT_EQ(course.output, kStart);
  }
}

/// The pieces lead to a failure of protocol, and nothing is sent after the start but `sent`.
void expect_protocol_failure(const Pieces& pieces, const std::string& sent = {}) {
  const Course course = run_split({}, pieces);
  EXPECT_EQ(course.events, "TF") << ::testing::PrintToString(pieces);
  EXPECT_EQ(course.failed(), Kind::protocol);
  EXPECT_NE(course.failure.reason, "");
  EXPECT_EQ(course.output.substr(0, kStart.size() + sent.size()), kStart + sent);
}

const Pieces kNonsense = {msg('Q', "select"), msg('T', ""), msg('d', "x"),        msg('p', text("x")),
                          "R\0\0\0\x03"s,     "R\0\0\0\0"s, "R\xFF\xFF\xFF\xFF"s, "R\0\x01\0\x01"s,
                          "HTTP/1.1 400"s,    msg('R', ""), msg('R', "\0\0\0"s)};

TEST(PgClientLogin, RefusesNonsenseAtEveryStep) {
  for (const Pieces& before :
       {Pieces{"S"}, Pieces{"S", authentication(3)}, Pieces{"S", authentication(5, "salt")},
        Pieces{"S", kOffer}, Pieces{"S", kOffer, kCheapChallenge},
        Pieces{"S", kOffer, kCheapChallenge, cheap_done()}, Pieces{"S", kOk}}) {
    for (const std::string& nonsense : kNonsense) {
      Pieces pieces = before;
      pieces.push_back(nonsense);
      expect_protocol_failure(pieces);
    }
  }
}

TEST(PgClientLogin, RefusesRequestsOutOfOrder) {
  const std::string password = msg('p', text("pencil"));
  for (const std::string& early : {kStatus, kKey, kReady, kPlainChallenge, kPlainDone})
    expect_protocol_failure({"S", early});
  // One answer for one login: a second request could ask for the same password in a weaker form.
  for (const std::string& again : {authentication(3), authentication(5, "salt"), kOffer, kPlainChallenge,
                                   kPlainDone, kStatus, kKey, kReady}) {
    expect_protocol_failure({"S", authentication(3), again}, password);
    expect_protocol_failure({"S", kOffer, kCheapChallenge, cheap_done(), again}, kPlainFirst);
  }
  for (const std::string& other :
       {authentication(3), authentication(5, "salt"), kOffer, kPlainDone, kStatus, kReady}) {
    expect_protocol_failure({"S", kOffer, other}, kPlainFirst);
  }
  for (const std::string& other :
       {authentication(3), authentication(5, "salt"), kOffer, kPlainChallenge, kReady}) {
    expect_protocol_failure({"S", kOffer, kCheapChallenge, other}, kPlainFirst);
  }
  for (const std::string& late : {kOk, authentication(3), kOffer}) expect_protocol_failure({"S", kOk + late});
}

TEST(PgClientLogin, BelievesNoServerThatDoesNotProveItself) {
  expect_protocol_failure({"S", kOffer, kOk + kSession}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, kCheapChallenge, kOk + kSession}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, kCheapChallenge, kPlainDone + kOk + kSession}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, kCheapChallenge, authentication(12, "") + kOk + kSession},
                          kPlainFirst);
  const std::string zeros = authentication(12, "v=" + base::base64(std::string(32, '\0')));
  expect_protocol_failure({"S", kOffer, zeros + kOk + kSession}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, kCheapChallenge, zeros + kOk + kSession}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, authentication(11, "r=other,s=c2FsdA==,i=1")}, kPlainFirst);
  expect_protocol_failure({"S", kOffer, authentication(11, "r=" + kCheapNonce + ",s=c2FsdA==,i=10000000")},
                          kPlainFirst);
}

TEST(PgClientLogin, RefusesMalformedMessages) {
  for (const std::size_t length : {0U, 3U, 5U, 8U})
    expect_protocol_failure({"S", authentication(5, std::string(length, 's'))});
  expect_protocol_failure({"S", authentication(10)});
  expect_protocol_failure({"S", authentication(10, "SCRAM-SHA-256")});
  expect_protocol_failure({"S", authentication(10, text("SCRAM-SHA-256"))});
  for (const std::size_t length : {0U, 4U, 7U, 261U})
    expect_protocol_failure({"S", kOk + msg('K', std::string(length, 'k'))});
  for (const std::size_t length : {0U, 2U})
    expect_protocol_failure({"S", kOk + msg('Z', std::string(length, 'I'))});
}

TEST(PgClientLogin, BoundsWhatAServerSends) {
  const std::string most = msg('N', std::string(ClientLogin::kMaxMessage - 4, 'x'));
  EXPECT_EQ(run({}, {"S", kOk + most + kReady}).events, "TR");
  EXPECT_EQ(run({}, {"S", kOk + msg('N', std::string(ClientLogin::kMaxMessage - 3, 'x'))}).failure.kind,
            Kind::protocol);

  Pieces pieces(1, "S");
  std::size_t sent = 0;
  while (sent + most.size() <= ClientLogin::kMaxSessionStart) {
    pieces.push_back(most);
    sent += most.size();
  }
  pieces.push_back(kOk + kReady);
  const Course course = run({}, pieces);
  EXPECT_EQ(course.events, "TR");
  EXPECT_EQ(course.start.greeting.size(), sent);
  pieces.insert(pieces.begin() + 1, most);
  EXPECT_EQ(run({}, pieces).failed(), Kind::protocol);
}

TEST(PgClientLogin, TakesManySmallMessagesAtOnceInShortTime) {
  std::string notices;
  while (notices.size() < (1 << 20) - 100) notices += msg('N', "");
  EXPECT_EQ(run({}, {"S", kOk + notices + kReady}).start.greeting.size(), notices.size());
}

// A server that wants a hash of it compares that with a password of the user's own: it takes no tokens.
TEST(PgClientLogin, MakesNothingOfAToken) {
  for (const std::string& request : {authentication(5, "salt"), kOffer, kOfferPlus}) {
    const Course course = run_split({.end_point = kEndPoint, .is_token = true}, {"S", request});
    EXPECT_EQ(course.failed(), Kind::token_not_asked_for);
    EXPECT_EQ(course.output, kStart);
    EXPECT_NE(course.failure.reason, "");
  }
  EXPECT_EQ(run_split({.is_token = true}, {"S", authentication(3), kOk + kSession}).output,
            kStart + msg('p', text("pencil")));
  EXPECT_EQ(run({.is_token = true}, {"S", authentication(7)}).failed(), Kind::unsupported_authentication);
}

TEST(PgClientLogin, EndsThePasswordAtANul) {
  const std::string password = "pencil\0forged"s;
  EXPECT_EQ(run({.password = password}, {"S", authentication(3)}).output, kStart + msg('p', text("pencil")));
  EXPECT_EQ(run({.password = password}, {"S", authentication(5, "salt")}).output,
            run({}, {"S", authentication(5, "salt")}).output);
}

TEST(PgClientLogin, KeepsThePasswordOutOfItsReasons) {
  for (const std::string& piece : kEverything) {
    const Course course = run({}, {"S", authentication(3), piece});
    EXPECT_EQ(course.failure.reason.find("pencil"), std::string::npos);
  }
}

}  // namespace
}  // namespace rolegate::wire::pg
