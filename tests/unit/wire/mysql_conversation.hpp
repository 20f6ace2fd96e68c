#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mysql_bytes.hpp"
#include "mysql_reference_client.hpp"
#include "wire/mysql/server_login.hpp"

namespace rolegate::wire::mysql {

inline const std::string kPassword = "pässword";

/// What a gateway stores of kPassword, or some of it.
inline PasswordVerifiers known_by(bool native, bool full, bool fast) {
  PasswordVerifiers verifiers;
  if (native) verifiers.native = native_hash(kPassword);
  verifiers.full_check = full;
  if (fast) verifiers.fast_check = fast_check_of(kPassword);
  return verifiers;
}

struct Setting {
  Transport transport = Transport::plain;
  bool rsa = false;
  bool trusted = false;
};

inline ServerLogin make_server(const Setting& setting, base::Random& random) {
  ServerLogin::Options options;
  options.greeting.server_version = "8.0.36";
  options.greeting.capabilities = kLongPassword | kTransactions | kConnectAttrs;
  options.tls_offered = setting.transport == Transport::tls;
  options.unix_socket = setting.transport == Transport::unix_socket;
  options.rsa_key = setting.rsa ? &test_key() : nullptr;
  return ServerLogin(std::move(options), random);
}

/// A ServerLogin with an owner that answers its events.
struct Replay {
  Replay(const Setting& given, PasswordVerifiers known, std::string right)
      : setting(given),
        verifiers(std::move(known)),
        right_password(std::move(right)),
        login(make_server(given, random)) {
    output += login.take_output();
  }

  /// Once somebody is logged in.
  void begin_change(PasswordVerifiers known, bool trusted) {
    login = ServerLogin(login.connection(), random);
    verifiers = std::move(known);
    setting.trusted = trusted;
    events.clear();
    output.clear();
    reason.clear();
    checks = 0;
  }

  void feed(std::string_view bytes) { handle(login.receive(bytes)); }
  void handle(ServerLogin::Event event) {
    using Event = ServerLogin::Event;
    output += login.take_output();
    if (event == Event::more) return;
    if (!events.empty() && over()) return;
    events.push_back(event);
    reason = login.reason();
    if (event == Event::start_tls) return handle(login.tls_started());
    if (event == Event::startup) {
      return handle(setting.trusted ? login.trust() : login.ask_password(verifiers));
    }
    if (event == Event::check_password) {
      ++checks;
      // Of a user whose password can be compared with nothing but a native hash, the owner knows nothing.
      const bool full = verifiers.full_check || verifiers.fast_check;
      return handle(login.password_checked(full && login.password().equals(right_password)));
    }
    if (event == Event::authenticated) output += login.ok(ok_payload());
    if (event == Event::refused || event == Event::no_password) output += login.error({1045, "28000", "no"});
  }
  [[nodiscard]] bool over() const {
    using Event = ServerLogin::Event;
    return events.back() == Event::authenticated || events.back() == Event::refused ||
           events.back() == Event::no_password || events.back() == Event::failed;
  }

  Setting setting;
  PasswordVerifiers verifiers;
  std::string right_password;
  Alphabet random;
  ServerLogin login;
  std::vector<ServerLogin::Event> events;  ///< but `more`
  std::string output;
  std::string reason;
  int checks = 0;
};

struct Conversation {
  bool authenticated = false;
  bool client_confused = false;
  int checks = 0;
  unsigned guesses = 0;
  std::vector<std::string> seen;  ///< by the client
  std::vector<std::string> sent;  ///< by the client
  std::string received;           ///< by the client
  std::vector<ServerLogin::Event> events;
  std::string reason;
  std::string method;
  Startup startup;
};

/// A client and a server, until there is nothing more to say.
class Meeting {
 public:
  Meeting(const Setting& setting, ReferenceClient::Claims claims, const std::string& password,
          const PasswordVerifiers& known, const std::string& right)
      : server_(setting, known, right), client_(setting.transport, claims, password) {}

  Conversation log_in() {
    Conversation talk;
    go_on(talk);
    return talk;
  }
  /// After a login.
  Conversation change_user(const std::string& password, const PasswordVerifiers& known,
                           bool trusted = false) {
    server_.begin_change(known, trusted);
    at_ = 0;
    Conversation talk;
    say(talk, client_.change_user("bob", password));
    go_on(talk);
    return talk;
  }

  /// How a message comes.
  std::function<void(Replay&, std::string_view)> deliver = [](Replay& server, std::string_view message) {
    server.feed(message);
  };

 private:
  void say(Conversation& talk, std::string bytes) {
    if (bytes.empty()) return;
    talk.sent.push_back(bytes);
    deliver(server_, bytes);
  }
  void go_on(Conversation& talk) {
    while (server_.output.size() - at_ >= 4) {
      const std::size_t length = 4 + static_cast<unsigned char>(server_.output[at_]) +
                                 static_cast<unsigned char>(server_.output[at_ + 1]) * 256U;
      const std::string packet_bytes = server_.output.substr(at_, length);
      at_ += length;
      const std::size_t tls_before = server_.events.size();
      say(talk, client_.answer(packet_bytes));
      if (tls_before == 0 && !server_.events.empty() && server_.events[0] == ServerLogin::Event::start_tls) {
        say(talk, client_.after_tls());
      }
    }
    talk.authenticated =
        !server_.events.empty() && server_.events.back() == ServerLogin::Event::authenticated;
    talk.client_confused = client_.confused();
    talk.checks = server_.checks;
    talk.guesses = server_.login.guesses();
    talk.seen = client_.seen();
    talk.received = server_.output;
    talk.events = server_.events;
    talk.reason = server_.reason;
    talk.method = server_.login.method();
    talk.startup = server_.login.startup();
  }

  Replay server_;
  ReferenceClient client_;
  std::size_t at_ = 0;  ///< of the server's output
};

inline Conversation converse(const Setting& setting, ReferenceClient::Claims claims,
                             const std::string& password, const PasswordVerifiers& known,
                             const std::string& right = kPassword) {
  return Meeting(setting, claims, password, known, right).log_in();
}

/// Sends `messages` as `how` does.
inline Replay replay_messages(const Setting& setting, const PasswordVerifiers& known,
                              const std::vector<std::string>& messages,
                              const std::function<void(Replay&, std::string_view)>& how) {
  Replay replay(setting, known, kPassword);
  for (const std::string& message : messages) how(replay, message);
  return replay;
}

}  // namespace rolegate::wire::mysql
