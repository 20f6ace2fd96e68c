#include "gateway/session/pg_client.hpp"

#include <utility>

#include "gateway/session/identify.hpp"
#include "gateway/session/pg_conversation.hpp"
#include "wire/pg/startup_packet.hpp"

namespace rolegate::gateway {

PgClient::PgClient(const Arrival& arrival, SessionServices& services)
    : arrival_(arrival),
      services_(services),
      login_(std::make_unique<wire::pg::ServerLogin>(
          wire::pg::ServerLogin::Options{.tls_offered = arrival.settings->postgresql_tls != nullptr,
                                         .tls_required = arrival.listener->tls_required},
          services.random)) {}

PgClient::~PgClient() { close(); }

Step PgClient::receive(std::string_view bytes) { return step(login_->receive(bytes)); }

Step PgClient::tls_started(const net::Stream& stream) {
  return step(direct_tls_
                  ? login_->direct_tls_started(stream.server_end_point(), stream.application_protocol())
                  : login_->tls_started(stream.server_end_point()));
}

std::string PgClient::take_output() { return login_ ? login_->take_output() : std::string(); }

/// A ClientHello is left in the socket, where TLS reads it.
bool PgClient::begins_with_tls(const net::Stream& stream) {
  if (heard_ || tls_context() == nullptr) return false;
  const std::optional<char> first = stream.peek();
  heard_ = first.has_value();
  direct_tls_ = first == wire::pg::kTlsHandshake;
  return direct_tls_;
}

Step PgClient::step(wire::pg::ServerLogin::Event event) {
  using Event = wire::pg::ServerLogin::Event;
  switch (event) {
    case Event::more:
      return {};
    case Event::start_tls:
      return {.kind = Step::Kind::start_tls};
    case Event::startup:
      return {.kind = services_.draining ? Step::Kind::no_sessions : Step::Kind::admit};
    case Event::authenticated:
      return {.kind = Step::Kind::authenticated, .text = "scram-sha-256"};
    case Event::refused:
      return {.kind = Step::Kind::refused,
              .text = login_->reason(),
              .error = password_refused(login_->startup().user)};
    case Event::cancel:
      return {.kind = Step::Kind::cancel, .key = login_->cancel_key()};
    case Event::failed:
      break;
  }
  return {.kind = Step::Kind::violation, .text = login_->reason()};
}

Step PgClient::trust() { return step(login_->trust()); }

Step PgClient::ask(const Admission&, base::ScramVerifier verifier) {
  return step(login_->ask_scram(std::move(verifier)));
}

Step PgClient::choose(const Admission&) {
  if (services_.draining) return {.kind = Step::Kind::no_sessions};
  return {.kind = Step::Kind::connect, .text = login_->startup().database};
}

std::variant<upstream::PgWish, upstream::MysqlWish> PgClient::wish(
    const config::GatewayUser* identified) const {
  const wire::pg::Startup& startup = login_->startup();
  // On a listener of its own the client's name goes through as it is; else the URI says which database it is.
  const bool own = !arrival_.listener->database.empty() && startup.database_named;
  upstream::PgWish wish{own ? startup.database : std::string(), startup.parameters};
  if (identified != nullptr) identify_in_parameters(wish.parameters, identified->name);
  return wish;
}

ClientSide::Start PgClient::open(const upstream::DatabaseSession& session, const std::string&) {
  const auto& start = std::get<wire::pg::SessionStart>(session.start);
  key_ = services_.cancel_keys.give_out({session.address, session.port, session.tls, start.cancel_key},
                                        login_->startup().cancel_secret_size, services_.random);
  Start opening{wire::pg::authentication_ok() + start.messages() + wire::pg::backend_key_data(*key_) +
                    wire::pg::ready_for_query() + start.rest,
                login_->take_rest(), std::make_unique<PgConversation>(start.rest)};
  login_.reset();
  return opening;
}

void PgClient::close() {
  if (key_) services_.cancel_keys.close(*key_);
  key_.reset();
}

}  // namespace rolegate::gateway
