#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/server_login.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;
using Event = ServerLogin::Event;

// RFC 7677's: password "pencil".
const base::ScramVerifier& pencil() {
  static const base::ScramVerifier verifier = *base::ScramVerifier::parse(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  return verifier;
}

/// As an owner has it for a user who does not exist: no password fits, the right one of somebody else
/// included.
base::ScramVerifier nobodys() {
  base::ScramVerifier verifier = pencil();
  verifier.stored_key.fill(0);
  return verifier;
}

/// What the owner of a login does: it goes by these, and writes down what happens.
struct Owner {
  ServerLogin::Options options = {};
  std::string end_point = {};
  base::ScramVerifier verifier = pencil();
  bool trusts = false;
};

struct Course {
  std::string events;  ///< Tls, Startup, Authenticated, Refused, Cancel, Failed: their first letters
  std::string output;
  std::string rest;
  std::string reason;
  Startup startup;
  CancelKey cancel_key;
};

std::string summary(const Course& course) {
  return course.events + "|" + course.output + "|" + course.rest + "|" + course.reason;
}

Course run(const Owner& owner, const Pieces& pieces) {
  CountingRandom random;
  ServerLogin login(owner.options, random);
  Course course;
  for (const std::string& piece : pieces) {
    Event event = login.receive(piece);
    course.output += login.take_output();
    if (event == Event::start_tls) {
      course.events += 'T';
      event = login.tls_started(owner.end_point);
    }
    if (event == Event::startup) {
      course.events += 'S';
      event = owner.trusts ? login.trust() : login.ask_scram(owner.verifier);
    }
    course.output += login.take_output();
    if (event == Event::authenticated) course.events += 'A';
    if (event == Event::refused) course.events += 'R';
    if (event == Event::cancel) course.events += 'C';
    if (event == Event::failed) course.events += 'F';
    if (event == Event::refused || event == Event::cancel || event == Event::failed) {
      EXPECT_EQ(login.receive("more"), event) << "an end is an end";
      EXPECT_EQ(login.take_output(), "");
      break;
    }
  }
  EXPECT_EQ(login.take_output(), "") << "each byte once";
  course.rest = login.take_rest();
  course.reason = login.reason();
  course.startup = login.startup();
  course.cancel_key = login.cancel_key();
  return course;
}

/// Runs it in every other way to receive it, too.
Course run_split(const Owner& owner, const Pieces& pieces) {
  Course course = run(owner, pieces);
  for (const Pieces& way : splits(pieces)) EXPECT_EQ(summary(run(owner, way)), summary(course));
  return course;
}

// What psql 15.18 sent and took, with kNonce as the server's.
const std::string kEndPoint = from_hex("6541845ebad8eb594ee504c90edf59dc83fb565582b2de6f01691fce2fd948a2");
const std::string kPsqlStartup = startup({"user", "user", "database", "app", "application_name", "psql"});
const std::string kOffer = authentication(10, text("SCRAM-SHA-256") + '\0');
const std::string kOfferPlus = authentication(10, text("SCRAM-SHA-256-PLUS") + text("SCRAM-SHA-256") + '\0');
const std::string kPlainFirst = sasl_initial("SCRAM-SHA-256", "n,,n=,r=oD3oiRT/+low4LeOYUU7hkmf");
const std::string kPlainChallenge = authentication(
    11, "r=oD3oiRT/+low4LeOYUU7hkmfAAECAwQFBgcICQoLDA0ODxAR,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
const std::string kPlainFinal = msg('p',
                                    "c=biws,r=oD3oiRT/+low4LeOYUU7hkmfAAECAwQFBgcICQoLDA0ODxAR,"
                                    "p=HRmK4OLeMiq+hC6lJm6RzDUj3nIaNUOD7ks+Vxne1CI=");
const std::string kPlainDone = authentication(12, "v=ICn4lpd8+3f4qyCAk2YANWbuDU6SWUHWQrHFjCJxuUY=");
const std::string kPlusFirst =
    sasl_initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=Ws4iOW3y3waPhQ1KoM18KMhj");
const std::string kPlusChallenge = authentication(
    11, "r=Ws4iOW3y3waPhQ1KoM18KMhjAAECAwQFBgcICQoLDA0ODxAR,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
const std::string kPlusFinal =
    msg('p',
        "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsZUGEXrrY61lO5QTJDt9Z3IP7VlWCst5vAWkfzi/ZSKI=,"
        "r=Ws4iOW3y3waPhQ1KoM18KMhjAAECAwQFBgcICQoLDA0ODxAR,"
        "p=9lVUOXZndsxGbcmJQ3xQeEgRnasLMMCvC/QBu7FqosY=");
const std::string kPlusDone = authentication(12, "v=0lSF8k+J3WwPZwhCl/HlraFhavDN6i9r+IEcU8fJIcU=");

TEST(PgServerLogin, LetsPsqlIn) {
  const Course course = run_split({}, {kPsqlStartup, kPlainFirst, kPlainFinal});
  EXPECT_EQ(course.events, "SA");
  EXPECT_EQ(course.output, kOffer + kPlainChallenge + kPlainDone);
  EXPECT_EQ(course.startup.user, "user");
  EXPECT_EQ(course.startup.database, "app");
  EXPECT_EQ(course.startup.parameters, (Parameters{{"application_name", "psql"}}));
}

TEST(PgServerLogin, LetsPsqlInWithChannelBinding) {
  const Owner owner{.options = {.tls_offered = true, .tls_required = true}, .end_point = kEndPoint};
  const Course course = run_split(owner, {kSslRequest, kPsqlStartup, kPlusFirst, kPlusFinal});
  EXPECT_EQ(course.events, "TSA");
  EXPECT_EQ(course.output, "S" + kOfferPlus + kPlusChallenge + kPlusDone);
}

TEST(PgServerLogin, GivesWhatWasSentAheadToTheUpstream) {
  EXPECT_EQ(run_split({}, {kPsqlStartup, kPlainFirst, kPlainFinal + "ahead", "more"}).rest, "aheadmore");
  const Course course = run_split({.trusts = true}, {kPsqlStartup + "ahead", "more"});
  EXPECT_EQ(course.events, "SA");
  EXPECT_EQ(course.output, "");
  EXPECT_EQ(course.rest, "aheadmore");
}

TEST(PgServerLogin, KeepsWhatComesWhileTheOwnerDecides) {
  CountingRandom random;
  ServerLogin login({}, random);
  EXPECT_EQ(login.receive(kPsqlStartup), Event::startup);
  EXPECT_EQ(login.receive(kPlainFirst.substr(0, 9)), Event::more);
  EXPECT_EQ(login.receive(kPlainFirst.substr(9)), Event::more);
  EXPECT_EQ(login.take_output(), "");
  EXPECT_EQ(login.ask_scram(pencil()), Event::more);
  EXPECT_EQ(login.take_output(), kOffer + kPlainChallenge);
  EXPECT_EQ(login.receive(kPlainFinal), Event::authenticated);
}

TEST(PgServerLogin, RefusesAWrongPassword) {
  // psql with password "wrong", its nonce and proof.
  const std::string nonce = "wZHz47k+Hd377w3LBbL7mU3G";
  const Owner owner{.options = {.tls_offered = true}, .end_point = kEndPoint};
  const Course course = run(
      owner,
      {kSslRequest, kPsqlStartup, sasl_initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=" + nonce),
       msg('p', "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsZUGEXrrY61lO5QTJDt9Z3IP7VlWCst5vAWkfzi/ZSKI=,r=" + nonce +
                    kNonce + ",p=dftC0sTd1+3LB33POFJDSIqDArZx1e7SU4py/uPfxvQ=")});
  EXPECT_EQ(course.events, "TSR");
  EXPECT_TRUE(course.output.ends_with(",i=4096")) << "the owner says it, when it likes";
  EXPECT_EQ(course.reason, "password authentication failed");
}

TEST(PgServerLogin, RefusesNobodyInTheSameWay) {
  const Course known = run({}, {kPsqlStartup, kPlainFirst,
                                msg('p', "c=biws,r=oD3oiRT/+low4LeOYUU7hkmf" + ""s + kNonce +
                                             ",p=" + base::base64(std::string(32, 'x')))});
  const Course nobody = run_split({.verifier = nobodys()}, {kPsqlStartup, kPlainFirst, kPlainFinal});
  EXPECT_EQ(nobody.events, "SR");
  EXPECT_EQ(nobody.events, known.events);
  EXPECT_EQ(nobody.reason, known.reason);
  EXPECT_EQ(nobody.output.size(), known.output.size());
}

TEST(PgServerLogin, OffersChannelBindingInsideTlsOnly) {
  EXPECT_EQ(run({.end_point = kEndPoint}, {kPsqlStartup}).output, kOffer);
  EXPECT_EQ(run({.options = {.tls_offered = true}}, {kSslRequest, kPsqlStartup}).output, "S" + kOffer);
}

TEST(PgServerLogin, DeclinesTlsAndGssapiInEitherOrder) {
  for (const Pieces& pieces :
       {Pieces{kSslRequest, kPsqlStartup}, Pieces{kGssencRequest, kSslRequest, kPsqlStartup},
        Pieces{kSslRequest, kGssencRequest, kPsqlStartup}}) {
    const Course course = run_split({.trusts = true}, pieces);
    EXPECT_EQ(course.events, "SA");
    EXPECT_EQ(course.output, std::string(pieces.size() - 1, 'N'));
  }
  const Course both = run_split({.options = {.tls_offered = true}, .trusts = true},
                                {kGssencRequest, kSslRequest, kPsqlStartup});
  EXPECT_EQ(both.output, "NS");
  EXPECT_EQ(both.events, "TSA");
}

TEST(PgServerLogin, TakesACoalescedStartup) {
  const Course course = run_split({.trusts = true}, {kGssencRequest + kSslRequest + kPsqlStartup + "ahead"});
  EXPECT_EQ(course.events, "SA");
  EXPECT_EQ(course.output, "NN");
  EXPECT_EQ(course.rest, "ahead");
}

// CVE-2021-23214
TEST(PgServerLogin, RefusesBytesInTheClearBehindTheRequestForTls) {
  const Owner owner{.options = {.tls_offered = true}, .trusts = true};
  for (const std::string& injected : {"x"s, kPsqlStartup, "\x16\x03\x01"s}) {
    const Course course = run(owner, {kSslRequest + injected});
    EXPECT_EQ(course.events, "F");
    EXPECT_TRUE(course.output.starts_with("E")) << "and not S";
    EXPECT_NE(course.output.find("C08P01"), std::string::npos);
    EXPECT_EQ(course.rest, "");

    CountingRandom random;
    ServerLogin login(owner.options, random);
    EXPECT_EQ(login.receive(kSslRequest), Event::start_tls);
    EXPECT_EQ(login.take_output(), "S");
    EXPECT_EQ(login.receive(""), Event::more);
    EXPECT_EQ(login.receive(injected), Event::failed);
    EXPECT_EQ(login.take_output(), "") << "nothing in the clear any more";
    EXPECT_EQ(login.tls_started(""), Event::failed);
    EXPECT_EQ(login.take_rest(), "");
  }
}

TEST(PgServerLogin, TakesTlsThatStartsWithoutAsking) {
  CountingRandom random;
  ServerLogin login({.tls_offered = true, .tls_required = true}, random);
  EXPECT_EQ(login.direct_tls_started("", "postgresql"), Event::more);
  EXPECT_EQ(login.receive(kPsqlStartup), Event::startup);
  EXPECT_EQ(login.trust(), Event::authenticated);
  EXPECT_EQ(login.take_output(), "");

  ServerLogin twice({.tls_offered = true}, random);
  EXPECT_EQ(twice.direct_tls_started("", "postgresql"), Event::more);
  EXPECT_EQ(twice.receive(kSslRequest), Event::failed);
}

TEST(PgServerLogin, WantsTheProtocolNamedInTlsThatStartsWithoutAsking) {
  for (const std::string_view name : {"", "http/1.1", "postgres"}) {
    CountingRandom random;
    ServerLogin login({.tls_offered = true}, random);
    EXPECT_EQ(login.direct_tls_started("", name), Event::failed);
    EXPECT_NE(login.reason().find("ALPN"), std::string::npos);
  }
}

TEST(PgServerLogin, TakesNoTlsInTheMiddleOfSomething) {
  for (const std::string& before : {kGssencRequest.substr(0, 3), kSslRequest, kPsqlStartup}) {
    CountingRandom random;
    ServerLogin login({.tls_offered = false}, random);
    (void)login.receive(before);
    EXPECT_EQ(login.direct_tls_started("", "postgresql"), Event::failed);
  }
}

void expect_failure(const Owner& owner, const Pieces& pieces, const std::string& sqlstate) {
  const Course course = run_split(owner, pieces);
  ASSERT_FALSE(course.events.empty()) << ::testing::PrintToString(pieces);
  EXPECT_EQ(course.events.back(), 'F') << ::testing::PrintToString(pieces);
  EXPECT_NE(course.reason, "");
  if (sqlstate.empty()) {
    EXPECT_EQ(course.output, "") << "nothing to a stranger";
    return;
  }
  const std::size_t at = course.output.find("E\0\0"s);
  ASSERT_NE(at, std::string::npos) << ::testing::PrintToString(course.output);
  const auto fields = parse_error_response(std::string_view(course.output).substr(at + 5));
  ASSERT_TRUE(fields) << "the last that is sent";
  EXPECT_EQ(fields->sqlstate, sqlstate) << ::testing::PrintToString(pieces);
  EXPECT_EQ(fields->severity, "FATAL");
  EXPECT_EQ(fields->message, course.reason);
}

TEST(PgServerLogin, SaysNothingToStrangers) {
  for (const std::string& bytes : {"GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01\x00\xA5"s, "\0\0\0\0"s,
                                   "\0\0\0\x07"s, "\x01\0\0\x08"s, "SSH-2.0-x\r\n"s, "\xFF\xFF\xFF\xFF"s}) {
    expect_failure({}, {bytes}, "");
  }
  EXPECT_NE(run({}, {"\x16"}).reason.find("sslnegotiation=direct"), std::string::npos);
  EXPECT_NE(run_split({}, {"PROXY UNKNOWN\r\n"}).reason.find("PROXY protocol"), std::string::npos);
  EXPECT_EQ(run_split({}, {kSslRequest + "GET /"}).output, "N") << "what is due to what came before";
}

TEST(PgServerLogin, RefusesWhatIsNoStartup) {
  const Owner tls{.options = {.tls_offered = true}};
  expect_failure({}, {kSslRequest, kSslRequest}, "08P01");
  expect_failure({}, {kGssencRequest, kGssencRequest}, "08P01");
  expect_failure(tls, {kSslRequest, kSslRequest}, "08P01");
  expect_failure(tls, {kSslRequest, kGssencRequest}, "08P01");
  expect_failure({}, {int32(10005)}, "08P01");
  expect_failure({}, {packet(kVersion30)}, "08P01");
  expect_failure({}, {packet(kVersion30, "user\0alice\0"s)}, "08P01");
  expect_failure({}, {packet(kVersion30, "user\0alice\0\0x"s)}, "08P01");
  expect_failure({}, {packet(kVersion30, "user\0"s)}, "08P01");
  for (const std::uint32_t version : {0x00020000U, 0x00040000U, 0U, 0x04D20000U, 0x04D21631U, 0xFFFFFFFFU}) {
    expect_failure({}, {packet(version, pairs({"user", "alice"}))}, "0A000");
  }
}

TEST(PgServerLogin, RefusesUsersThatAreNone) {
  expect_failure({}, {startup({})}, "28000");
  expect_failure({}, {startup({"user", ""})}, "28000");
  expect_failure({}, {startup({"database", "orders"})}, "28000");
  expect_failure({}, {startup({"user", "alice", "user", ""})}, "28000");
  expect_failure({}, {startup({"user", "\xFF"})}, "22021");
  expect_failure({}, {startup({"user", "alice", "database", "\xC3"})}, "22021");
}

TEST(PgServerLogin, RefusesAStartupInTheClearWhereTlsIsRequired) {
  const Owner owner{.options = {.tls_offered = true, .tls_required = true}, .trusts = true};
  expect_failure(owner, {kPsqlStartup}, "28000");
  expect_failure(owner, {kGssencRequest, kPsqlStartup}, "28000");
  EXPECT_EQ(run(owner, {kSslRequest, kPsqlStartup}).events, "TSA");
}

TEST(PgServerLogin, TakesACancelRequest) {
  const Owner tls{.options = {.tls_offered = true, .tls_required = true}};
  const std::string request = cancel_request(0x01020304, 0xF1F2F3F4);
  for (const auto& [pieces, events] : std::vector<std::pair<Pieces, std::string>>{
           {{request}, "C"}, {{kSslRequest, request}, "TC"}, {{kGssencRequest, request + "ignored"}, "C"}}) {
    const Course course = run_split(tls, pieces);
    EXPECT_EQ(course.events, events) << "libpq before 17 sends it in the clear whatever the session is";
    EXPECT_EQ(course.cancel_key, (CancelKey{0x01020304, int32(0xF1F2F3F4)}));
    EXPECT_EQ(course.rest, "");
  }
}

TEST(PgServerLogin, TakesTheCancelKeysOfProtocol32) {
  for (const std::size_t size : {32U, 256U}) {
    const std::string secret(size, 'k');
    EXPECT_EQ(run_split({}, {packet(80877102, int32(7) + secret)}).cancel_key, (CancelKey{7, secret}));
  }
}

TEST(PgServerLogin, RefusesACancelKeyOfAnImpossibleLength) {
  for (const std::size_t length : {0U, 4U, 7U, 261U}) {
    expect_failure({}, {packet(80877102, std::string(length, 'k'))}, "");
  }
}

TEST(PgServerLogin, NegotiatesNewerProtocolsDown) {
  const auto course = [](std::uint32_t version, const std::vector<std::string>& texts) {
    return run_split({.trusts = true}, {packet(version, pairs(texts))});
  };
  EXPECT_EQ(course(0x00030000, {"user", "alice"}).output, "");
  EXPECT_EQ(course(0x00030001, {"user", "alice"}).output, "");
  EXPECT_EQ(course(0x00030002, {"user", "alice"}).output, "");
  EXPECT_EQ(course(0x00030003, {"user", "alice"}).output, msg('v', int32(kVersion32) + int32(0)));
  EXPECT_EQ(course(0x0003FFFF, {"user", "alice"}).events, "SA");
  const std::string grease = "_pq_.test_protocol_negotiation";
  EXPECT_EQ(course(0x0003270F, {"user", "alice", grease, ""}).output,
            msg('v', int32(kVersion32) + int32(1) + text(grease)))
      << "what libpq 19 announces";
  const Course options = course(0x00030000, {"user", "alice", "_pq_.a", "on", "_pq_.b", ""});
  EXPECT_EQ(options.output, msg('v', int32(kVersion30) + int32(2) + text("_pq_.a") + text("_pq_.b")));
  EXPECT_TRUE(options.startup.parameters.empty());
  EXPECT_EQ(run({}, {packet(0x00030003, pairs({"user", "alice"}))}).output,
            msg('v', int32(kVersion32) + int32(0)) + kOffer)
      << "before the authentication request";
}

TEST(PgServerLogin, KnowsHowLongACancelKeyTheClientTakes) {
  const auto size = [](std::uint32_t version) {
    return run_split({.trusts = true}, {packet(version, pairs({"user", "alice"}))})
        .startup.cancel_secret_size;
  };
  EXPECT_EQ(size(0x00030000), 4U);
  EXPECT_EQ(size(0x00030001), 4U);
  EXPECT_EQ(size(0x00030002), 32U);
  EXPECT_EQ(size(0x0003270F), 32U);
}

TEST(PgServerLogin, RefusesWhatIsNoAnswerToAPasswordRequest) {
  const std::string first = "n,,n=,r=x";
  for (const std::string& message :
       {msg('Q', "select 1\0"s), msg('X', ""), msg('p', ""), msg('p', text("pencil")),
        msg('p', text("SCRAM-SHA-256")), msg('p', "SCRAM-SHA-256"), msg('p', text("SCRAM-SHA-256") + "\0\0"s),
        msg('p', text("SCRAM-SHA-256") + int32(0xFFFFFFFF)),  // no initial response
        msg('p', text("SCRAM-SHA-256") + int32(0)), msg('p', text("SCRAM-SHA-256") + int32(8) + first),
        msg('p', text("SCRAM-SHA-256") + int32(10) + first), sasl_initial("SCRAM-SHA-256-PLUS", first),
        sasl_initial("PLAIN", first), sasl_initial("SCRAM-SHA-256", "x"), "p\0\0\0\x03"s, "p\0\0\x04\x01"s,
        "p\xFF\xFF\xFF\xFF"s, kPsqlStartup}) {
    expect_failure({}, {kPsqlStartup, message}, "08P01");
  }
  const std::string nonce = "oD3oiRT/+low4LeOYUU7hkmf"s + kNonce;
  for (const std::string& message : {msg('Q', kPlainFinal.substr(5)), msg('p', ""), kPlainFirst,
                                     "p\0\0\0\x03"s, "p\0\0\x04\x01"s, msg('p', "c=biws,r=" + nonce)}) {
    expect_failure({}, {kPsqlStartup, kPlainFirst, message}, "08P01");
  }
}

TEST(PgServerLogin, BoundsWhatIsSentAhead) {
  const std::string most(ServerLogin::kMaxUnread, 'x');
  EXPECT_EQ(run({.trusts = true}, {kPsqlStartup + most}).rest.size(), most.size());
  EXPECT_EQ(run({.trusts = true}, {kPsqlStartup, most, "x"}).events, "SAF");
  CountingRandom random;
  ServerLogin login({}, random);
  EXPECT_EQ(login.receive(kPsqlStartup), Event::startup);
  EXPECT_EQ(login.receive(most), Event::more);
  EXPECT_EQ(login.receive("x"), Event::failed);
  EXPECT_EQ(login.trust(), Event::failed);
}

TEST(PgServerLogin, CannotBeTalkedPastItsSteps) {
  CountingRandom random;
  for (const bool scram : {false, true}) {
    ServerLogin login({.tls_offered = true}, random);
    EXPECT_EQ(scram ? login.ask_scram(pencil()) : login.trust(), Event::failed);
    EXPECT_EQ(login.receive(kPsqlStartup), Event::failed);
    EXPECT_EQ(login.take_output(), "");
  }
  ServerLogin early({.tls_offered = true}, random);
  EXPECT_EQ(early.tls_started(kEndPoint), Event::failed);
  ServerLogin twice({}, random);
  EXPECT_EQ(twice.receive(kPsqlStartup), Event::startup);
  EXPECT_EQ(twice.ask_scram(pencil()), Event::more);
  EXPECT_EQ(twice.trust(), Event::failed) << "a password once asked for cannot be waived";
  EXPECT_EQ(twice.take_rest(), "");
}

}  // namespace
}  // namespace rolegate::wire::pg
