#include "wire/pg/client_login.hpp"

#include <optional>
#include <utility>

#include "wire/pg/authentication.hpp"
#include "wire/pg/framing.hpp"
#include "wire/pg/input_buffer.hpp"
#include "wire/pg/md5_password.hpp"
#include "wire/pg/scram.hpp"
#include "wire/pg/scram_client.hpp"
#include "wire/pg/startup_packet.hpp"
#include "wire/pg/tls_answer.hpp"

namespace rolegate::wire::pg {
namespace {

using Kind = ClientFailure::Kind;

enum class Stage {
  tls_answer,
  tls,
  authentication,   ///< the server has not said yet what it wants
  scram_challenge,  ///< "SASL" was answered
  scram_proof,      ///< of the server; ours has been sent
  accepted,         ///< everything was answered, AuthenticationOk must follow
  session_start,
  ready,
  failed,
};

/// "'T'", or "0x16" for what is not to be printed.
std::string printable(char byte) {
  if (byte > ' ' && byte <= '~') return {'\'', byte, '\''};
  const auto value = static_cast<unsigned char>(byte);
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'0', 'x', kDigits[value >> 4], kDigits[value & 15]};
}

}  // namespace

struct ClientLogin::State {
  State(Settings asked, base::Random& source)
      : settings(std::move(asked)), random(&source), output(ssl_request()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { base::wipe(output); }

  Settings settings;
  base::Random* random;
  Stage stage = Stage::tls_answer;
  std::string end_point;
  InputBuffer input;
  std::string output;
  std::optional<ScramClient> scram;
  bool negotiated = false;
  SessionStart session_start;
  std::size_t kept = 0;  ///< the room that it takes
  ClientFailure failure;

  // Before TLS
  Event on_tls_answer(std::string_view bytes);
  Event on_bytes_before_tls();

  // Messages. Nothing: go on with the next one.
  Event read_messages();
  std::optional<Event> on_message(const Frame& frame);
  std::optional<Event> on_login_message(const Frame& frame);
  std::optional<Event> on_session_start_message(const Frame& frame);
  Event on_error(std::string_view body);
  // Parts of the session start.
  std::optional<Event> on_notice(const Frame& frame);
  std::optional<Event> on_parameter_status(std::string_view body);
  std::optional<Event> on_rest(std::string_view bytes);
  /// Event::failed when there is no room for so much more.
  std::optional<Event> make_room(std::size_t bytes);

  // Authentication requests
  std::optional<Event> on_authentication(std::string_view body);
  std::optional<Event> on_first_request(Authentication kind, std::string_view data);
  std::optional<Event> on_sasl(std::string_view mechanisms);
  std::optional<Event> on_scram_challenge(std::string_view data);
  std::optional<Event> on_scram_proof(std::string_view data);

  /// Up to a NUL, as in libpq: a PasswordMessage ends there.
  [[nodiscard]] std::string_view password() const;
  /// The one place where a secret goes out, and it can be reached after tls_started() only.
  std::optional<Event> answer(std::string_view secret, Stage next);
  Event fail(Kind kind, std::string reason);
};

ClientLogin::ClientLogin(Settings settings, base::Random& random)
    : state_(std::make_unique<State>(std::move(settings), random)) {}
ClientLogin::~ClientLogin() = default;
ClientLogin::ClientLogin(ClientLogin&&) noexcept = default;
ClientLogin& ClientLogin::operator=(ClientLogin&&) noexcept = default;

auto ClientLogin::receive(std::string_view bytes) -> Event {
  State& s = *state_;
  switch (s.stage) {
    case Stage::tls_answer:
      return s.on_tls_answer(bytes);
    case Stage::tls:
      return bytes.empty() ? Event::more : s.on_bytes_before_tls();
    case Stage::ready:
      return s.on_rest(bytes).value_or(Event::ready);
    case Stage::failed:
      return Event::failed;
    default:
      s.input.append(bytes);
      return s.read_messages();
  }
}

auto ClientLogin::tls_started(std::string end_point) -> Event {
  State& s = *state_;
  if (s.stage != Stage::tls) return s.fail(Kind::protocol, "TLS was started before the server agreed to it");
  s.end_point = std::move(end_point);
  s.output += startup_message(s.settings.user, s.settings.database, s.settings.parameters);
  s.stage = Stage::authentication;
  return Event::more;
}

std::string ClientLogin::take_output() {
  std::string taken = std::move(state_->output);
  // A short string is copied, not moved.
  base::wipe(state_->output);
  return taken;
}

SessionStart ClientLogin::take_session_start() {
  if (state_->stage != Stage::ready) return {};
  return std::exchange(state_->session_start, {});
}

const ClientFailure& ClientLogin::failure() const { return state_->failure; }

auto ClientLogin::State::on_tls_answer(std::string_view bytes) -> Event {
  switch (read_tls_answer(bytes)) {
    case TlsAnswer::incomplete:
      return Event::more;
    case TlsAnswer::yes:
      stage = Stage::tls;
      return Event::start_tls;
    case TlsAnswer::yes_and_more:
      return on_bytes_before_tls();
    case TlsAnswer::no:
      return fail(Kind::tls_not_offered, "it does not offer TLS");
    case TlsAnswer::error:
      // CVE-2024-10977: what it says could be anybody's words.
      return fail(
          Kind::tls_not_offered,
          "it answered the request for TLS with an error, whose text cannot be trusted outside of TLS");
    case TlsAnswer::other:
      break;
  }
  return fail(Kind::protocol, "it answered the request for TLS with " + printable(bytes.front()) +
                                  ", as no PostgreSQL server does");
}

auto ClientLogin::State::on_bytes_before_tls() -> Event {
  return fail(
      Kind::bytes_before_tls,
      "it sent something in the clear behind its offer of TLS; somebody on the way may have put it there");
}

auto ClientLogin::State::read_messages() -> Event {
  for (;;) {
    const Frame frame = frame_at_front(input.unread(), kMaxMessage);
    if (frame.state == Frame::State::incomplete) return Event::more;
    if (frame.state == Frame::State::malformed) {
      return fail(Kind::protocol, "it sent a message " + printable(frame.type) + " of an impossible length");
    }
    input.consume(frame.whole.size());
    if (const auto event = on_message(frame)) return *event;
  }
}

auto ClientLogin::State::on_message(const Frame& frame) -> std::optional<Event> {
  switch (frame.type) {
    case 'E':
      return on_error(frame.body);
    case 'N':
      return on_notice(frame);
    default:
      return stage == Stage::session_start ? on_session_start_message(frame) : on_login_message(frame);
  }
}

auto ClientLogin::State::on_error(std::string_view body) -> Event {
  auto fields = parse_error_response(body);
  if (!fields) return fail(Kind::protocol, "it sent an ErrorResponse that is malformed");
  failure.error = std::move(*fields);
  return fail(Kind::server_error, {});
}

auto ClientLogin::State::make_room(std::size_t bytes) -> std::optional<Event> {
  if (bytes > kMaxSessionStart - kept) {
    return fail(Kind::protocol, "it sent more than 1 MiB before the session started");
  }
  kept += bytes;
  return std::nullopt;
}

auto ClientLogin::State::on_notice(const Frame& frame) -> std::optional<Event> {
  if (const auto failed = make_room(frame.whole.size())) return failed;
  const std::size_t place = session_start.parameters.size();
  auto& notices = session_start.notices;
  if (notices.empty() || notices.back().place != place) notices.push_back({place, {}});
  notices.back().messages += frame.whole;
  return std::nullopt;
}

auto ClientLogin::State::on_parameter_status(std::string_view body) -> std::optional<Event> {
  auto parameter = parse_parameter_status(body);
  if (!parameter) return fail(Kind::protocol, "it sent a ParameterStatus that is malformed");
  if (const auto failed = make_room(body.size() + sizeof *parameter)) return failed;
  session_start.parameters.push_back(std::move(*parameter));
  return std::nullopt;
}

auto ClientLogin::State::on_rest(std::string_view bytes) -> std::optional<Event> {
  if (const auto failed = make_room(bytes.size())) return failed;
  session_start.rest += bytes;
  return std::nullopt;
}

auto ClientLogin::State::on_login_message(const Frame& frame) -> std::optional<Event> {
  if (frame.type == 'R') return on_authentication(frame.body);
  // NegotiateProtocolVersion: 3.0 without options was asked for, so there is nothing to give in to.
  if (frame.type == 'v' && frame.body.size() >= 8 && !std::exchange(negotiated, true)) return std::nullopt;
  return fail(Kind::protocol, "it sent a message " + printable(frame.type) + " before it let the user in");
}

auto ClientLogin::State::on_session_start_message(const Frame& frame) -> std::optional<Event> {
  switch (frame.type) {
    case 'S':
      return on_parameter_status(frame.body);
    case 'K': {
      auto key = parse_cancel_key(frame.body);
      if (!key) return fail(Kind::protocol, "it sent a BackendKeyData that is malformed");
      session_start.cancel_key = std::move(*key);
      return std::nullopt;
    }
    case 'Z':
      if (frame.body.size() != 1) return fail(Kind::protocol, "it sent a ReadyForQuery that is malformed");
      stage = Stage::ready;
      return on_rest(input.take()).value_or(Event::ready);
    default:
      return fail(Kind::protocol,
                  "it sent a message " + printable(frame.type) + " before the session started");
  }
}

auto ClientLogin::State::on_authentication(std::string_view body) -> std::optional<Event> {
  if (body.size() < 4) return fail(Kind::protocol, "it sent an authentication request that is malformed");
  const auto kind = static_cast<Authentication>(int32_at_front(body));
  const std::string_view data = body.substr(4);
  // An AuthenticationOk amid SCRAM would spare the server its proof.
  if (kind == Authentication::ok && (stage == Stage::authentication || stage == Stage::accepted)) {
    stage = Stage::session_start;
    return std::nullopt;
  }
  if (stage == Stage::authentication) return on_first_request(kind, data);
  if (stage == Stage::scram_challenge && kind == Authentication::sasl_continue)
    return on_scram_challenge(data);
  if (stage == Stage::scram_proof && kind == Authentication::sasl_final) return on_scram_proof(data);
  return fail(Kind::protocol, "in the middle of the login, it asks for " + authentication_name(kind));
}

auto ClientLogin::State::on_first_request(Authentication kind, std::string_view data)
    -> std::optional<Event> {
  if (settings.is_token && (kind == Authentication::md5_password || kind == Authentication::sasl)) {
    return fail(Kind::token_not_asked_for, authentication_name(kind));
  }
  switch (kind) {
    case Authentication::cleartext_password:
      return answer(password(), Stage::accepted);
    case Authentication::md5_password: {
      if (data.size() != 4) return fail(Kind::protocol, "it sent an MD5 salt that is not 4 bytes long");
      const auto hashed = md5_password(settings.user, password(), data);
      if (!hashed) {
        return fail(Kind::unsupported_authentication,
                    "it asks for MD5 authentication, and there is no MD5 here");
      }
      return answer(hashed->reveal(), Stage::accepted);
    }
    case Authentication::sasl:
      return on_sasl(data);
    case Authentication::sasl_continue:
    case Authentication::sasl_final:
      return fail(Kind::protocol, "it goes on with a SASL authentication that was never begun");
    default:
      return fail(Kind::unsupported_authentication, "it asks for " + authentication_name(kind));
  }
}

auto ClientLogin::State::on_sasl(std::string_view mechanisms) -> std::optional<Event> {
  bool plain = false;
  bool plus = false;
  for (;;) {
    const auto mechanism = take_string(mechanisms);
    if (!mechanism) return fail(Kind::protocol, "it sent a list of SASL mechanisms that is malformed");
    if (mechanism->empty()) break;
    plain = plain || *mechanism == kScramSha256;
    plus = plus || *mechanism == kScramSha256Plus;
  }
  const bool bind = plus && !end_point.empty();
  if (!bind && !plain) {
    return fail(Kind::unsupported_authentication,
                plus ? "it asks for SCRAM-SHA-256-PLUS, which its certificate does not allow for"
                     : "it asks for SASL authentication other than SCRAM-SHA-256");
  }
  const auto binding = bind                ? ScramClient::Binding::end_point
                       : end_point.empty() ? ScramClient::Binding::none
                                           : ScramClient::Binding::not_offered;
  scram.emplace("", scram_nonce(*random), binding, end_point);
  const std::string first = scram->first();
  std::string body;
  append_string(body, bind ? kScramSha256Plus : kScramSha256);
  append_int32(body, static_cast<std::uint32_t>(first.size()));
  body += first;
  output += message('p', body);
  stage = Stage::scram_challenge;
  return std::nullopt;
}

auto ClientLogin::State::on_scram_challenge(std::string_view data) -> std::optional<Event> {
  const auto response = scram->final(data, password());
  if (!response) return fail(Kind::protocol, std::string(response.error()));
  settings.password.wipe();
  output += message('p', *response);
  stage = Stage::scram_proof;
  return std::nullopt;
}

auto ClientLogin::State::on_scram_proof(std::string_view data) -> std::optional<Event> {
  const auto proven = scram->verify(data);
  if (!proven) return fail(Kind::protocol, std::string(proven.error()));
  scram.reset();
  stage = Stage::accepted;
  return std::nullopt;
}

std::string_view ClientLogin::State::password() const {
  const std::string_view text = settings.password.reveal();
  return text.substr(0, text.find('\0'));
}

auto ClientLogin::State::answer(std::string_view secret, Stage next) -> std::optional<Event> {
  std::string body;
  const base::WipeAtEnd wipe_body(body);
  body.reserve(secret.size() + 1);
  append_string(body, secret);
  std::string framed = message('p', body);
  const base::WipeAtEnd wipe_framed(framed);
  output.reserve(output.size() + framed.size());
  output += framed;
  settings.password.wipe();
  stage = next;
  return std::nullopt;
}

auto ClientLogin::State::fail(Kind kind, std::string reason) -> Event {
  settings.password.wipe();
  base::wipe(output);
  failure.kind = kind;
  failure.reason = std::move(reason);
  stage = Stage::failed;
  return Event::failed;
}

}  // namespace rolegate::wire::pg
