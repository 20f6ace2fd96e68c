#include "wire/mysql/client_login.hpp"

#include <algorithm>
#include <utility>

#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/native_password.hpp"
#include "wire/mysql/packet_buffer.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

/// The plugin that the handshake response claims. A server compares it with the plugin of the user's account:
/// when it is the same, the (empty) response in the packet counts as the answer, a wrong one; when it is not,
/// the server sends an AuthSwitchRequest. (MySQL and MariaDB: sql_acl.cc, sql_authentication.cc,
/// server_mpvio_read_packet.) With a name that no account can have, every server asks for what it wants:
/// MariaDB with PAM and Aurora's AWSAuthenticationPlugin for mysql_clear_password, others for their own.
/// libmysqlclient and Connector/C do the same when told to use a default plugin of their user's own.
constexpr std::string_view kNoServersPlugin = "rolegate_login";

/// MariaDB goes through an account's alternatives (IDENTIFIED VIA a OR b), one AuthSwitchRequest each.
constexpr int kMostSwitches = 4;

constexpr Capabilities kNeeded = kProtocol41 | kSecureConnection | kPluginAuth;

/// What a server sent, as a name fit to be shown.
std::string printable(std::string_view name) {
  std::string shown(name.substr(0, 64));
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return shown;
}

}  // namespace

struct ClientLogin::State {
  enum class Stage {
    greeting,
    starting_tls,
    method,  ///< the handshake response is sent: which method does the server want?
    answer,  ///< the password's part is sent: is it right?
    fast,    ///< likewise, caching_sha2_password's first part
    ready,
    failed,
  };

  explicit State(Settings given) : settings(std::move(given)) {}

  Event advance();
  Event fail(ClientFailure::Kind kind, std::string reason = {});
  Event fail_with_error(std::string_view payload);
  Event take_greeting(std::string_view payload);
  Event take_packet(std::string_view payload);
  Event take_ok(std::string_view payload);
  Event take_switch(std::string_view payload);
  Event take_fast_result(std::string_view data);
  bool takes(std::string_view method) const;
  void answer_with(std::string_view method, std::string_view scramble);

  void fill_response();
  void send(std::string_view payload) { output += framed(sequence++, payload); }
  void send_password();

  Settings settings;
  Stage stage = Stage::greeting;
  PacketBuffer input{kMaxPacket};
  std::string output;
  std::uint8_t sequence = 0;  ///< of the next packet, whoever sends it
  int switches = 0;
  std::string method;
  Greeting greeting;
  HandshakeResponse response;
  std::string ok_payload;
  ClientFailure failure;
};

ClientLogin::Event ClientLogin::State::fail(ClientFailure::Kind kind, std::string reason) {
  settings.password.wipe();
  base::wipe(output);
  failure.kind = kind;
  failure.reason = std::move(reason);
  stage = Stage::failed;
  return Event::failed;
}

ClientLogin::Event ClientLogin::State::fail_with_error(std::string_view payload) {
  auto error = parse_error(payload);
  if (!error) return fail(ClientFailure::Kind::protocol, "it sent an error packet that is malformed");
  failure.error = std::move(*error);
  return fail(ClientFailure::Kind::server_error);
}

ClientLogin::Event ClientLogin::State::advance() {
  for (;;) {
    if (stage == Stage::starting_tls) return Event::more;
    if (stage == Stage::ready) return Event::ready;
    if (stage == Stage::failed) return Event::failed;
    const PacketBuffer::Next next = input.next();
    if (next == PacketBuffer::Next::incomplete) return Event::more;
    if (next == PacketBuffer::Next::too_long) {
      return fail(ClientFailure::Kind::protocol, "it sent a packet that is too large for a login");
    }
    if (input.sequence() != sequence) {
      return fail(ClientFailure::Kind::protocol, "it sent packets out of order");
    }
    ++sequence;
    const std::string_view payload = input.payload();
    if (payload.empty()) return fail(ClientFailure::Kind::protocol, "it sent an empty packet");
    const Event event = stage == Stage::greeting ? take_greeting(payload) : take_packet(payload);
    if (event != Event::more) return event;
  }
}

ClientLogin::Event ClientLogin::State::take_greeting(std::string_view payload) {
  // Before it has a connection to speak of: 1040, 1129, 1130 …
  if (payload.front() == kErrorPacket) return fail_with_error(payload);
  auto parsed = parse_greeting(payload);
  if (!parsed)
    return fail(ClientFailure::Kind::protocol, "it does not greet as a MySQL or MariaDB server does");
  greeting = std::move(*parsed);
  if (settings.greeting_only) {
    stage = Stage::ready;
    return Event::ready;
  }
  if ((greeting.capabilities & kNeeded) != kNeeded) {
    return fail(ClientFailure::Kind::protocol,
                "it lacks the login of MySQL 5.5 and later (CLIENT_PLUGIN_AUTH)");
  }
  if ((greeting.capabilities & kSsl) == 0) return fail(ClientFailure::Kind::tls_not_offered);
  if (input.behind() > 0) return fail(ClientFailure::Kind::bytes_before_tls);
  if (const Capabilities lacking = settings.capabilities & kSessionBits & ~relayed(greeting.capabilities)) {
    return fail(ClientFailure::Kind::capabilities_differ, "it lacks " + capability_names(lacking));
  }
  fill_response();
  send(ssl_request_payload(response));
  stage = Stage::starting_tls;
  return Event::start_tls;
}

void ClientLogin::State::fill_response() {
  const Capabilities offered = greeting.capabilities;
  response.capabilities = (settings.capabilities & relayed(offered) & ~kConnectAttrs) | kNeeded | kSsl |
                          (offered & kPluginAuthLenencClientData);
  if (!settings.schema.empty()) response.capabilities |= kConnectWithDb;
  if (!settings.attributes.empty()) response.capabilities |= offered & kConnectAttrs;
  response.max_packet_size = settings.max_packet_size;
  response.character_set = settings.character_set;
  response.user = settings.user;
  response.schema = settings.schema;
  response.auth_plugin = kNoServersPlugin;
  response.attributes = std::move(settings.attributes);
}

ClientLogin::Event ClientLogin::State::take_packet(std::string_view payload) {
  switch (payload.front()) {
    case kOkPacket:
      return take_ok(payload);
    case kErrorPacket:
      return fail_with_error(payload);
    case kAuthSwitchRequest:
      return take_switch(payload);
    case kAuthMoreData:
      payload.remove_prefix(1);
      [[fallthrough]];
    default:
      // MariaDB sends a plugin's data as they are, where nobody would take them for one of the above.
      if (stage == Stage::fast) return take_fast_result(payload);
      return fail(ClientFailure::Kind::protocol, method.empty()
                                                     ? "it sent something that is no part of a login"
                                                     : "it sent something that is no part of " + method);
  }
}

/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html
ClientLogin::Event ClientLogin::State::take_ok(std::string_view payload) {
  PayloadReader reader(payload.substr(1));
  reader.length_encoded();
  reader.length_encoded();
  reader.u16();
  reader.u16();
  if (!reader.ok()) return fail(ClientFailure::Kind::protocol, "it sent an OK packet that is malformed");
  settings.password.wipe();
  ok_payload = payload;
  stage = Stage::ready;
  return Event::ready;
}

ClientLogin::Event ClientLogin::State::take_switch(std::string_view payload) {
  const auto request = parse_auth_switch_request(payload);
  if (!request || ++switches > kMostSwitches) {
    return fail(ClientFailure::Kind::protocol,
                "it sent an AuthSwitchRequest that is malformed or one too many");
  }
  if (!takes(request->plugin)) {
    failure.method = printable(request->plugin);
    return fail(ClientFailure::Kind::other_method, "it asks for the login method " + failure.method);
  }
  method = request->plugin;
  const bool scrambled = method == kNativePassword || method == kCachingSha2Password;
  if (scrambled && request->data.size() != kScrambleSize) {
    return fail(ClientFailure::Kind::protocol, "its scramble for " + method + " is not of 20 bytes");
  }
  answer_with(method, request->data);
  return Event::more;
}

bool ClientLogin::State::takes(std::string_view plugin) const {
  if (plugin == kClearPassword) return true;
  return settings.methods == Methods::password &&
         (plugin == kNativePassword || plugin == kCachingSha2Password || plugin == kSha256Password);
}

void ClientLogin::State::answer_with(std::string_view plugin, std::string_view scramble) {
  stage = Stage::answer;
  if (plugin == kNativePassword) {
    send(native_response(settings.password.reveal(), scramble));
  } else if (plugin == kCachingSha2Password && !settings.password.empty()) {
    send(fast_response(settings.password.reveal(), scramble));
    stage = Stage::fast;
  } else {
    send_password();
  }
}

ClientLogin::Event ClientLogin::State::take_fast_result(std::string_view data) {
  stage = Stage::answer;
  if (data.size() == 1 && data.front() == kFastAuthSuccess) return Event::more;
  if (data.size() != 1 || data.front() != kPerformFullAuthentication) {
    return fail(ClientFailure::Kind::protocol, "it sent something that is no part of " + method);
  }
  send_password();
  return Event::more;
}

/// With a NUL behind it, in one piece of memory that the owner wipes.
void ClientLogin::State::send_password() {
  std::string payload;
  const base::WipeAtEnd wipe(payload);
  payload.reserve(settings.password.size() + 1);
  append_text(payload, settings.password.reveal());
  output.reserve(output.size() + payload.size() + 4);
  std::string packet = framed(sequence++, payload);
  const base::WipeAtEnd wipe_packet(packet);
  output += packet;
}

ClientLogin::ClientLogin(Settings settings) : state_(std::make_unique<State>(std::move(settings))) {}
ClientLogin::~ClientLogin() {
  if (state_) base::wipe(state_->output);
}
ClientLogin::ClientLogin(ClientLogin&&) noexcept = default;
ClientLogin& ClientLogin::operator=(ClientLogin&&) noexcept = default;

ClientLogin::Event ClientLogin::receive(std::string_view bytes) {
  State& state = *state_;
  if (state.stage == State::Stage::starting_tls) {
    return bytes.empty() ? Event::more : state.fail(ClientFailure::Kind::bytes_before_tls);
  }
  if (state.stage != State::Stage::failed) state.input.append(bytes);
  return state.advance();
}

ClientLogin::Event ClientLogin::tls_started() {
  State& state = *state_;
  if (state.stage != State::Stage::starting_tls) {
    return state.fail(ClientFailure::Kind::protocol, "TLS was started out of turn");
  }
  state.send(handshake_response_payload(state.response));
  state.stage = State::Stage::method;
  return Event::more;
}

std::string ClientLogin::take_output() { return std::exchange(state_->output, {}); }
const Greeting& ClientLogin::greeting() const { return state_->greeting; }
const std::string& ClientLogin::ok_payload() const { return state_->ok_payload; }
std::string ClientLogin::take_rest() { return state_->input.take_behind(); }
const ClientFailure& ClientLogin::failure() const { return state_->failure; }

}  // namespace rolegate::wire::mysql
