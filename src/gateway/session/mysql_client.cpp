#include "gateway/session/mysql_client.hpp"

#include <algorithm>
#include <utility>

#include "gateway/session/identify.hpp"
#include "gateway/session/mysql_conversation.hpp"
#include "wire/mysql/commands.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/payload.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::gateway {
namespace {

/// An SSLRequest is exactly this long, with its header. Clients do not wait for an answer to it: their
/// ClientHello is right behind it, and has to be left for TLS to read. (What comes in the clear is never
/// taken for more than the request, so nothing can be slipped in.) Any other first packet is longer.
constexpr std::size_t kSslRequest = 36;

}  // namespace

MysqlClient::MysqlClient(const Arrival& arrival, SessionServices& services)
    : arrival_(arrival), services_(services), id_(services.mysql.connections.give_out(services.random)) {}

MysqlClient::~MysqlClient() { close(); }

// The server speaks first.

Step MysqlClient::begin() {
  if (services_.mysql.greetings.at_listener(arrival_.listener->database)) return greet();
  return {.kind = Step::Kind::greeting};
}

void MysqlClient::when_greeted(const net::Mailbox::Address& address, net::EventLoop::Task then) {
  services_.mysql.greetings.when_settled(arrival_.listener->database, address, std::move(then));
}

Step MysqlClient::greet() {
  if (services_.draining && services_.mysql.connections.none_open()) {
    return {.kind = Step::Kind::no_sessions};
  }
  wire::mysql::Greeting greeting = services_.mysql.greetings.at_listener(arrival_.listener->database)
                                       .value_or(MysqlGreetings::of_unknown());
  greeting.capabilities = wire::mysql::relayed(greeting.capabilities);
  greeting.connection_id = id_;
  const Client& client = arrival_.client;
  login_ = std::make_unique<wire::mysql::ServerLogin>(
      wire::mysql::ServerLogin::Options{.greeting = std::move(greeting),
                                        .tls_offered = tls_context() != nullptr,
                                        .tls_required = arrival_.listener->tls_required,
                                        // Connector/C sends its password in the clear to its own machine, as
                                        // it does over a unix socket: nobody else is on that way.
                                        .unix_socket = client.uid.has_value() || client.is_loopback(),
                                        .rsa_key = services_.mysql.rsa_key},
      services_.random);
  return step(login_->receive({}));
}

std::string MysqlClient::take_output() {
  std::string output = login_ ? login_->take_output() : std::string();
  return output_.empty() ? output : output + std::exchange(output_, {});
}

void MysqlClient::close() {
  if (std::exchange(has_id_, false)) services_.mysql.connections.close(id_);
}

std::size_t MysqlClient::most_to_read() const {
  return first_bytes_ < kSslRequest ? kSslRequest - first_bytes_ : SIZE_MAX;
}

Step MysqlClient::receive(std::string_view bytes) {
  if (first_bytes_ == 0 && wire::proxy_header_at_front(bytes) == wire::ProxyHeader::yes) {
    return {.kind = Step::Kind::violation, .text = std::string(wire::kUnexpectedProxyHeader)};
  }
  if (let_in_) return take_first_command(bytes);
  first_bytes_ += std::min(bytes.size(), kSslRequest);
  if (!login_) return {.kind = Step::Kind::violation, .text = "The client spoke before the greeting."};
  return step(login_->receive(bytes));
}

/// The account's host part, as a server would see it.
std::string MysqlClient::client_host() const {
  return arrival_.client.uid ? "localhost" : arrival_.client.group;
}

Step MysqlClient::step(wire::mysql::ServerLogin::Event event) {
  using Event = wire::mysql::ServerLogin::Event;
  switch (event) {
    case Event::more:
      return {};
    case Event::start_tls:
      return {.kind = Step::Kind::start_tls};
    case Event::startup:
      return {.kind = Step::Kind::admit};
    case Event::check_password:
      return {.kind = Step::Kind::check};
    case Event::authenticated:
      return {.kind = Step::Kind::authenticated, .text = std::string(login_->method())};
    case Event::refused:
      return {.kind = Step::Kind::refused,
              .text = login_->reason(),
              .error = access_denied(name_, client_host(), true)};
    case Event::no_password:
      return {.kind = Step::Kind::unproven, .error = access_denied(name_, client_host(), false)};
    case Event::quit:
      return {.kind = Step::Kind::unproven};
    case Event::failed:
      break;
  }
  return {.kind = Step::Kind::violation, .text = login_->reason()};
}

// Who it is, and what it wants.

std::string MysqlClient::user() {
  read_names();
  return name_;
}

void MysqlClient::read_names() {
  const wire::mysql::Startup& startup = login_->startup();
  name_ = startup.user;
  schema_ = startup.schema;
  selected_ = arrival_.listener->database;
  if (!selected_.empty()) return;
  // A user name may hold an @ itself: the database is what follows the last one, if the whole is no user.
  const auto at = name_.rfind('@');
  const bool whole_is_user = arrival_.settings->snapshot->find_user(name_) != nullptr;
  if (at != std::string::npos && !whole_is_user) {
    selected_ = name_.substr(at + 1);
    name_.resize(at);
  } else {
    selected_ = std::exchange(schema_, {});
  }
}

Step MysqlClient::ask(const Admission& admission, base::ScramVerifier) {
  wire::mysql::PasswordVerifiers verifiers;
  if (admission.user != nullptr && !admission.from_elsewhere) {
    verifiers.native = admission.user->mysql_native;
    verifiers.full_check = admission.user->scram.has_value();
    if (admission.user->scram) {
      verifiers.fast_check = services_.mysql.fast_passwords.find(name_, *admission.user->scram);
    }
  }
  return step(login_->ask_password(verifiers));
}

/// Clients come back without the name of a database to KILL the query of their other connection. There is no
/// doubt when the user may use just one, or has sessions with just one; with several, the KILL itself says.
/// While the gateway drains, nothing but the KILL of a session goes on. Who has had a session and names no
/// database stays with the one that it was with.
Step MysqlClient::choose(const Admission& admission) {
  const auto in_use = services_.mysql.connections.databases_of(name_);
  if (services_.draining) {
    const bool may_kill = database_.empty() && !in_use.empty();
    return may_kill ? hear_first_command() : Step{.kind = Step::Kind::no_sessions};
  }
  if (!selected_.empty()) return {.kind = Step::Kind::connect, .text = selected_};
  const bool any = admission.user == nullptr || admission.user->all_databases;
  std::string only = any ? services_.mysql.greetings.only_database()
                         : only_choice(*arrival_.settings->snapshot, *admission.user, true);
  if (!only.empty()) return {.kind = Step::Kind::connect, .text = std::move(only)};
  if (!database_.empty()) return {.kind = Step::Kind::connect, .text = database_};
  if (in_use.size() <= 1) {
    return {.kind = Step::Kind::connect, .text = in_use.empty() ? std::string() : *in_use.begin()};
  }
  return hear_first_command();
}

Step MysqlClient::hear_first_command() {
  constexpr std::string_view kOk("\0\0\0\2\0\0\0", 7);
  output_ = login_->take_output() + login_->ok(kOk);
  let_in_ = true;
  return take_first_command(login_->take_rest());
}

Step MysqlClient::take_first_command(std::string_view bytes) {
  using namespace wire::mysql;
  constexpr std::size_t kHeader = 4;
  first_command_ += bytes;
  if (first_command_.size() < kHeader) return {};
  const std::size_t length = PayloadReader(first_command_).integer(3);
  if (length <= 1 + kMaxKill && first_command_.size() < kHeader + length) return {};
  const std::string_view payload = std::string_view(first_command_).substr(kHeader, length);
  if (payload.starts_with(static_cast<char>(kComQuit))) return {.kind = Step::Kind::left};
  const auto killed = find_killed(payload);
  const auto& connections = services_.mysql.connections;
  std::string database = killed ? connections.database_of(*killed, name_) : std::string();
  if (!database.empty()) return {.kind = Step::Kind::connect, .text = std::move(database)};
  if (services_.draining) return {.kind = Step::Kind::no_sessions};
  return {.kind = Step::Kind::undecided, .error = database_undecided(connections.databases_of(name_))};
}

// The database.

std::variant<upstream::PgWish, upstream::MysqlWish> MysqlClient::wish(
    const config::GatewayUser* identified) const {
  const wire::mysql::Startup& startup = login_->startup();
  return upstream::MysqlWish{.schema = schema_,
                             .capabilities = startup.capabilities,
                             .max_packet_size = startup.max_packet_size,
                             .character_set = startup.character_set,
                             .attributes = identified != nullptr
                                               ? identified_attributes(startup.attributes, identified->name)
                                               : startup.attributes};
}

ClientSide::Start MysqlClient::open(const upstream::DatabaseSession& session, const std::string& database) {
  const auto& start = std::get<upstream::MysqlStart>(session.start);
  const MysqlConnections::Connection own{start.greeting.connection_id, database, name_, session.address,
                                         session.port};
  services_.mysql.connections.open(id_, own);
  auto conversation = std::make_unique<MysqlConversation>(
      login_->startup().capabilities, [&connections = services_.mysql.connections, own](std::uint32_t id) {
        return connections.find(id, own);
      });
  conversation->from_database(start.rest);
  const std::string ok = let_in_ ? std::string() : login_->ok(start.ok_payload);
  Start opening{ok + start.rest, std::exchange(first_command_, {}) + login_->take_rest(),
                std::move(conversation)};
  connection_ = login_->connection();
  database_ = database;
  login_.reset();
  return opening;
}

Step MysqlClient::change_user(std::string_view login) {
  // What is behind it waits for the new session, and may not grow with each change.
  if (login.size() > wire::mysql::ServerLogin::kMaxPacket) {
    output_ = wire::mysql::error_packet(1, {1153, "08S01", "too much was sent with a change of user"});
    return {.kind = Step::Kind::violation, .text = "The client sent too much with its change of user."};
  }
  services_.mysql.connections.pause(id_);
  let_in_ = false;
  login_ = std::make_unique<wire::mysql::ServerLogin>(connection_, services_.random);
  return step(login_->receive(login));
}

std::string MysqlClient::encoded(const ClientError& error) {
  if (let_in_) return wire::mysql::error_packet(1, error.mysql());  // the answer to its first command
  // Before the greeting there is no sequence to follow.
  return login_ ? login_->error(error.mysql())
                : wire::mysql::error_packet(0, {error.mysql_code, {}, error.message});
}

/// Drivers take nothing but a connection that is closed, or this error, for one that is lost. MySQL gives it
/// the sequence id 0, no answer's: that is how drivers tell that it came of itself.
std::string MysqlClient::last_words(const ClientError& error) {
  const wire::mysql::ErrorPacket words = error.mysql();
  return words.code == kClientInteractionTimeout ? wire::mysql::error_packet(0, words) : std::string();
}

}  // namespace rolegate::gateway
