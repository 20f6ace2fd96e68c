#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_client_login_script.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;

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
  for (const std::string& body :
       {""s, "name"s, text("name"), text("name") + "value", text("name") + text("value") + "x"})
    expect_protocol_failure({"S", kOk + msg('S', body)});
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
  EXPECT_EQ(course.start.messages().size(), sent);
  pieces.insert(pieces.begin() + 1, most);
  EXPECT_EQ(run({}, pieces).failed(), Kind::protocol);

  // Of many small ones it is not the bytes that cost.
  std::string parameters;
  const std::string one = msg('S', text("") + text(""));
  for (std::size_t i = 0; i < ClientLogin::kMaxSessionStart / 32; ++i) parameters += one;
  EXPECT_EQ(run({}, {"S", kOk + parameters}).failed(), Kind::protocol);
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

TEST(PgClientLogin, KeepsThePasswordOutOfItsReasons) {
  for (const std::string& piece : kEverything) {
    const Course course = run({}, {"S", authentication(3), piece});
    EXPECT_EQ(course.failure.reason.find("pencil"), std::string::npos);
  }
}

}  // namespace
}  // namespace rolegate::wire::pg
