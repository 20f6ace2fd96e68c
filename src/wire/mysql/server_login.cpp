#include "wire/mysql/server_login.hpp"

#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/change_user.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/packet_buffer.hpp"

namespace rolegate::wire::mysql {
namespace {

// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
constexpr std::uint16_t kHandshakeError = 1043;
constexpr std::uint16_t kUnknownCommand = 1047;
constexpr std::uint16_t kPacketTooLarge = 1153;
constexpr std::uint16_t kPacketsOutOfOrder = 1156;
constexpr std::uint16_t kUnsupportedProtocol = 1251;
constexpr std::uint16_t kSecureTransportRequired = 3159;

constexpr std::string_view kComQuit("\1", 1);

/// What belongs to this leg: the same for every client, whatever the upstream offers.
constexpr Capabilities kOwn =
    kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenencClientData | kConnectWithDb;

bool is_name(std::string_view text, std::size_t longest) {
  return text.size() <= longest && base::is_utf8(text) && !base::has_control_characters(text);
}

}  // namespace

struct ServerLogin::State {
  enum class Stage {
    response,      ///< waiting for a HandshakeResponse41 or an SSLRequest
    change_user,   ///< waiting for a COM_CHANGE_USER
    starting_tls,  ///< waiting for tls_started()
    startup,       ///< waiting for trust() or ask_password()
    proof,         ///< waiting for the client's part of the exchange
    checking,      ///< waiting for password_checked()
    authenticated,
    refused,
    unproven,
    quit,
    failed,
  };

  State(Options given, base::Random& random) : options(std::move(given)), exchange(random) {
    options.greeting.scramble = exchange.scramble();
    options.greeting.auth_plugin = kCachingSha2Password;
    options.greeting.capabilities |= kOwn | (options.tls_offered ? kSsl : 0);
    channel.unix_socket = options.unix_socket;
    channel.rsa_key = options.rsa_key;
    send(greeting_payload(options.greeting));
  }
  State(Connection connection, base::Random& random)
      : exchange(std::move(connection.scramble), random),
        stage(Stage::change_user),
        channel(connection.channel),
        protocol_41(true) {
    startup.capabilities = connection.capabilities;
    startup.max_packet_size = connection.max_packet_size;
    startup.character_set = connection.character_set;
  }

  void send(std::string_view payload) { output += framed(sequence++, payload); }
  Event fail(std::uint16_t code, std::string_view sqlstate, std::string why);
  Event fail_silently(std::string why);
  Event out_of_order() { return fail(kPacketsOutOfOrder, "08S01", "The client sent packets out of order."); }
  Event follow(PasswordExchange::Step step);

  Event event_of_stage() const;
  Event advance();
  Event take_packet(std::string_view payload);
  Event take_response(std::string_view payload);
  Event take_handshake_response(HandshakeResponse taken);
  Event take_change_user(std::string_view payload);
  Event take_names(std::string user, std::string schema);

  bool is_over() const {
    return stage == Stage::failed || stage == Stage::refused || stage == Stage::unproven ||
           stage == Stage::quit;
  }

  Options options;
  PasswordExchange exchange;
  Stage stage = Stage::response;
  PacketBuffer input{kMaxPacket};
  std::string output;
  std::uint8_t sequence = 0;  ///< of the next packet, whoever sends it
  PasswordExchange::Channel channel;
  bool protocol_41 = false;  ///< the client has said so: errors carry a SQLSTATE
  Startup startup;
  std::string reason;
};

ServerLogin::Event ServerLogin::State::fail(std::uint16_t code, std::string_view sqlstate, std::string why) {
  output += error_packet(sequence++, {code, protocol_41 ? std::string(sqlstate) : std::string(), why});
  return fail_silently(std::move(why));
}

ServerLogin::Event ServerLogin::State::fail_silently(std::string why) {
  reason = std::move(why);
  stage = Stage::failed;
  return Event::failed;
}

ServerLogin::Event ServerLogin::State::follow(PasswordExchange::Step step) {
  using Step = PasswordExchange::Step;
  if (std::string reply = exchange.take_reply(); !reply.empty()) send(reply);
  switch (step) {
    case Step::more:
      stage = Stage::proof;
      return Event::more;
    case Step::check_password:
      stage = Stage::checking;
      return Event::check_password;
    case Step::proven:
      stage = Stage::authenticated;
      return Event::authenticated;
    case Step::refused:
      stage = Stage::refused;
      break;
    case Step::no_password:
      stage = Stage::unproven;
      break;
    case Step::in_the_clear:
      return fail(kHandshakeError, "08S01", exchange.reason());
  }
  reason = exchange.reason();
  return event_of_stage();
}

ServerLogin::Event ServerLogin::State::event_of_stage() const {
  switch (stage) {
    case Stage::authenticated:
      return Event::authenticated;
    case Stage::refused:
      return Event::refused;
    case Stage::unproven:
      return Event::no_password;
    case Stage::quit:
      return Event::quit;
    case Stage::failed:
      return Event::failed;
    default:
      return Event::more;
  }
}

/// Takes packets as long as there are any and it is the client's turn.
ServerLogin::Event ServerLogin::State::advance() {
  for (;;) {
    switch (stage) {
      case Stage::response:
      case Stage::change_user:
      case Stage::proof:
        break;
      case Stage::startup:
      case Stage::checking:
        // It is the owner's turn. A client has nothing to say now; what it says has a bound.
        if (input.behind() > kMaxPacket) {
          return fail(kPacketTooLarge, "08S01", "The client sends without waiting for an answer.");
        }
        return Event::more;
      default:
        return event_of_stage();
    }
    const PacketBuffer::Next next = input.next();
    if (next == PacketBuffer::Next::incomplete) {
      // The rest of what is no login (a ClientHello, say) may never come.
      const bool wrong = input.has_header() && input.sequence() != sequence && input.sequence() != 0;
      return wrong ? out_of_order() : Event::more;
    }
    if (next == PacketBuffer::Next::too_long) {
      return fail(kPacketTooLarge, "08S01", "The client sent a packet that is too large for a login.");
    }
    // A command begins a sequence of its own; HAProxy's mysql-check sends it right behind a login.
    if (input.sequence() == 0 && input.payload() == kComQuit) {
      stage = Stage::quit;
      return Event::quit;
    }
    if (input.sequence() != sequence) return out_of_order();
    ++sequence;
    const Event event = take_packet(input.payload());
    if (event != Event::more) return event;
  }
}

ServerLogin::Event ServerLogin::State::take_packet(std::string_view payload) {
  if (stage == Stage::response) return take_response(payload);
  if (stage == Stage::change_user) return take_change_user(payload);
  return follow(exchange.receive(payload));
}

ServerLogin::Event ServerLogin::State::take_response(std::string_view payload) {
  const auto capabilities = client_capabilities(payload);
  if (!capabilities || (*capabilities & kProtocol41) == 0) {
    return fail(kUnsupportedProtocol, "08004",
                "The client does not speak MySQL's protocol 4.1, or this is no MySQL client.");
  }
  protocol_41 = true;
  if ((*capabilities & kSsl) != 0 && !channel.in_tls) {
    if (!options.tls_offered) {
      return fail(kHandshakeError, "08S01", "The client asks for TLS, which this gateway does not offer.");
    }
    if (payload.size() == kResponseHeader) {
      stage = Stage::starting_tls;
      return Event::start_tls;
    }
    return fail(kHandshakeError, "08S01", "The client announces TLS and logs in without it.");
  }
  if (options.tls_required && !channel.in_tls) {
    return fail(kSecureTransportRequired, "HY000",
                "Connections without TLS are not taken here; connect with TLS (--ssl, sslMode).");
  }
  if ((*capabilities & kSecureConnection) == 0) {
    return fail(kUnsupportedProtocol, "08004",
                "The client's way to log in is too old; it needs that of MySQL 4.1 or later.");
  }
  auto response = parse_handshake_response(payload, options.greeting.capabilities);
  if (!response) return fail(kHandshakeError, "08S01", "The client's handshake response is malformed.");
  return take_handshake_response(std::move(*response));
}

ServerLogin::Event ServerLogin::State::take_handshake_response(HandshakeResponse taken) {
  // Without CLIENT_PLUGIN_AUTH there is but one way to answer, mysql_native_password's.
  channel.plugins = (taken.capabilities & kPluginAuth) != 0;
  exchange.begin(channel, PasswordExchange::FirstAnswer{
                              channel.plugins ? std::move(taken.auth_plugin) : std::string(kNativePassword),
                              std::move(taken.auth_response)});
  startup.capabilities = taken.capabilities;
  startup.max_packet_size = taken.max_packet_size;
  startup.character_set = taken.character_set;
  startup.attributes = std::move(taken.attributes);
  return take_names(std::move(taken.user), std::move(taken.schema));
}

ServerLogin::Event ServerLogin::State::take_change_user(std::string_view payload) {
  auto change = parse_change_user(payload, startup.capabilities);
  if (!change) return fail(kUnknownCommand, "08S01", "The client's COM_CHANGE_USER is malformed.");
  std::optional<PasswordExchange::FirstAnswer> only;
  if (!channel.plugins) only = {std::string(kNativePassword), std::move(change->auth_response)};
  exchange.begin(channel, std::move(only));
  if (change->character_set) startup.character_set = *change->character_set;
  startup.attributes = std::move(change->attributes);
  return take_names(std::move(change->user), std::move(change->schema));
}

ServerLogin::Event ServerLogin::State::take_names(std::string user, std::string schema) {
  if (!is_name(user, kMaxUser)) {
    return fail(kHandshakeError, "08S01",
                "The user name is longer than 256 bytes, no valid UTF-8, or has control characters.");
  }
  if (!is_name(schema, kMaxSchema)) {
    return fail(kHandshakeError, "08S01",
                "The schema's name is longer than 1024 bytes, no valid UTF-8, or has control characters.");
  }
  startup.user = std::move(user);
  startup.schema = std::move(schema);
  stage = Stage::startup;
  return Event::startup;
}

ServerLogin::ServerLogin(Options options, base::Random& random)
    : state_(std::make_unique<State>(std::move(options), random)) {}
ServerLogin::ServerLogin(Connection connection, base::Random& random)
    : state_(std::make_unique<State>(std::move(connection), random)) {}
ServerLogin::~ServerLogin() = default;
ServerLogin::ServerLogin(ServerLogin&&) noexcept = default;
ServerLogin& ServerLogin::operator=(ServerLogin&&) noexcept = default;

ServerLogin::Event ServerLogin::receive(std::string_view bytes) {
  State& state = *state_;
  if (!state.is_over()) state.input.append(bytes);
  return state.advance();
}

ServerLogin::Event ServerLogin::tls_started() {
  if (state_->stage != State::Stage::starting_tls)
    return state_->fail_silently("TLS was started out of turn.");
  // As in CVE-2021-23214 of PostgreSQL: they would count as if they had come inside TLS.
  if (state_->input.behind() > 0) {
    return state_->fail_silently("The client sent bytes in the clear behind its request for TLS.");
  }
  state_->channel.in_tls = true;
  state_->stage = State::Stage::response;
  return Event::more;
}

ServerLogin::Event ServerLogin::trust() {
  State& state = *state_;
  if (state.stage != State::Stage::startup) return state.fail_silently("The client was trusted out of turn.");
  const Event event = state.follow(state.exchange.trust());
  return event == Event::more ? state.advance() : event;
}

ServerLogin::Event ServerLogin::ask_password(const PasswordVerifiers& verifiers) {
  if (state_->stage != State::Stage::startup)
    return state_->fail_silently("A password was asked out of turn.");
  const Event event = state_->follow(state_->exchange.ask(verifiers));
  return event == Event::more ? state_->advance() : event;
}

ServerLogin::Event ServerLogin::password_checked(bool right) {
  State& state = *state_;
  if (state.stage != State::Stage::checking)
    return state.fail_silently("A password was checked out of turn.");
  return state.follow(state.exchange.password_checked(right));
}

const Startup& ServerLogin::startup() const { return state_->startup; }
ServerLogin::Connection ServerLogin::connection() const {
  const Startup& startup = state_->startup;
  return {startup.capabilities, startup.max_packet_size, startup.character_set, state_->channel,
          state_->exchange.scramble()};
}
bool ServerLogin::has_answered() const {
  return state_->stage == State::Stage::startup && state_->exchange.has_answered();
}
unsigned ServerLogin::guesses() const { return state_->exchange.guesses(); }
const base::Secret& ServerLogin::password() const { return state_->exchange.password(); }
std::string_view ServerLogin::method() const { return state_->exchange.method(); }
const std::string& ServerLogin::reason() const { return state_->reason; }
std::string ServerLogin::take_output() { return std::exchange(state_->output, {}); }
std::string ServerLogin::take_rest() { return state_->input.take_behind(); }
std::string ServerLogin::ok(std::string_view payload) { return framed(state_->sequence++, payload); }

std::string ServerLogin::error(const ErrorPacket& error) {
  ErrorPacket shown = error;
  if (!state_->protocol_41) shown.sqlstate.clear();
  return error_packet(state_->sequence++, shown);
}

}  // namespace rolegate::wire::mysql
