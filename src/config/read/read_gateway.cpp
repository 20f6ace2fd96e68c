#include "config/read/read_gateway.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/read/read_gateway_users.hpp"
#include "config/read/read_listen.hpp"

namespace rolegate::config {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 11> kFields{
    "postgresql",    "mysql",     "users",          "max_sessions", "login_rate", "idle_timeout",
    "drain_timeout", "audit_log", "audit_required", "identify",     "grace"};
constexpr std::array<std::string_view, 2> kListenerFields{"listen", "tls"};
constexpr std::array<std::string_view, 5> kTlsFields{"cert", "key", "required", "client_ca", "client_crl"};
constexpr std::array<std::string_view, 1> kAdminFields{"listen"};
constexpr std::size_t kMaxPath = 4096;  // PATH_MAX
constexpr std::chrono::milliseconds kMaxIdle = 720h;
constexpr std::chrono::milliseconds kMaxDrain = 24h;
constexpr std::chrono::milliseconds kMaxGrace = 24h;

void check_keys(Fields& fields, std::span<const std::string_view> known) {
  for (const Node::Entry& entry : fields.map().entries) {
    if (std::ranges::find(known, entry.key) == known.end()) fields.unknown(entry, known);
  }
}

std::string path_of(Fields& fields, std::string_view key, Report& report) {
  const auto path = fields.text(key, kMaxPath);
  if (!path) return {};
  report.names_file(path->place, fields.path(key), path->value);
  return path->value;
}

void read_tls(Fields& listeners, GatewayListeners& out, Report& report) {
  const Node* map = listeners.of_type("tls", Node::Type::map);
  if (map == nullptr) return;
  Fields tls(*map, listeners.path("tls"), report);
  check_keys(tls, kTlsFields);
  out.tls_required = tls.boolean("required");
  const bool only_declines = out.tls_required == false && tls.map().entries.size() == 1;
  if (only_declines) return;
  out.tls = GatewayTls{path_of(tls, "cert", report), path_of(tls, "key", report),
                       path_of(tls, "client_ca", report), path_of(tls, "client_crl", report)};
  for (const std::string_view key : {"cert", "key"}) {
    const Node::Entry* entry = tls.find(key);
    if (entry == nullptr || entry->value->type == Node::Type::null)
      tls.error(key, "is missing.", "Name a file in PEM.");
  }
  if (!out.tls->client_crl.empty() && tls.find("client_ca") == nullptr) {
    tls.error("client_crl", "stands without a client_ca.", "Name the CA whose certificates it revokes.");
  }
}

GatewayListeners read_listeners(Fields& gateway, std::string_view key, SocketForm form, TakenAddresses& taken,
                                Report& report) {
  const Node* map = gateway.of_type(key, Node::Type::map);
  if (map == nullptr) return {};
  Fields listeners(*map, gateway.path(key), report);
  check_keys(listeners, kListenerFields);
  GatewayListeners out;
  read_tls(listeners, out, report);
  out.listen = read_listen(listeners, form, encryption_of(out), taken, report);
  return out;
}

Identify read_identify(Fields& gateway) {
  constexpr std::string_view kKey = "identify";
  const auto text = gateway.text(kKey, 64);
  if (!text || text->value == "none") return Identify::none;
  if (text->value != "application_name")
    gateway.error(kKey, fmt::format("must be none or application_name, not {}.", quoted(text->value)));
  return Identify::application_name;
}

bool verifies_clients(const GatewayListeners& listeners) {
  return listeners.tls && !listeners.tls->client_ca.empty();
}

}  // namespace

std::optional<Gateway> read_gateway(const Node& section, std::span<const std::string> databases,
                                    TakenAddresses& taken, Report& report) {
  const std::size_t errors = report.errors();
  Fields fields(section, "gateway", report);
  check_keys(fields, kFields);
  Gateway out;
  out.postgresql = read_listeners(fields, "postgresql", SocketForm::folder, taken, report);
  out.mysql = read_listeners(fields, "mysql", SocketForm::file, taken, report);
  const bool client_ca = verifies_clients(out.postgresql) || verifies_clients(out.mysql);
  out.users = read_gateway_users(fields, {databases, client_ca}, report);
  if (const auto most = fields.whole_number("max_sessions", 1, 1'000'000))
    out.max_sessions = static_cast<std::size_t>(*most);
  if (const auto rate = fields.whole_number("login_rate", 1, 10'000))
    out.login_rate = static_cast<int>(*rate);
  out.idle_timeout = fields.duration("idle_timeout", kMaxIdle).value_or(out.idle_timeout);
  out.drain_timeout = fields.duration("drain_timeout", kMaxDrain).value_or(out.drain_timeout);
  out.audit_log = path_of(fields, "audit_log", report);
  out.audit_required = fields.boolean("audit_required").value_or(out.audit_required);
  out.identify = read_identify(fields);
  out.grace = fields.duration("grace", kMaxGrace).value_or(out.grace);
  if (report.errors() != errors) return std::nullopt;
  return out;
}

std::optional<Admin> read_admin(const Node& section, TakenAddresses& taken, Report& report) {
  const std::size_t errors = report.errors();
  Fields fields(section, "admin", report);
  check_keys(fields, kAdminFields);
  Admin out;
  if (const auto text = fields.text("listen", 256)) {
    if (auto listen = read_listen_address(*text, fields.path("listen"), SocketForm::none, taken, report)) {
      out.configured = true;
      out.listen = std::move(*listen);
      if (!is_local(out.listen)) {
        fields.warning("listen", "can be reached from other machines, and nobody has to log in there.",
                       "Write 127.0.0.1, or let a firewall see to it.");
      }
    }
  }
  if (report.errors() != errors) return std::nullopt;
  return out;
}

void warn_of_closed_doors(const Config& config, const Node* section, const TakenAddresses& taken,
                          Report& report) {
  if (config.gateway_broken) return;
  const std::vector<GatewayUser> nobody;
  const std::vector<GatewayUser>& users = config.gateway ? config.gateway->users : nobody;
  const auto can_use_tcp = [](const GatewayUser& user) { return user.scram || !user.client_cert_cn.empty(); };
  if (taken.first_tcp() && users.empty()) {
    report.warning(*taken.first_tcp(), "gateway.users",
                   "is empty: clients that come over TCP are refused until users exist.",
                   "Add what `rolegate passwd NAME` prints.");
  } else if (taken.first_tcp() && std::ranges::none_of(users, can_use_tcp)) {
    report.warning(*taken.first_tcp(), "gateway.users", "has nobody who could log in over TCP.",
                   "Give a user a password (`rolegate passwd NAME` makes it) or a client_cert_cn.");
  }
  if (section == nullptr || taken.has_unix()) return;
  if (!taken.first_tcp()) {
    report.warning(section->place, "gateway", "listens nowhere.",
                   "Add listen to gateway.postgresql or gateway.mysql.");
  }
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (!users[i].peer_uid) continue;
    const Node& user = *section->find("users")->value->items[i];  // valid, so there are as many as users
    report.warning(user.find("peer_uid")->value->place, fmt::format("gateway.users[{}].peer_uid", i),
                   "is known on unix sockets only, and none is listened on.",
                   "Add 'unix:/run/rolegate' to listen of gateway.postgresql.");
  }
}

}  // namespace rolegate::config
