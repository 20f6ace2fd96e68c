#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "unit/wire/pg_script.hpp"
#include "wire/pg/client_login.hpp"
#include "wire/pg/server_login.hpp"

namespace rolegate::wire::pg {
namespace {

using namespace script;

/// What the two sides of one login have to do with each other.
struct Meeting {
  std::string password = "pencil";
  std::string server_end_point = "hash";
  std::string client_end_point = "hash";
  bool user_exists = true;
  std::size_t piece = 4096;  ///< at most so many bytes at once
};

struct Outcome {
  ServerLogin::Event server = ServerLogin::Event::more;
  ClientLogin::Event client = ClientLogin::Event::more;
  SessionStart session_start;
  std::string server_reason;
  bool operator==(const Outcome&) const = default;
};

/// One side's bytes on their way.
std::string next_piece(std::string& bytes, std::size_t most) {
  std::string piece = bytes.substr(0, most);
  bytes.erase(0, piece.size());
  return piece;
}

Outcome meet(const Meeting& meeting) {
  static const base::ScramVerifier verifier = [] {
    CountingRandom random;
    return base::ScramVerifier::of(base::Secret("pencil"), random, 2);
  }();
  CountingRandom client_random;
  CountingRandom server_random;
  ClientLogin client({.user = "alice",
                      .password = base::Secret(meeting.password),
                      .database = "orders",
                      .parameters = {{"application_name", "test"}}},
                     client_random);
  ServerLogin server({.tls_offered = true, .tls_required = true}, server_random);
  Outcome outcome;
  std::string to_server;
  std::string to_client;
  for (bool moved = true; moved;) {
    moved = false;
    to_server += client.take_output();
    if (!to_server.empty()) {
      moved = true;
      outcome.server = server.receive(next_piece(to_server, meeting.piece));
      to_client += server.take_output();
      if (outcome.server == ServerLogin::Event::start_tls) {
        outcome.server = server.tls_started(meeting.server_end_point);
      }
      if (outcome.server == ServerLogin::Event::startup) {
        base::ScramVerifier asked = verifier;
        if (!meeting.user_exists) asked.stored_key.fill(0);
        outcome.server = server.ask_scram(asked);
      }
      to_client += server.take_output();
      if (outcome.server == ServerLogin::Event::authenticated) {
        to_client += authentication_ok() + backend_key_data({1, "2222"}) + ready_for_query();
      }
      if (outcome.server == ServerLogin::Event::refused) {
        to_client += error_response({"FATAL", "28P01", server.reason(), "", ""});
      }
    }
    if (!to_client.empty()) {
      moved = true;
      outcome.client = client.receive(next_piece(to_client, meeting.piece));
      if (outcome.client == ClientLogin::Event::start_tls) {
        outcome.client = client.tls_started(meeting.client_end_point);
      }
    }
  }
  outcome.session_start = client.take_session_start();
  outcome.server_reason = server.reason();
  return outcome;
}

TEST(PgLogins, UnderstandEachOther) {
  const Outcome whole = meet({});
  EXPECT_EQ(whole.server, ServerLogin::Event::authenticated);
  EXPECT_EQ(whole.client, ClientLogin::Event::ready);
  EXPECT_EQ(whole.session_start.cancel_key, (CancelKey{1, "2222"}));
  for (std::size_t piece = 1; piece < 100; ++piece) EXPECT_EQ(meet({.piece = piece}), whole) << piece;
}

TEST(PgLogins, DoWithoutChannelBindingWhereOneSideCannot) {
  for (const auto& [server, client] : {std::pair{"", ""}, std::pair{"", "hash"}, std::pair{"hash", ""}}) {
    const Outcome outcome = meet({.server_end_point = server, .client_end_point = client});
    EXPECT_EQ(outcome.server, ServerLogin::Event::authenticated);
    EXPECT_EQ(outcome.client, ClientLogin::Event::ready);
  }
}

TEST(PgLogins, NoticeSomebodyInBetween) {
  const Outcome outcome = meet({.client_end_point = "certificate of somebody in between"});
  EXPECT_EQ(outcome.server, ServerLogin::Event::failed);
  EXPECT_EQ(outcome.client, ClientLogin::Event::failed);
}

TEST(PgLogins, RefuseAWrongPasswordAndAnUnknownUserAlike) {
  const Outcome wrong = meet({.password = "crayon"});
  EXPECT_EQ(wrong.server, ServerLogin::Event::refused);
  EXPECT_EQ(wrong.client, ClientLogin::Event::failed);
  EXPECT_EQ(meet({.user_exists = false}), wrong);
}

}  // namespace
}  // namespace rolegate::wire::pg
