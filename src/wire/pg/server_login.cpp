#include "wire/pg/server_login.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "wire/pg/authentication.hpp"
#include "wire/pg/framing.hpp"
#include "wire/pg/input_buffer.hpp"
#include "wire/pg/scram.hpp"
#include "wire/pg/scram_server.hpp"
#include "wire/pg/startup_packet.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::wire::pg {
namespace {

/// PostgreSQL's own bound (PG_MAX_SASL_MESSAGE_LENGTH).
constexpr std::size_t kMaxSaslLength = 1024;

enum class Stage {
  startup,
  tls,
  owner_decides,
  sasl_first,
  sasl_final,
  authenticated,
  refused,
  cancel,
  failed
};

}  // namespace

struct ServerLogin::State {
  State(Options asked, base::Random& source) : options(asked), random(&source) {}

  Options options;
  base::Random* random;
  Stage stage = Stage::startup;
  bool tls_asked = false;
  bool gss_asked = false;
  bool in_tls = false;
  std::string end_point;
  InputBuffer input;
  std::string output;
  std::string reason;
  Startup startup;
  CancelKey cancel_key;
  std::optional<ScramServer> scram;

  Event advance();

  // Nothing: go on with what is there already.
  std::optional<Event> read_startup_packet();
  std::optional<Event> on_tls_request();
  std::optional<Event> on_gss_request();
  Event on_cancel_request(std::string_view body);
  Event on_startup_message(std::uint32_t version, std::string_view body);
  std::optional<Event> read_sasl_message();
  std::optional<Event> on_sasl_initial_response(std::string_view body);
  Event on_sasl_response(std::string_view body);
  Event on_refusal(const ScramRefusal& refusal);

  /// Tells the client.
  Event fail(std::string_view sqlstate, std::string message, std::string hint = {});
  /// Says no more: what is there speaks no PostgreSQL, or waits for something else than messages.
  Event fail_silently(std::string why);
  Event enter(Stage next, Event event);
};

ServerLogin::ServerLogin(Options options, base::Random& random)
    : state_(std::make_unique<State>(options, random)) {}
ServerLogin::~ServerLogin() = default;
ServerLogin::ServerLogin(ServerLogin&&) noexcept = default;
ServerLogin& ServerLogin::operator=(ServerLogin&&) noexcept = default;

auto ServerLogin::receive(std::string_view bytes) -> Event {
  State& s = *state_;
  switch (s.stage) {
    case Stage::failed:
      return Event::failed;
    case Stage::refused:
      return Event::refused;
    case Stage::cancel:
      return Event::cancel;
    case Stage::tls:
      // CVE-2021-23214: somebody in between could have put them there, to be taken for the client's own.
      return bytes.empty() ? Event::more
                           : s.fail_silently("bytes came in the clear where the client should start TLS");
    default:
      break;
  }
  s.input.append(bytes);
  const Event event = s.advance();
  const bool goes_on = event == Event::more || event == Event::startup || event == Event::authenticated;
  if (goes_on && s.input.unread().size() > kMaxUnread) {
    return s.fail("08P01", "the client sends more than a login takes");
  }
  return event;
}

auto ServerLogin::tls_started(std::string end_point) -> Event {
  State& s = *state_;
  if (s.stage != Stage::tls) return s.fail_silently("TLS was started where nobody had asked for it");
  s.in_tls = true;
  s.end_point = std::move(end_point);
  s.stage = Stage::startup;
  return Event::more;
}

auto ServerLogin::direct_tls_started(std::string end_point, std::string_view application_protocol) -> Event {
  State& s = *state_;
  if (s.stage != Stage::startup || s.tls_asked || !s.input.unread().empty()) {
    return s.fail_silently("TLS was started in the middle of something");
  }
  if (application_protocol != kApplicationProtocol) {
    return s.fail_silently("the client starts TLS without asking, and without naming its protocol (ALPN)");
  }
  s.tls_asked = true;
  s.stage = Stage::tls;
  return tls_started(std::move(end_point));
}

auto ServerLogin::trust() -> Event {
  State& s = *state_;
  if (s.stage != Stage::owner_decides) return s.fail_silently("trust before a start-up");
  return s.enter(Stage::authenticated, Event::authenticated);
}

auto ServerLogin::ask_scram(base::ScramVerifier verifier) -> Event {
  State& s = *state_;
  if (s.stage != Stage::owner_decides) return s.fail_silently("a password asked for before a start-up");
  s.scram.emplace(std::move(verifier), scram_nonce(*s.random), s.end_point);
  s.output += authentication_sasl(s.scram->mechanisms());
  s.stage = Stage::sasl_first;
  return s.advance();
}

const Startup& ServerLogin::startup() const { return state_->startup; }
const CancelKey& ServerLogin::cancel_key() const { return state_->cancel_key; }
const std::string& ServerLogin::reason() const { return state_->reason; }
std::string ServerLogin::take_output() { return std::exchange(state_->output, {}); }

std::string ServerLogin::take_rest() {
  return state_->stage == Stage::authenticated ? state_->input.take() : std::string();
}

auto ServerLogin::State::advance() -> Event {
  for (;;) {
    std::optional<Event> event;
    switch (stage) {
      case Stage::startup:
        event = read_startup_packet();
        break;
      case Stage::sasl_first:
      case Stage::sasl_final:
        event = read_sasl_message();
        break;
      default:
        return Event::more;
    }
    if (event) return *event;
  }
}

auto ServerLogin::State::read_startup_packet() -> std::optional<Event> {
  const StartupPacket packet = startup_packet_at_front(input.unread());
  switch (packet.state) {
    case StartupPacket::State::incomplete:
      return Event::more;
    case StartupPacket::State::tls:
      return fail_silently(
          "the client starts TLS without asking (sslnegotiation=direct), and none is offered here");
    case StartupPacket::State::proxy_header:
      return fail_silently(std::string(kUnexpectedProxyHeader));
    case StartupPacket::State::not_postgresql:
      return fail_silently("the client does not speak the PostgreSQL protocol");
    case StartupPacket::State::too_long:
      return fail("08P01", "the start-up packet is longer than 10,000 bytes",
                  "Set fewer or shorter parameters when connecting.");
    case StartupPacket::State::complete:
      break;
  }
  input.consume(packet.size);  // leaves the bytes where they are
  switch (packet.code) {
    case kSslRequest:
      return on_tls_request();
    case kGssencRequest:
      return on_gss_request();
    case kCancelRequest:
      return on_cancel_request(packet.body);
    default:
      return on_startup_message(packet.code, packet.body);
  }
}

auto ServerLogin::State::on_tls_request() -> std::optional<Event> {
  if (in_tls || std::exchange(tls_asked, true)) return fail("08P01", "the client asks for TLS twice");
  if (!options.tls_offered) {
    output += 'N';
    return std::nullopt;
  }
  if (!input.unread().empty()) {
    return fail("08P01", "bytes came in the clear behind the request for TLS",
                "The client has a bug, or somebody on the way has put them there.");
  }
  output += 'S';
  return enter(Stage::tls, Event::start_tls);
}

auto ServerLogin::State::on_gss_request() -> std::optional<Event> {
  if (in_tls || std::exchange(gss_asked, true)) {
    return fail("08P01", "the client asks for GSSAPI encryption twice, or inside of TLS");
  }
  output += 'N';
  return std::nullopt;
}

auto ServerLogin::State::on_cancel_request(std::string_view body) -> Event {
  auto key = parse_cancel_key(body);
  if (!key) return fail_silently("the CancelRequest is malformed");  // no answer is due
  cancel_key = std::move(*key);
  return enter(Stage::cancel, Event::cancel);
}

auto ServerLogin::State::on_startup_message(std::uint32_t version, std::string_view body) -> Event {
  const std::uint32_t major = version >> 16;
  if (major != 3) {
    return fail("0A000", "protocol version " + std::to_string(major) + "." +
                             std::to_string(version & 0xFFFF) + " is not supported; versions 3.0 to 3.2 are");
  }
  auto parameters = parse_startup_parameters(body);
  if (!parameters) return fail("08P01", std::string(parameters.error()));
  const std::uint32_t spoken = std::min(version, kProtocol32);
  if (spoken != version || !parameters->protocol_options.empty()) {
    output += negotiate_protocol_version(spoken, parameters->protocol_options);
  }
  if (options.tls_required && !in_tls) {
    return fail("28000", "connections to this address must use TLS",
                "Connect with sslmode=require or stricter.");
  }
  startup = std::move(parameters->startup);
  startup.cancel_secret_size = spoken < kProtocol32 ? CancelKey::kSize30 : CancelKey::kSize32;
  if (startup.user.empty()) return fail("28000", "the start-up packet names no user");
  if (!base::is_utf8(startup.user)) return fail("22021", "the user name is not valid UTF-8");
  if (!base::is_utf8(startup.database)) return fail("22021", "the database name is not valid UTF-8");
  return enter(Stage::owner_decides, Event::startup);
}

auto ServerLogin::State::read_sasl_message() -> std::optional<Event> {
  const Frame frame = frame_at_front(input.unread(), kMaxSaslLength);
  if (frame.state == Frame::State::incomplete) return Event::more;
  if (frame.state == Frame::State::malformed || frame.type != 'p') {
    return fail("08P01", "something else than the answer to a password request came");
  }
  input.consume(frame.whole.size());
  return stage == Stage::sasl_first ? on_sasl_initial_response(frame.body) : on_sasl_response(frame.body);
}

// SASLInitialResponse: String mechanism, Int32 length, the client-first-message
auto ServerLogin::State::on_sasl_initial_response(std::string_view body) -> std::optional<Event> {
  const auto mechanism = take_string(body);
  if (!mechanism || body.size() < 4 || int32_at_front(body) != body.size() - 4) {
    return fail("08P01", "the SASLInitialResponse is malformed");
  }
  const auto answer = scram->first(*mechanism, body.substr(4));
  if (!answer) return on_refusal(answer.error());
  output += authentication_sasl_continue(*answer);
  stage = Stage::sasl_final;
  return std::nullopt;
}

auto ServerLogin::State::on_sasl_response(std::string_view body) -> Event {
  const auto answer = scram->final(body);
  if (!answer) return on_refusal(answer.error());
  output += authentication_sasl_final(*answer);
  scram.reset();
  return enter(Stage::authenticated, Event::authenticated);
}

auto ServerLogin::State::on_refusal(const ScramRefusal& refusal) -> Event {
  if (!refusal.wrong_proof) return fail(refusal.sqlstate, std::string(refusal.message));
  reason = refusal.message;
  return enter(Stage::refused, Event::refused);
}

auto ServerLogin::State::fail(std::string_view sqlstate, std::string message, std::string hint) -> Event {
  ErrorFields fields;
  fields.sqlstate = sqlstate;
  fields.message = message;
  fields.hint = std::move(hint);
  output += error_response(fields);
  reason = std::move(message);
  return enter(Stage::failed, Event::failed);
}

auto ServerLogin::State::fail_silently(std::string why) -> Event {
  reason = std::move(why);
  return enter(Stage::failed, Event::failed);
}

auto ServerLogin::State::enter(Stage next, Event event) -> Event {
  stage = next;
  return event;
}

}  // namespace rolegate::wire::pg
