#include "gateway/session/client_error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/config.hpp"
#include "upstream/errc.hpp"

namespace rolegate::gateway {
namespace {

struct Codes {
  std::string_view sqlstate;
  std::uint16_t mysql_code;
  std::string_view mysql_state;
};

constexpr Codes kNotAuthorized{"28000", 1045, "28000"};
constexpr Codes kWrongPassword{"28P01", 1045, "28000"};
constexpr Codes kUnreachable{"08001", 1158, "08S01"};  // ER_NET_READ_ERROR
constexpr Codes kTooMany{"53300", 1040, "08004"};
constexpr Codes kNotNow{"57P03", 1053, "08S01"};
constexpr Codes kConfiguration{"F0000", 1105, "HY000"};
constexpr Codes kOther{"08004", 1105, "HY000"};

template <typename Enum, std::size_t N>
bool is_one_of(std::string_view code, const std::array<Enum, N>& these) {
  return std::ranges::any_of(these, [&](Enum one) { return code_name(one) == code; });
}

Codes codes_of(const base::Error& error) {
  using upstream::Errc;
  const std::string_view code = error.code;
  if (is_one_of(code, std::array{Errc::iam_token_refused})) return kNotAuthorized;
  if (is_one_of(code, std::array{Errc::password_refused})) return kWrongPassword;
  if (is_one_of(code, std::array{Errc::rate_limited}) || code == code_name(Errc::login_rate_exceeded)) {
    return kTooMany;
  }
  if (is_one_of(code, std::array{Errc::database_unavailable})) return kNotNow;
  if (is_one_of(code, std::array{Errc::resolve_failed, Errc::connect_failed, Errc::connect_timeout,
                                 Errc::tls_not_offered, Errc::tls_verification_failed, Errc::tls_failed,
                                 Errc::bytes_before_tls}) ||
      is_one_of(code, std::array{Errc::upstream_timeout, Errc::upstream_lost})) {
    return kUnreachable;
  }
  if (is_one_of(code, std::array{Errc::connection_failed}) || code == code_name(Errc::greeting_differs)) {
    return kOther;
  }
  if (is_one_of(code, std::array{config::Errc::feature_disabled, config::Errc::config_invalid}) ||
      is_one_of(code, std::array{Errc::ca_missing})) {
    return kConfiguration;
  }
  // What is left comes from AWS, or from looking for credentials: unreachable, or it said no.
  return error.retryable ? kUnreachable : kNotAuthorized;
}

/// Of an error that a server sends in place of its greeting, where SQLSTATEs are not there yet.
std::string_view mysql_state_of(std::uint16_t code) {
  if (code == kTooMany.mysql_code) return kTooMany.mysql_state;
  return code == kNotNow.mysql_code ? kNotNow.mysql_state : "HY000";
}

ClientError make(const Codes& codes, std::string message, std::string hint = {}, std::string detail = {}) {
  return {std::string(codes.sqlstate), codes.mysql_code,  std::string(codes.mysql_state),
          std::move(message),          std::move(detail), std::move(hint)};
}

}  // namespace

std::string ClientError::pg() const {
  return wire::pg::error_response({"FATAL", sqlstate, message, detail, hint});
}

/// MySQL has one text for everything; the sentence goes first, because clients cut what is too long.
wire::mysql::ErrorPacket ClientError::mysql() const {
  const auto sentence = [](const std::string& said) { return said + (said.ends_with('.') ? "" : "."); };
  std::string text = detail.empty() && hint.empty() ? message : sentence(message);
  if (!detail.empty()) text += " The database said: " + sentence(detail);
  if (!hint.empty()) text += " " + hint;
  return {mysql_code, mysql_state, std::move(text)};
}

ClientError client_error(const upstream::UpstreamFailure& failure) {
  Codes codes = codes_of(failure.error);
  // Whoever was let in, or turned away for lack of room, hears it in the database's own terms.
  if (is_one_of(failure.error.code,
                std::array{upstream::Errc::connection_failed, upstream::Errc::database_unavailable,
                           upstream::Errc::rate_limited})) {
    if (failure.sqlstate.size() == 5) codes.sqlstate = failure.sqlstate;
    if (failure.mysql_code != 0) {
      codes.mysql_code = failure.mysql_code;
      codes.mysql_state =
          failure.sqlstate.size() == 5 ? failure.sqlstate : mysql_state_of(failure.mysql_code);
    }
  }
  return make(codes, failure.error.message, failure.error.hint, failure.said);
}

ClientError password_refused(const std::string& user) {
  return make(kWrongPassword, fmt::format("password authentication failed for user \"{}\"", user));
}

ClientError access_denied(const std::string& user, const std::string& host, bool used_password) {
  return make(kWrongPassword,
              fmt::format("Access denied for user '{}'@'{}' (using password: {})", user, host,
                          used_password ? "YES" : "NO"),
              "What counts here is the user's password of the gateway, not one of the database.");
}

ClientError database_unknown(const std::string& database, const std::string& user, bool chosen) {
  return make(
      {"3D000", 1049, "42000"},
      fmt::format("database \"{}\" does not exist, or user \"{}\" may not use it", database, user),
      chosen ? "On a shared listener the database's name is the database_name of rolegate.yaml, and the "
               "user's list 'databases' must hold it."
             : "It is the one that this listener is for; the user's list 'databases' in rolegate.yaml must "
               "hold it.");
}

ClientError database_broken(const std::string& database, const std::string& file) {
  return make(kConfiguration, fmt::format("the configuration of database \"{}\" has errors", database),
              fmt::format("`rolegate config check` lists those of {}.", file));
}

ClientError database_missing() {
  return make({"3D000", 1046, "3D000"}, "no database was named",
              "Name one of rolegate.yaml: as the initial schema, or as USER@DATABASE.");
}

ClientError database_undecided(const std::set<std::string>& databases) {
  ClientError error = database_missing();
  error.hint = fmt::format(
      "Without one, only a session of one's own can be killed, by the id that it was greeted with. {} "
      "Sessions are open with {}.",
      error.hint, fmt::join(databases, ", "));
  return error;
}

ClientError users_missing(const std::string& file) {
  return make(
      kNotAuthorized, "no users are configured, so nobody may connect over TCP",
      fmt::format("Add a list 'users' to the section 'gateway' of {}; `rolegate passwd NAME` makes an entry.",
                  file.empty() ? "rolegate.yaml" : file));
}

ClientError too_many_sessions(std::size_t most) {
  return make(kTooMany, "the gateway has no room for another session",
              fmt::format("It takes {} (gateway.max_sessions).", most));
}

ClientError too_many_logins() {
  return make(kTooMany, "too many passwords are waiting to be checked", "Connect again.");
}

ClientError too_many_sessions_of(const std::string& user, std::size_t most) {
  return make({"53300", 1203, "42000"}, fmt::format("user \"{}\" has no room for another session", user),
              fmt::format("It may have {} (max_sessions of the user).", most));
}

ClientError audit_unavailable() {
  return make(kNotNow, "the gateway cannot write its audit log, and lets nobody in without one",
              "The gateway's log says what is wrong with it.");
}

ClientError startup_too_slow() {
  return make({"08006", 1159, "08S01"}, "the login took too long", "A client has ten seconds to log in.");
}

ClientError shutting_down() {
  return make({"57P01", 1053, "08S01"}, "the gateway is shutting down", "Connect again.");
}

ClientError takes_no_sessions() {
  return make(kNotNow, "the gateway is shutting down and takes no new sessions", "Connect again.");
}

ClientError idle_too_long() {
  return make({"57P05", kClientInteractionTimeout, "HY000"},
              "the session was idle for longer than the gateway allows",
              "gateway.idle_timeout says how long that is.");
}

ClientError too_old() {
  return make({"57P01", 1053, "08S01"}, "the session has reached the age that the gateway allows its user",
              "Connect again; max_age of the user says how long a session may be.");
}

ClientError no_longer_allowed(const std::string& user) {
  return make({"57P01", 1053, "08S01"},
              fmt::format("the gateway's configuration no longer lets user \"{}\" have this session", user));
}

ClientError database_gone() {
  return make({"08006", 1158, "08S01"}, "the database ended the connection",
              "It may be restarting or failing over: connect again.");
}

}  // namespace rolegate::gateway
