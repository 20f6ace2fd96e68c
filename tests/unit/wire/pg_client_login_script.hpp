#pragma once

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/scram.hpp"
#include "unit/wire/pg_script.hpp"
#include "wire/pg/client_login.hpp"

/// Logins of a client to a server whose words are given.
namespace rolegate::wire::pg::script {

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

inline std::string summary(const Course& course) {
  return course.events + "|" + course.output + "|" + course.start.messages() + "|" + course.start.rest + "|" +
         course.failure.reason + "|" + course.failure.error.sqlstate +
         std::to_string(static_cast<int>(course.failure.kind));
}

inline Course run(const Login& settings, const Pieces& pieces) {
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

inline Course run_split(const Login& settings, const Pieces& pieces) {
  Course course = run(settings, pieces);
  for (const Pieces& way : splits(pieces)) EXPECT_EQ(summary(run(settings, way)), summary(course));
  return course;
}

inline std::string startup_of(const std::string& user) {
  return startup(
      {"user", user, "database", "postgres", "application_name", "talk", "client_encoding", "UTF8"});
}
inline const std::string kStart = kSslRequest + startup_of("a");
inline const std::string kOk = authentication(0);
inline const std::string kStatus = msg('S', text("server_version") + text("15.18"));
inline const Parameters kParameters = {{"server_version", "15.18"}};
inline const std::string kKey = msg('K', int32(4573) + int32(0xF4708544));
inline const CancelKey kCancelKey{4573, int32(0xF4708544)};
inline const std::string kReady = "Z\0\0\0\x05I"s;
inline const std::string kSession = kStatus + kKey + kReady;
inline const std::string kOffer = authentication(10, text("SCRAM-SHA-256") + '\0');
inline const std::string kOfferPlus =
    authentication(10, text("SCRAM-SHA-256-PLUS") + text("SCRAM-SHA-256") + '\0');

// What PostgreSQL 15.18 sent and took; password "pencil", kNonce as the client's.
inline const std::string kEndPoint =
    from_hex("6541845ebad8eb594ee504c90edf59dc83fb565582b2de6f01691fce2fd948a2");
inline const std::string kPlainFirst = sasl_initial("SCRAM-SHA-256", "n,,n=,r="s + kNonce);
inline const std::string kPlainChallenge =
    authentication(11, "r="s + kNonce + "rYoXdr0I2MxDg496ROBWTqwT,s=C2IfuqtXMixqzqRCUhBOrQ==,i=4096");
inline const std::string kPlainFinal = msg(
    'p', "c=biws,r="s + kNonce + "rYoXdr0I2MxDg496ROBWTqwT,p=Rw76kHo1HXZCivGlEXB5P+0uFV0fq28md9Wq5UfNLhA=");
inline const std::string kPlainDone = authentication(12, "v=l5OZ+wxuWA1AHlR51i0G6x+ZEipa7Xtr8OhZ3EdHyMc=");
inline const std::string kPlusChallenge =
    authentication(11, "r="s + kNonce + "ggvDRn78gykVmUa+02JKeMpC,s=C2IfuqtXMixqzqRCUhBOrQ==,i=4096");

/// A challenge that costs one round only, and the server's proof for it.
inline const std::string kCheapNonce = kNonce + "server"s;
inline const std::string kCheapChallenge = authentication(11, "r=" + kCheapNonce + ",s=c2FsdA==,i=1");
inline std::string cheap_done() {
  const base::ScramKeys keys = base::ScramKeys::of("pencil", "salt", 1);
  const auto signature = base::hmac_sha256(
      keys.server_key, "n=,r="s + kNonce + ",r=" + kCheapNonce + ",s=c2FsdA==,i=1,c=biws,r=" + kCheapNonce);
  return authentication(12, "v=" + base::base64({reinterpret_cast<const char*>(signature.data()), 32}));
}

}  // namespace rolegate::wire::pg::script
