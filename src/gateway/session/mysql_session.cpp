#include "gateway/session/mysql_session.hpp"

#include <algorithm>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "gateway/session/identify.hpp"
#include "gateway/session/mysql_conversation.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/commands.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/payload.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::gateway {

void RsaKeyFree::operator()(EVP_PKEY* key) const noexcept { ::EVP_PKEY_free(key); }

RsaKeyPtr make_rsa_key() { return RsaKeyPtr(EVP_RSA_gen(2048)); }

std::optional<base::Sha256Digest> FastPasswords::find(const std::string& user,
                                                      const base::ScramVerifier& verifier) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find({user, verifier.stored_key});
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void FastPasswords::remember(const std::string& user, const base::ScramVerifier& verifier,
                             const base::Secret& password) {
  const base::Sha256Digest digest = wire::mysql::fast_check_of(password.reveal());
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) known_.clear();  // many changed passwords ago; they are learned anew
  known_[{user, verifier.stored_key}] = digest;
}

MysqlSession::MysqlSession(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival)
    : Session(loop, shared, keeper, std::move(arrival)),
      id_(shared.mysql.connections.give_out(shared.random)),
      self_(std::make_shared<MysqlSession*>(this)) {}

MysqlSession::~MysqlSession() {
  *self_ = nullptr;
  check_.cancel();
  shared().mysql.connections.close(id_);
}

// The server speaks first.

void MysqlSession::greet() {
  MysqlGreetings& greetings = shared().mysql.greetings;
  if (greetings.at_listener(listener().database)) return say_hello();
  greetings.when_settled(listener().database, mailbox_.address(), [this] { say_hello(); });
}

void MysqlSession::say_hello() {
  if (is_over() || login_) return;
  if (shared().draining && shared().mysql.connections.none_open()) return refuse_session();
  wire::mysql::Greeting greeting =
      shared().mysql.greetings.at_listener(listener().database).value_or(MysqlGreetings::of_unknown());
  greeting.capabilities = wire::mysql::relayed(greeting.capabilities);
  greeting.connection_id = id_;
  login_ = std::make_unique<wire::mysql::ServerLogin>(
      wire::mysql::ServerLogin::Options{.greeting = std::move(greeting),
                                        .tls_offered = settings().mysql_tls != nullptr,
                                        .tls_required = listener().tls_required,
                                        // Connector/C sends its password in the clear to its own machine, as
                                        // it does over a unix socket: nobody else is on that way.
                                        .unix_socket = client().uid.has_value() || client().is_loopback(),
                                        .rsa_key = shared().mysql.rsa_key},
      shared().random);
  follow(login_->receive({}));
  advance();
}

/// An SSLRequest is exactly this long, with its header. Clients do not wait for an answer to it: their
/// ClientHello is right behind it, and has to be left for TLS to read. (What comes in the clear is never
/// taken for more than the request, so nothing can be slipped in.) Any other first packet is longer.
constexpr std::size_t kSslRequest = 36;

std::size_t MysqlSession::most_to_read() const {
  return first_bytes_ < kSslRequest ? kSslRequest - first_bytes_ : SIZE_MAX;
}

void MysqlSession::received(std::string_view bytes) {
  if (first_bytes_ == 0 && wire::proxy_header_at_front(bytes) == wire::ProxyHeader::yes) {
    return fail({}, "protocol_violation", wire::kUnexpectedProxyHeader, Refusal::protocol);
  }
  if (let_in_) return take_first_command(bytes);
  first_bytes_ += std::min(bytes.size(), kSslRequest);
  // Nobody may speak before the greeting.
  if (!login_)
    return fail({}, "protocol_violation", "The client spoke before the greeting.", Refusal::protocol);
  follow(login_->receive(bytes));
}

/// The account's host part, as a server would see it.
std::string MysqlSession::client_host() const { return client().uid ? "localhost" : client().group; }

void MysqlSession::follow(Event event) {
  send(login_->take_output());
  switch (event) {
    case Event::more:
      return;
    case Event::start_tls:
      return start_tls();
    case Event::startup:
      return let_in();
    case Event::check_password:
      return when_due([this] { check_password(); });
    case Event::authenticated:
      authenticated(admission().is_proven() ? way_name(admission().way) : login_->method());
      if (!is_over()) find_database();
      return;
    case Event::refused:
      return refuse(access_denied(name_, client_host(), true), login_->reason());
    case Event::no_password:
      return leave_unproven(encoded(access_denied(name_, client_host(), false)));
    case Event::quit:
      return leave_unproven({});
    case Event::failed:
      return fail({}, "protocol_violation", login_->reason(), Refusal::protocol);
  }
}

void MysqlSession::read_names() {
  const wire::mysql::Startup& startup = login_->startup();
  name_ = startup.user;
  schema_ = startup.schema;
  selected_ = listener().database;
  if (!selected_.empty()) return;
  // A user name may hold an @ itself: the database is what follows the last one, if the whole is no user.
  const auto at = name_.rfind('@');
  const auto& gateway = settings().snapshot->gateway;
  const bool whole_is_user = gateway && gateway->find_user(name_) != nullptr;
  if (at != std::string::npos && !whole_is_user) {
    selected_ = name_.substr(at + 1);
    name_.resize(at);
  } else {
    selected_ = std::exchange(schema_, {});
  }
}

/// Clients come back without the name of a database to KILL the query of their other connection. There is no
/// doubt when the user may use just one, or has sessions with just one; with several, the KILL itself says.
/// While the gateway drains, nothing but the KILL of a session goes on.
void MysqlSession::find_database() {
  const auto in_use = shared().mysql.connections.databases_of(name_);
  if (shared().draining) return in_use.empty() ? refuse_session() : hear_first_command();
  if (!selected_.empty()) return choose_database(selected_);
  const std::string only = admission().user == nullptr || admission().user->all_databases
                               ? shared().mysql.greetings.only_database()
                               : only_choice(*settings().snapshot, *admission().user, true);
  if (!only.empty()) return choose_database(only);
  if (in_use.size() <= 1) return choose_database(in_use.empty() ? std::string() : *in_use.begin());
  hear_first_command();
}

void MysqlSession::hear_first_command() {
  constexpr std::string_view kOk("\0\0\0\2\0\0\0", 7);
  send(login_->ok(kOk));
  let_in_ = true;
  bound_startup();
  take_first_command(login_->take_rest());
}

void MysqlSession::take_first_command(std::string_view bytes) {
  using namespace wire::mysql;
  constexpr std::size_t kHeader = 4;
  first_command_ += bytes;
  if (first_command_.size() < kHeader) return;
  const std::size_t length = PayloadReader(first_command_).integer(3);
  if (length <= 1 + kMaxKill && first_command_.size() < kHeader + length) return;
  const std::string_view payload = std::string_view(first_command_).substr(kHeader, length);
  if (payload.starts_with(static_cast<char>(kComQuit))) return client_left();
  const auto killed = find_killed(payload);
  const auto& connections = shared().mysql.connections;
  const std::string database = killed ? connections.database_of(*killed, name_) : std::string();
  if (!database.empty()) return choose_database(database);
  if (shared().draining) return refuse_session();
  turn_away(database_undecided(connections.databases_of(name_)), Refusal::database, "database_unknown");
}

void MysqlSession::let_in() {
  take_latest_settings();
  read_names();
  const Admission& admitted = admit_as(name_);
  if (is_over()) return;
  if (admitted.is_proven()) return follow(login_->trust());
  ask_for_proof();
  // A client that has answered already has made its proof; a health check, which has not, need not wait.
  if (!login_->has_answered()) return ask_password();
  when_due([this] { ask_password(); });
}

void MysqlSession::ask_password() {
  const Admission& admitted = admission();
  wire::mysql::PasswordVerifiers verifiers;
  if (admitted.user != nullptr && !admitted.from_elsewhere) {
    verifiers.native = admitted.user->mysql_native;
    verifiers.full_check = admitted.user->scram.has_value();
    if (admitted.user->scram) {
      verifiers.fast_check = shared().mysql.fast_passwords.find(name_, *admitted.user->scram);
    }
  }
  follow(login_->ask_password(verifiers));
}

/// No database's: their names hold no control characters.
constexpr const char* kPasswordLane = "\npasswords";

/// PBKDF2 takes milliseconds: not on the loop, where it would hold up everybody else. Comes back to the
/// session, if that is still there: with the verdict, or without one when it was dropped.
class MysqlSession::PasswordCheck {
 public:
  explicit PasswordCheck(MysqlSession& session)
      : session_(session.self_),
        loop_(&session.loop()),
        door_(&session.shared().mysql),
        name_(session.name_),
        verifier_(session.verifier()),
        password_(session.login_->password().copy()) {}
  PasswordCheck(PasswordCheck&&) = default;
  PasswordCheck& operator=(PasswordCheck&&) = delete;
  ~PasswordCheck() {
    if (session_) come_back(std::nullopt);
  }

  void operator()() {
    const bool right = verifier_.matches(password_.reveal());
    if (right) door_->fast_passwords.remember(name_, verifier_, password_);
    come_back(right);
  }

 private:
  void come_back(std::optional<bool> right) {
    loop_->post([session = std::exchange(session_, nullptr), right] {
      if (*session != nullptr) (*session)->password_checked(right);
    });
  }

  std::shared_ptr<MysqlSession*> session_;
  net::EventLoop* loop_;
  MysqlDoor* door_;
  std::string name_;
  base::ScramVerifier verifier_;
  base::Secret password_;
};

/// Somebody who does not exist costs the same as anybody else.
void MysqlSession::check_password() {
  hear(Hearing::leaving);
  checking_ = true;
  check_ = shared().upstream.pool.submit(kPasswordLane, login::CallPool::Urgency::login, PasswordCheck(*this),
                                         address_group(client().group));
}

void MysqlSession::password_checked(std::optional<bool> right) {
  checking_ = false;
  if (is_over()) return;
  hear(Hearing::all);
  if (right) {
    follow(login_->password_checked(*right));
  } else {
    turn_away(too_many_logins(), Refusal::too_many, "too_many_logins");
  }
  advance();
}

/// A password that is being checked is a guess, whoever waits for the verdict.
bool MysqlSession::give_up() { return !checking_ || check_.cancel(); }

std::string MysqlSession::encoded(const ClientError& error) {
  if (let_in_) return wire::mysql::error_packet(1, error.mysql());  // the answer to its first command
  // Before the greeting there is no sequence to follow.
  return login_ ? login_->error(error.mysql())
                : wire::mysql::error_packet(0, {error.mysql_code, {}, error.message});
}

// The database.

std::variant<upstream::PgWish, upstream::MysqlWish> MysqlSession::wish() const {
  const wire::mysql::Startup& startup = login_->startup();
  const auto* who = identified_user();
  return upstream::MysqlWish{.schema = schema_,
                             .capabilities = startup.capabilities,
                             .max_packet_size = startup.max_packet_size,
                             .character_set = startup.character_set,
                             .attributes = who != nullptr
                                               ? identified_attributes(startup.attributes, who->name)
                                               : startup.attributes};
}

Session::Opening MysqlSession::open(upstream::DatabaseSession& upstream) {
  auto& start = std::get<upstream::MysqlStart>(upstream.start);
  shared().mysql.greetings.learned(database()->name, start.greeting);
  const MysqlConnections::Connection own{start.greeting.connection_id, database()->name, user(),
                                         upstream.address, upstream.port};
  shared().mysql.connections.open(id_, own);
  auto conversation = std::make_unique<MysqlConversation>(
      login_->startup().capabilities, [&connections = shared().mysql.connections, own](std::uint32_t id) {
        return connections.find(id, own);
      });
  conversation->from_database(start.rest);
  const std::string ok = let_in_ ? std::string() : login_->ok(start.ok_payload);
  return {ok + start.rest, first_command_ + login_->take_rest(), std::move(conversation)};
}

void MysqlSession::database_refused(const upstream::SessionRefusal& refusal) {
  if (refusal.greeting) shared().mysql.greetings.learned(database()->name, *refusal.greeting);
}

/// Drivers take nothing but a connection that is closed, or this error, for one that is lost. MySQL gives it
/// the sequence id 0, no answer's: that is how drivers tell that it came of itself.
std::string MysqlSession::last_words(const ClientError& error) {
  const wire::mysql::ErrorPacket words = error.mysql();
  return words.code == kClientInteractionTimeout ? wire::mysql::error_packet(0, words) : std::string();
}

}  // namespace rolegate::gateway
