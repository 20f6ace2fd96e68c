#include "wire/mysql/server_login.hpp"

#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/utf8.hpp"
#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/native_password.hpp"
#include "wire/mysql/packet_buffer.hpp"

namespace rolegate::wire::mysql {
namespace {

// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
constexpr std::uint16_t kHandshakeError = 1043;
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

/// What a client has answered without being let in.
struct Answer {
  std::string_view plugin;
  std::string scramble;
  base::Secret response;

  bool was_made_from(const base::Secret& password) const {
    return plugin == kNativePassword
               ? native_response_fits(native_hash(password.reveal()), scramble, response.reveal())
               : fast_response_fits(fast_check_of(password.reveal()), scramble, response.reveal());
  }
};

/// How clients say that there is no password: nothing, or (libmysqlclient) a NUL.
bool is_empty_password(std::string_view payload) {
  return payload.empty() || payload == std::string_view("\0", 1);
}

}  // namespace

struct ServerLogin::State {
  enum class Stage {
    response,      ///< waiting for a HandshakeResponse41 or an SSLRequest
    starting_tls,  ///< waiting for tls_started()
    startup,       ///< waiting for trust() or ask_password()
    native,        ///< waiting for mysql_native_password's response
    fast,          ///< waiting for caching_sha2_password's response
    full,          ///< waiting for the password, or a request for the public key
    encrypted,     ///< the public key has been sent: waiting for the password encrypted with it
    checking,      ///< waiting for password_checked()
    authenticated,
    refused,
    unproven,
    quit,
    failed,
  };

  State(Options given, base::Random& source) : options(std::move(given)), random(source) {
    scramble = new_scramble(random);
    options.greeting.scramble = scramble;
    options.greeting.auth_plugin = kCachingSha2Password;
    options.greeting.capabilities |= kOwn | (options.tls_offered ? kSsl : 0);
    send(greeting_payload(options.greeting));
  }

  void send(std::string_view payload) { output += framed(sequence++, payload); }
  Event fail(std::uint16_t code, std::string_view sqlstate, std::string why);
  Event fail_silently(std::string why);
  Event out_of_order() { return fail(kPacketsOutOfOrder, "08S01", "The client sent packets out of order."); }
  Event refuse(std::string why);
  Event refuse_unproven();
  Event accept();
  void note_guess(std::string_view response);

  Event event_of_stage() const;
  Event advance();
  Event take_packet(std::string_view payload);
  Event take_response(std::string_view payload);
  Event take_handshake_response(HandshakeResponse taken);
  Event take_native(std::string_view response);
  Event take_fast(std::string_view response, bool full_possible);
  Event take_full(std::string_view payload);
  Event take_password(std::optional<base::Secret> given);
  Event ask(const PasswordVerifiers& known);
  Event switch_to(std::string_view plugin, Stage next);

  bool is_over() const {
    return stage == Stage::failed || stage == Stage::refused || stage == Stage::unproven ||
           stage == Stage::quit;
  }
  bool secure() const { return in_tls || options.unix_socket; }
  bool plugin_auth() const { return (startup.capabilities & kPluginAuth) != 0; }

  Options options;
  base::Random& random;
  Stage stage = Stage::response;
  PacketBuffer input{kMaxPacket};
  std::string output;
  std::uint8_t sequence = 0;  ///< of the next packet, whoever sends it
  std::string scramble;
  bool in_tls = false;
  bool protocol_41 = false;  ///< the client has said so: errors carry a SQLSTATE
  Startup startup;
  std::string claimed_plugin;
  base::Secret auth_response;
  std::vector<Answer> answers;
  unsigned guesses = 0;
  PasswordVerifiers verifiers;
  base::Secret password;
  std::string_view method;
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

ServerLogin::Event ServerLogin::State::refuse(std::string why) {
  reason = std::move(why);
  stage = Stage::refused;
  return Event::refused;
}

ServerLogin::Event ServerLogin::State::refuse_unproven() {
  reason = "the client sent no password";
  stage = Stage::unproven;
  return Event::no_password;
}

ServerLogin::Event ServerLogin::State::accept() {
  stage = Stage::authenticated;
  guesses = 0;
  return Event::authenticated;
}

/// For everybody alike, whether or not there was something to compare with: what it leads to must not tell.
void ServerLogin::State::note_guess(std::string_view response) {
  answers.push_back({method, scramble, base::Secret(response)});
  ++guesses;
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
      case Stage::native:
      case Stage::fast:
      case Stage::full:
      case Stage::encrypted:
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
  switch (stage) {
    case Stage::response:
      return take_response(payload);
    case Stage::native:
      return take_native(payload);
    case Stage::fast:
      return take_fast(payload, true);
    case Stage::full:
      return take_full(payload);
    default:
      return take_password(decrypt_password(*options.rsa_key, scramble, payload));
  }
}

ServerLogin::Event ServerLogin::State::take_response(std::string_view payload) {
  const auto capabilities = client_capabilities(payload);
  if (!capabilities || (*capabilities & kProtocol41) == 0) {
    return fail(kUnsupportedProtocol, "08004",
                "The client does not speak MySQL's protocol 4.1, or this is no MySQL client.");
  }
  protocol_41 = true;
  if ((*capabilities & kSsl) != 0 && !in_tls) {
    if (!options.tls_offered) {
      return fail(kHandshakeError, "08S01", "The client asks for TLS, which this gateway does not offer.");
    }
    if (payload.size() == kResponseHeader) {
      stage = Stage::starting_tls;
      return Event::start_tls;
    }
    return fail(kHandshakeError, "08S01", "The client announces TLS and logs in without it.");
  }
  if (options.tls_required && !in_tls) {
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
  if (!is_name(taken.user, kMaxUser)) {
    return fail(kHandshakeError, "08S01",
                "The user name is longer than 256 bytes, no valid UTF-8, or has control characters.");
  }
  if (!is_name(taken.schema, kMaxSchema)) {
    return fail(kHandshakeError, "08S01",
                "The schema's name is longer than 1024 bytes, no valid UTF-8, or has control characters.");
  }
  // Without CLIENT_PLUGIN_AUTH there is but one way to answer, mysql_native_password's.
  const bool names_plugin = (taken.capabilities & kPluginAuth) != 0;
  claimed_plugin = names_plugin ? std::move(taken.auth_plugin) : std::string(kNativePassword);
  auth_response = std::move(taken.auth_response);
  startup.user = std::move(taken.user);
  startup.schema = std::move(taken.schema);
  startup.capabilities = taken.capabilities;
  startup.max_packet_size = taken.max_packet_size;
  startup.character_set = taken.character_set;
  startup.attributes = std::move(taken.attributes);
  stage = Stage::startup;
  return Event::startup;
}

ServerLogin::Event ServerLogin::State::switch_to(std::string_view plugin, Stage next) {
  scramble = new_scramble(random);
  send(auth_switch_request_payload({std::string(plugin), scramble}));
  method = plugin;
  stage = next;
  return Event::more;
}

ServerLogin::Event ServerLogin::State::ask(const PasswordVerifiers& known) {
  verifiers = known;
  const base::Secret response = std::move(auth_response);
  const bool native_answered = claimed_plugin == kNativePassword && !response.empty();
  if (native_answered) {
    method = kNativePassword;
    // Compared with something in any case, so that it takes the same time for everybody.
    const bool fits =
        native_response_fits(verifiers.native.value_or(NativeHash{}), scramble, response.reveal());
    if (fits && verifiers.native) return accept();
    note_guess(response.reveal());
  }
  const bool sha2_possible = plugin_auth() && (secure() || options.rsa_key != nullptr);
  if (claimed_plugin == kCachingSha2Password) {
    method = kCachingSha2Password;
    const Event event = take_fast(response.reveal(), sha2_possible);
    if (stage != Stage::startup) return event;
  } else if (sha2_possible) {
    return switch_to(kCachingSha2Password, Stage::fast);
  }
  if (native_answered) return refuse("the password is wrong, or there is no such user");
  if (!plugin_auth()) return refuse_unproven();
  return switch_to(kNativePassword, Stage::native);
}

ServerLogin::Event ServerLogin::State::take_native(std::string_view response) {
  if (is_empty_password(response)) return refuse_unproven();
  const bool fits = native_response_fits(verifiers.native.value_or(NativeHash{}), scramble, response);
  if (fits && verifiers.native) return accept();
  note_guess(response);
  return refuse("the password is wrong, or there is no such user");
}

ServerLogin::Event ServerLogin::State::take_fast(std::string_view response, bool full_possible) {
  if (is_empty_password(response)) return refuse_unproven();
  if (response.size() != base::Sha256Digest().size()) {
    return refuse("the client's response is none of caching_sha2_password");
  }
  const bool fits =
      fast_response_fits(verifiers.fast_check.value_or(base::Sha256Digest{}), scramble, response);
  if (fits && verifiers.fast_check) {
    send(std::string{kAuthMoreData, kFastAuthSuccess});
    return accept();
  }
  note_guess(response);
  if (!full_possible) return Event::more;
  send(std::string{kAuthMoreData, kPerformFullAuthentication});
  stage = Stage::full;
  return Event::more;
}

ServerLogin::Event ServerLogin::State::take_full(std::string_view payload) {
  if (in_tls) return take_password(parse_clear_password(payload));
  EVP_PKEY* const key = options.rsa_key;
  // On a unix socket, too, there are clients that ask for the key: MariaDB Connector/J wherever there is no
  // TLS.
  if (key != nullptr && payload.size() == 1 && payload.front() == kRequestPublicKey) {
    send(std::string(1, kAuthMoreData) + public_key_pem(*key));
    stage = Stage::encrypted;
    return Event::more;
  }
  // A client that was given the key beforehand sends the password at once, encrypted with it.
  if (key != nullptr && payload.size() == static_cast<std::size_t>(::EVP_PKEY_get_size(key))) {
    auto decrypted = decrypt_password(*key, scramble, payload);
    if (decrypted || !secure()) return take_password(std::move(decrypted));
  }
  if (secure()) return take_password(parse_clear_password(payload));
  return fail(
      kHandshakeError, "08S01",
      "The client sent its password in the clear, without TLS. MariaDB's clients do so unless they are told "
      "--skip-ssl; change the password, and use TLS, a unix socket, or --skip-ssl.");
}

ServerLogin::Event ServerLogin::State::take_password(std::optional<base::Secret> given) {
  if (!given) return refuse("what the client sent holds no password");
  if (given->empty()) return refuse_unproven();
  password = std::move(*given);
  std::erase_if(answers, [this](const Answer& answer) { return answer.was_made_from(password); });
  guesses = static_cast<unsigned>(answers.size()) + 1;
  stage = Stage::checking;
  return Event::check_password;
}

ServerLogin::ServerLogin(Options options, base::Random& random)
    : state_(std::make_unique<State>(std::move(options), random)) {}
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
  state_->in_tls = true;
  state_->stage = State::Stage::response;
  return Event::more;
}

ServerLogin::Event ServerLogin::trust() {
  State& state = *state_;
  if (state.stage != State::Stage::startup) return state.fail_silently("The client was trusted out of turn.");
  // Having answered for this plugin, clients take nothing but this for a yes; without a password, they take
  // nothing but OK.
  const bool fast = state.claimed_plugin == kCachingSha2Password;
  if (fast && !is_empty_password(state.auth_response.reveal())) {
    state.send(std::string{kAuthMoreData, kFastAuthSuccess});
  }
  state.auth_response.wipe();
  return state.accept();
}

ServerLogin::Event ServerLogin::ask_password(const PasswordVerifiers& verifiers) {
  if (state_->stage != State::Stage::startup)
    return state_->fail_silently("A password was asked out of turn.");
  const Event event = state_->ask(verifiers);
  return event == Event::more ? state_->advance() : event;
}

ServerLogin::Event ServerLogin::password_checked(bool right) {
  State& state = *state_;
  if (state.stage != State::Stage::checking)
    return state.fail_silently("A password was checked out of turn.");
  bool native = false;
  if (!state.verifiers.full_check && state.verifiers.native) {
    const NativeHash hash = native_hash(state.password.reveal());
    native = ::CRYPTO_memcmp(hash.data(), state.verifiers.native->data(), hash.size()) == 0;
  }
  state.password.wipe();
  return right || native ? state.accept() : state.refuse("the password is wrong, or there is no such user");
}

const Startup& ServerLogin::startup() const { return state_->startup; }
bool ServerLogin::has_answered() const {
  return state_->stage == State::Stage::startup && !is_empty_password(state_->auth_response.reveal());
}
unsigned ServerLogin::guesses() const { return state_->guesses; }
const base::Secret& ServerLogin::password() const { return state_->password; }
std::string_view ServerLogin::method() const { return state_->method; }
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
