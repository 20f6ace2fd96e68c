#include "gateway/session/reception.hpp"

#include <algorithm>
#include <utility>

namespace rolegate::gateway {

Reception::Reception(const Arrival& arrival, SessionServices& services, ClientSide& side, Record& record)
    : arrival_(arrival), services_(services), side_(side), record_(record) {}

Decision Reception::follow(Step step) {
  switch (step.kind) {
    case Step::Kind::more:
      break;
    case Step::Kind::start_tls:
      return {.kind = Decision::Kind::start_tls};
    case Step::Kind::greeting:
      return {.kind = Decision::Kind::await_greeting};
    case Step::Kind::admit:
      return {.kind = Decision::Kind::admit};
    case Step::Kind::check:
      return when_due(Pending::check);
    case Step::Kind::authenticated:
      return authenticated(step.text);
    case Step::Kind::connect:
      return choose_database(step.text);
    case Step::Kind::refused:
      return fail_proof(side_.encoded(*step.error),
                        admission_.from_elsewhere ? "the user may not come from this address" : step.text);
    case Step::Kind::unproven:
      return leave_unproven(step.error ? side_.encoded(*step.error) : std::string());
    case Step::Kind::undecided:
      return turn_away(*step.error, Refusal::database, "database_unknown");
    case Step::Kind::no_sessions:
      return refuse_session();
    case Step::Kind::cancel:
      return {.kind = Decision::Kind::pass_cancel_on, .key = std::move(step.key)};
    case Step::Kind::left:
      return {.kind = Decision::Kind::client_left};
    case Step::Kind::violation:
      return fail({}, "protocol_violation", step.text, Refusal::protocol);
  }
  return {};
}

// Who it is.

Decision Reception::admit() {
  record_.user = side_.user();
  const config::Snapshot& snapshot = *settings().snapshot;
  admission_ = gateway::admit(snapshot, arrival_.client, record_.user, services_.own_uid);
  record_.user_is_known = admission_.user != nullptr;
  if (admission_.way == Admission::Way::users_missing) {
    return turn_away(users_missing(snapshot.file), Refusal::users_missing, "users_missing");
  }
  if (admission_.is_proven()) return follow(side_.trust());
  proof_asked_ = true;
  // A client that has answered already has made its proof; a health check, which has not, need not wait.
  return side_.has_answered() ? when_due(Pending::ask) : follow(side_.ask(admission_, expected_password()));
}

/// For somebody who does not exist there is one too: everybody costs the same.
base::ScramVerifier Reception::expected_password() const {
  return verifier_for(admission_, *settings().decoys, record_.user);
}

Decision Reception::password_checked(std::optional<bool> right) {
  if (right) return follow(side_.password_checked(*right));
  return turn_away(too_many_logins(), Refusal::too_many, "too_many_logins");
}

Decision Reception::authenticated(std::string_view method) {
  record_.authentication = admission_.is_proven() ? way_name(admission_.way) : method;
  proof_asked_ = false;
  return {.kind = Decision::Kind::authenticated};
}

const config::GatewayUser* Reception::identified_user() const {
  const auto& gateway = settings().snapshot->gateway;
  const bool wanted = gateway && gateway->identify == config::Identify::application_name;
  return wanted ? admission_.user : nullptr;
}

// What it gets.

Decision Reception::choose() {
  if (auto refused = take_place()) return std::move(*refused);
  return follow(side_.choose(admission_));
}

std::optional<Decision> Reception::take_place() {
  const std::size_t before = services_.logged_in.fetch_add(1);
  counted_ = true;
  const std::size_t most = settings().max_sessions;
  if (before >= most) {
    return turn_away(too_many_sessions(most), Refusal::too_many, "too_many_sessions");
  }
  const auto& gateway = settings().snapshot->gateway;
  if (gateway && gateway->audit_required && !services_.audit.works()) {
    return turn_away(audit_unavailable(), Refusal::audit_log, "audit_log_unusable");
  }
  if (admission_.user == nullptr) return std::nullopt;
  const std::size_t most_of_user = admission_.user->max_sessions;
  user_place_ = services_.user_sessions.take(record_.user, most_of_user);
  if (user_place_) return std::nullopt;
  return turn_away(too_many_sessions_of(record_.user, most_of_user), Refusal::too_many, "too_many_sessions");
}

void Reception::begin_again() {
  give_up_place();
  admission_ = {};
  proof_asked_ = false;
  waited_ = {};
}

void Reception::give_up_place() {
  if (std::exchange(counted_, false)) services_.logged_in.fetch_sub(1);
  user_place_.reset();
}

Decision Reception::choose_database(const std::string& named) {
  const config::Snapshot& snapshot = *settings().snapshot;
  const Listener& listener = *arrival_.listener;
  const bool chosen = listener.database.empty();
  const std::string& wanted = chosen ? named : listener.database;
  const auto refused = [&](const ClientError& error, std::string_view code) {
    return turn_away(error, Refusal::database, code);
  };
  if (wanted.empty()) return refused(database_missing(), "database_unknown");
  Choice choice =
      gateway::choose(snapshot, wanted, admission_.user, listener.protocol == net::Protocol::mysql);
  if (choice.broken) return refused(database_broken(wanted, snapshot.file), "config_invalid");
  if (!choice.database) return refused(database_unknown(wanted, record_.user, chosen), "database_unknown");
  record_.database = std::move(choice.database);
  return {.kind = Decision::Kind::connect};
}

// The failures of its address.

Decision Reception::before_hearing() { return proof_asked_ ? when_due(Pending::nothing) : Decision{}; }

Decision Reception::before_certificate() { return when_due(Pending::nothing); }

/// More failures may have come in the meantime.
Decision Reception::resume() { return when_due(std::exchange(pending_, Pending::nothing)); }

Decision Reception::when_due(Pending what) {
  const auto now = services_.clock.steady();
  const auto wait = services_.slowdown.wait(arrival_.client.group, now) - waited_;
  if (wait.count() > 0) {
    if (waited_.count() == 0) services_.stats.logins_held.fetch_add(1);
    if (services_.held_warning.is_due(now)) {
      services_.log.warning("logins from {} wait {:.2g} s each, because of failed authentications from there",
                            address_group(arrival_.client.group), static_cast<double>(wait.count()) / 1000);
    }
    waited_ += wait;
    pending_ = what;
    return {.kind = Decision::Kind::wait, .time = wait};
  }
  switch (what) {
    case Pending::ask:
      return follow(side_.ask(admission_, expected_password()));
    case Pending::check:
      return {.kind = Decision::Kind::check_password};
    case Pending::nothing:
      break;
  }
  return {};
}

// No session.

Decision Reception::certificate_refused(std::string_view why) { return fail_proof({}, why); }

/// Counts now, whether or not anybody waits for the answer.
Decision Reception::fail_proof(std::string answer, std::string_view reason) {
  const unsigned failures = std::max(side_.guesses(), 1U);
  for (unsigned i = 0; i < failures; ++i)
    services_.slowdown.failed(arrival_.client.group, services_.clock.steady());
  return fail(std::move(answer), "authentication_failed", reason, Refusal::authentication);
}

/// With nothing shown that could be right or wrong it is a health check, a port scan, or comes back with a
/// password, and has failed nothing: counted only. One that has answered, and was asked for its password, has
/// guessed.
Decision Reception::leave_unproven(std::string answer) {
  if (side_.guesses() > 0) {
    return fail_proof(
        std::move(answer),
        "the client's answer was wrong or could not be checked, and its password did not follow");
  }
  services_.stats.probes.fetch_add(1);
  return {.kind = Decision::Kind::dismiss, .answer = std::move(answer)};
}

Decision Reception::evict() {
  if (side_.guesses() > 0) return leave_unproven({});
  services_.stats.refused(Refusal::too_many);
  return {.kind = Decision::Kind::dismiss};
}

Decision Reception::turn_away(const ClientError& error, Refusal refusal, std::string_view code) {
  return fail(side_.encoded(error), code, error.message, refusal);
}

/// The gateway is draining. An audit line only where it has been proven who it is: there may be many.
Decision Reception::refuse_session() {
  const ClientError error = takes_no_sessions();
  services_.stats.refused(Refusal::draining);
  Decision decision{.kind = Decision::Kind::dismiss, .answer = side_.encoded(error)};
  if (record_.authentication.empty()) return decision;
  decision.code = "shutdown";
  decision.message = error.message;
  return decision;
}

Decision Reception::fail(std::string answer, std::string_view code, std::string_view message,
                         Refusal refusal) {
  // A guess counts, however its login ends; but not one that the gateway had no time to look at.
  if (side_.guesses() > 0 && refusal != Refusal::authentication && refusal != Refusal::too_many) {
    return fail_proof(std::move(answer), message);
  }
  services_.stats.refused(refusal);
  return {.kind = Decision::Kind::dismiss,
          .answer = std::move(answer),
          .code = std::string(code),
          .message = std::string(message)};
}

}  // namespace rolegate::gateway
