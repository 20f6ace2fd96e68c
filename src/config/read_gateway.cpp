#include "config/read_gateway.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/gateway_users.hpp"
#include "config/read_listen.hpp"

namespace rolegate::config {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 8> kFields{"postgresql",    "mysql",      "users",
                                                  "max_sessions",  "login_rate", "idle_timeout",
                                                  "drain_timeout", "audit_log"};
constexpr std::array<std::string_view, 2> kListenerFields{"listen", "tls"};
constexpr std::array<std::string_view, 3> kTlsFields{"cert", "key", "client_ca"};
constexpr std::array<std::string_view, 1> kAdminFields{"listen"};
constexpr std::size_t kMaxPath = 4096;  // PATH_MAX
constexpr std::chrono::milliseconds kMaxIdle = 720h;
constexpr std::chrono::milliseconds kMaxDrain = 24h;

void check_keys(Fields& fields, std::span<const std::string_view> known) {
  for (const Node::Entry& entry : fields.map().entries) {
    if (std::ranges::find(known, entry.key) == known.end()) fields.unknown(entry, known);
  }
}

std::string path_of(Fields& fields, std::string_view key) {
  const auto path = fields.text(key, kMaxPath);
  return path ? path->value : std::string();
}

std::optional<GatewayTls> read_tls(Fields& listeners, Report& report) {
  const Node* map = listeners.of_type("tls", Node::Type::map);
  if (map == nullptr) return std::nullopt;
  Fields tls(*map, listeners.path("tls"), report);
  check_keys(tls, kTlsFields);
  GatewayTls out{path_of(tls, "cert"), path_of(tls, "key"), path_of(tls, "client_ca")};
  for (const std::string_view key : {"cert", "key"}) {
    const Node::Entry* entry = tls.find(key);
    if (entry == nullptr || entry->value->type == Node::Type::null)
      tls.error(key, "is missing.", "Name a file in PEM.");
  }
  return out;
}

GatewayListeners read_listeners(Fields& gateway, std::string_view key, SocketForm form, TakenAddresses& taken,
                                Report& report) {
  const Node* map = gateway.of_type(key, Node::Type::map);
  if (map == nullptr) return {};
  Fields listeners(*map, gateway.path(key), report);
  check_keys(listeners, kListenerFields);
  return {read_listen(listeners, form, taken, report), read_tls(listeners, report)};
}

bool verifies_clients(const GatewayListeners& listeners) {
  return listeners.tls && !listeners.tls->client_ca.empty();
}

}  // namespace

std::optional<Gateway> read_gateway(Fields& section, std::span<const std::string> databases,
                                    TakenAddresses& taken, Report& report) {
  const std::size_t errors = report.errors();
  check_keys(section, kFields);
  Gateway out;
  out.postgresql = read_listeners(section, "postgresql", SocketForm::folder, taken, report);
  out.mysql = read_listeners(section, "mysql", SocketForm::file, taken, report);
  const bool client_ca = verifies_clients(out.postgresql) || verifies_clients(out.mysql);
  out.users = read_gateway_users(section, {databases, client_ca}, report);
  if (const auto most = section.whole_number("max_sessions", 1, 1'000'000))
    out.max_sessions = static_cast<std::size_t>(*most);
  if (const auto rate = section.whole_number("login_rate", 1, 10'000))
    out.login_rate = static_cast<int>(*rate);
  out.idle_timeout = section.duration("idle_timeout", kMaxIdle).value_or(out.idle_timeout);
  out.drain_timeout = section.duration("drain_timeout", kMaxDrain).value_or(out.drain_timeout);
  out.audit_log = path_of(section, "audit_log");
  if (report.errors() != errors) return std::nullopt;
  return out;
}

std::optional<Admin> read_admin(Fields& section, TakenAddresses& taken, Report& report) {
  const std::size_t errors = report.errors();
  check_keys(section, kAdminFields);
  Admin out;
  if (const auto text = section.text("listen", 256)) {
    if (auto listen = read_listen_address(*text, section.path("listen"), SocketForm::none, taken, report)) {
      out.configured = true;
      out.listen = std::move(*listen);
      if (!is_local(out.listen)) {
        section.warning("listen", "can be reached from other machines, and nobody has to log in there.",
                        "Write 127.0.0.1, or let a firewall see to it.");
      }
    }
  }
  if (report.errors() != errors) return std::nullopt;
  return out;
}

void warn_of_closed_doors(const Config& config, Fields* section, const TakenAddresses& taken,
                          Report& report) {
  if (config.gateway_broken) return;
  const std::vector<GatewayUser> nobody;
  const std::vector<GatewayUser>& users = config.gateway ? config.gateway->users : nobody;
  if (taken.first_tcp()) {
    const auto& [address, place] = *taken.first_tcp();
    const auto can_use_tcp = [](const GatewayUser& user) {
      return user.scram || !user.client_cert_cn.empty();
    };
    if (users.empty()) {
      report.warning(place, "gateway.users",
                     "is empty: clients that come over TCP are refused until users exist.",
                     "Add what `rolegate passwd NAME` prints.");
    } else if (std::ranges::none_of(users, can_use_tcp)) {
      report.warning(place, "gateway.users", "has nobody who could log in over TCP.",
                     "Give a user a password (`rolegate passwd NAME` makes it) or a client_cert_cn.");
    }
  }
  if (section == nullptr) return;
  if (!taken.first_tcp() && !taken.has_unix()) {
    section->warning({}, "listens nowhere.", "Add listen to gateway.postgresql or gateway.mysql.");
  }
  for (std::size_t i = 0; i < users.size() && !taken.has_unix(); ++i) {
    if (!users[i].peer_uid) continue;
    Fields user(*section->find("users")->value->items[i], fmt::format("{}[{}]", section->path("users"), i),
                report);
    user.warning("peer_uid", "is known on unix sockets only, and none is listened on.",
                 "Add 'unix:/run/rolegate' to listen of gateway.postgresql.");
  }
}

}  // namespace rolegate::config
