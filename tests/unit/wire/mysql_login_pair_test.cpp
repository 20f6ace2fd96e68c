#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/client_login.hpp"
#include "wire/mysql/server_login.hpp"

// Both machines against each other, as when one gateway is the upstream of another.

namespace rolegate::wire::mysql {
namespace {

struct Met {
  Met(ServerLogin a_server, ClientLogin a_client)
      : server(std::move(a_server)), client(std::move(a_client)) {}

  ServerLogin server;
  ClientLogin client;
  ServerLogin::Event server_event = ServerLogin::Event::more;
  ClientLogin::Event client_event = ClientLogin::Event::more;

  /// Carries bytes to and fro in pieces of `piece` bytes until nobody has anything to say.
  void talk(const PasswordVerifiers& verifiers, std::string_view right, std::size_t piece) {
    for (bool silent = false; !silent;) {
      const std::string to_client = server.take_output() + answer;
      answer.clear();
      deliver(to_client, piece, [&](std::string_view bytes) { client_event = client.receive(bytes); });
      const std::string to_server = client.take_output();
      deliver(to_server, piece,
              [&](std::string_view bytes) { on_server(server.receive(bytes), verifiers, right); });
      if (client_event == ClientLogin::Event::start_tls && server_event == ServerLogin::Event::start_tls) {
        server_event = server.tls_started();
        client_event = client.tls_started();
        continue;
      }
      silent = to_client.empty() && to_server.empty();
    }
  }

 private:
  template <typename Receiver>
  static void deliver(std::string_view bytes, std::size_t piece, Receiver receive) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
      receive(bytes.substr(0, piece));
  }
  void on_server(ServerLogin::Event event, const PasswordVerifiers& verifiers, std::string_view right) {
    if (event != ServerLogin::Event::more) server_event = event;
    if (event == ServerLogin::Event::startup)
      return on_server(server.ask_password(verifiers), verifiers, right);
    if (event == ServerLogin::Event::check_password) {
      return on_server(server.password_checked(server.password().equals(right)), verifiers, right);
    }
    if (event == ServerLogin::Event::authenticated) answer = server.take_output() + server.ok(ok_payload());
    if (event == ServerLogin::Event::refused) {
      answer = server.take_output() + server.error({1045, "28000", "Access denied"});
    }
  }
  std::string answer;
};

Met make_pair(base::Random& random, Greeting greeting, std::string_view password,
              ClientLogin::Methods methods) {
  const Capabilities offered = relayed(greeting.capabilities);
  ServerLogin::Options options;
  options.greeting = std::move(greeting);
  options.greeting.capabilities = offered;
  options.tls_offered = true;
  options.tls_required = true;
  ClientLogin::Settings settings;
  settings.user = "alice";
  settings.schema = "orders";
  settings.password = base::Secret(password);
  settings.capabilities = offered;
  settings.methods = methods;
  settings.attributes = "\1a\1b";
  settings.character_set = 303;  // of more than one byte
  return {ServerLogin(std::move(options), random), ClientLogin(std::move(settings))};
}

TEST(MysqlLoginPair, AgreesOnTheSessionForBothKindsOfServer) {
  PasswordVerifiers full;
  full.full_check = true;
  PasswordVerifiers fast = full;
  fast.fast_check = fast_check_of("secret");
  PasswordVerifiers native;
  native.native = native_hash("secret");
  for (const std::string& greeting : {mariadb_greeting(), mysql_greeting()}) {
    for (const PasswordVerifiers& verifiers : {full, fast, native}) {
      for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
        Alphabet random;
        Met met = make_pair(random, *parse_greeting(greeting), "secret", ClientLogin::Methods::password);
        met.talk(verifiers, "secret", piece);
        EXPECT_EQ(met.server_event, ServerLogin::Event::authenticated);
        EXPECT_EQ(met.client_event, ClientLogin::Event::ready);
        EXPECT_EQ(met.client.ok_payload(), ok_payload());
        EXPECT_EQ(met.server.startup().user, "alice");
        EXPECT_EQ(met.server.startup().schema, "orders");
        EXPECT_EQ(met.server.startup().attributes, "\1a\1b");
        EXPECT_EQ(met.server.startup().character_set, 303);
        // What the session is made of is on both legs the same.
        EXPECT_EQ(relayed(met.server.startup().capabilities),
                  relayed(parse_greeting(greeting)->capabilities));
        EXPECT_EQ(relayed(met.client.greeting().capabilities),
                  relayed(parse_greeting(greeting)->capabilities));
      }
    }
  }
}

TEST(MysqlLoginPair, TellsTheClientThatThePasswordIsWrong) {
  PasswordVerifiers full;
  full.full_check = true;
  for (const PasswordVerifiers& verifiers : {full, PasswordVerifiers{}}) {
    Alphabet random;
    Met met = make_pair(random, *parse_greeting(mysql_greeting()), "wrong", ClientLogin::Methods::password);
    met.talk(verifiers, "secret", 1000);
    EXPECT_EQ(met.server_event, ServerLogin::Event::refused);
    EXPECT_EQ(met.client_event, ClientLogin::Event::failed);
    EXPECT_EQ(met.client.failure().kind, ClientFailure::Kind::server_error);
    EXPECT_EQ(met.client.failure().error.code, 1045);
    EXPECT_EQ(met.client.failure().error.sqlstate, "28000");
  }
}

TEST(MysqlLoginPair, KeepsATokenFromAServerThatWantsAPassword) {
  Alphabet random;
  Met met = make_pair(random, *parse_greeting(mysql_greeting()), "token", ClientLogin::Methods::iam);
  met.talk({}, "token", 1000);
  EXPECT_EQ(met.client_event, ClientLogin::Event::failed);
  EXPECT_EQ(met.client.failure().kind, ClientFailure::Kind::other_method);
  EXPECT_EQ(met.client.failure().method, "caching_sha2_password");
}

}  // namespace
}  // namespace rolegate::wire::mysql
