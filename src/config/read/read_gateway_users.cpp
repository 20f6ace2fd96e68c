#include "config/read/read_gateway_users.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "config/read/password_verifiers.hpp"

namespace rolegate::config {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 8> kFields{"name",      "password",     "peer_uid", "client_cert_cn",
                                                  "databases", "max_sessions", "max_age",  "addresses"};
constexpr std::string_view kAll = "*";
constexpr std::size_t kMaxUsers = 10000;
constexpr std::size_t kMaxDatabases = 10000;
constexpr std::size_t kMaxDatabaseName = 250;
constexpr std::size_t kMaxCommonName = 256;
constexpr std::size_t kMaxNetworks = 1000;
constexpr std::size_t kMaxNetwork = 64;  // the longest, "ffff:…:255.255.255.255/128", has 49
constexpr std::int64_t kMaxSessions = 1'000'000;
constexpr std::chrono::milliseconds kMaxAge = 720h;
constexpr std::int64_t kMaxUid = 0xFFFFFFFE;  // (uid_t)-1 stands for nobody in chown(2) and its kin

class Reader {
 public:
  Reader(const UserSurroundings& surroundings, Report& report)
      : surroundings_(surroundings),
        report_(report),
        databases_(surroundings.databases.begin(), surroundings.databases.end()) {}

  [[nodiscard]] GatewayUser read(Fields& user) {
    GatewayUser out;
    for (const Node::Entry& entry : user.map().entries) {
      if (std::ranges::find(kFields, entry.key) == kFields.end()) user.unknown(entry, kFields);
    }
    read_name(user, out);
    read_ways_in(user, out);
    read_databases(user, out);
    read_addresses(user, out);
    if (const auto most = user.whole_number("max_sessions", 1, kMaxSessions))
      out.max_sessions = static_cast<std::size_t>(*most);
    out.max_age = user.duration("max_age", kMaxAge).value_or(out.max_age);
    return out;
  }

 private:
  void read_name(Fields& user, GatewayUser& out) {
    const auto name = user.text("name", kMaxUserName);
    if (!name) {
      if (user.find("name") == nullptr || user.find("name")->value->type == Node::Type::null)
        user.error("name", "is missing.", "Give the user a name.");
      return;
    }
    out.name = name->value;
    const auto [first, inserted] = lines_.emplace(out.name, name->place.line);
    if (!inserted) {
      user.error("name", fmt::format("is the name of the user at line {} too.", first->second),
                 "Give each user a name of its own.");
    }
  }

  void read_ways_in(Fields& user, GatewayUser& out) {
    read_password(user, out);
    const Node::Entry* peer = user.find("peer_uid");
    if (peer != nullptr && peer->value->type == Node::Type::string) {
      user.error("peer_uid", "must be a whole number, not a string.",
                 "Write the number that `id -u` prints.");
    } else if (const auto uid = user.whole_number("peer_uid", 0, kMaxUid)) {
      out.peer_uid = static_cast<std::uint32_t>(*uid);
    }
    if (const auto name = user.text("client_cert_cn", kMaxCommonName)) {
      out.client_cert_cn = name->value;
      if (!surroundings_.client_ca) {
        user.error("client_cert_cn", "needs a client_ca, and no listener has one.",
                   "Add client_ca to the tls of gateway.postgresql or gateway.mysql.");
      }
    }
    const auto is_absent = [&](std::string_view key) {
      const Node::Entry* entry = user.find(key);
      return entry == nullptr || entry->value->type == Node::Type::null;
    };
    if (is_absent("password") && is_absent("peer_uid") && is_absent("client_cert_cn")) {
      user.error({}, "has no way to log in.",
                 "Add a password (made by `rolegate passwd`), a peer_uid or a client_cert_cn.");
    }
  }

  /// Not by Fields::text: no message may say anything of the value, not even that a number should be quoted.
  void read_password(Fields& user, GatewayUser& out) {
    const Node::Entry* entry = user.find("password");
    if (entry == nullptr || entry->value->type == Node::Type::null) return;
    auto verifiers = parse_password_verifiers(entry->value->text);
    if (!verifiers) {
      user.error("password", std::move(verifiers.error().message), std::move(verifiers.error().remedy));
      return;
    }
    out.scram = std::move(verifiers->scram);
    out.mysql_native = verifiers->mysql_native;
  }

  void read_databases(Fields& user, GatewayUser& out) {
    const Node::Entry* entry = user.find("databases");
    const Node::Type type = entry == nullptr ? Node::Type::null : entry->value->type;
    if (type == Node::Type::null || (type == Node::Type::list && entry->value->items.empty())) {
      user.error("databases", type == Node::Type::null ? "is missing." : "is empty.",
                 "List the databases that the user may use, or write [\"*\"] for all.");
      return;
    }
    if (type == Node::Type::string) {
      user.error("databases", "must be a list, not a string.", "Put it into brackets: [\"*\"].");
      return;
    }
    for (Fields::Text& name : user.texts("databases", kMaxDatabases, kMaxDatabaseName)) {
      if (name.value == kAll) {
        out.all_databases = true;
      } else if (databases_.contains(name.value)) {
        out.databases.push_back(std::move(name.value));
      } else {
        unknown_database(fmt::format("{}[{}]", user.path("databases"), name.index), name);
      }
    }
  }

  void read_addresses(Fields& user, GatewayUser& out) {
    constexpr std::string_view kKey = "addresses";
    const Node::Entry* entry = user.find(kKey);
    if (entry != nullptr && entry->value->type == Node::Type::list && entry->value->items.empty()) {
      user.error(kKey, "is empty.", "List networks, or leave it out to let the user come from anywhere.");
    }
    for (const Fields::Text& text : user.texts(kKey, kMaxNetworks, kMaxNetwork)) {
      if (auto network = Network::parse(text.value)) {
        out.addresses.push_back(*network);
      } else {
        report_.error(text.place, fmt::format("{}[{}]", user.path(kKey), text.index),
                      std::move(network.error().message), std::move(network.error().remedy));
      }
    }
  }

  void unknown_database(const std::string& field, const Fields::Text& name) {
    const std::string_view nearest = nearest_database(name.value);
    report_.error(name.place, field, fmt::format("{} is not a configured database.", quoted(name.value)),
                  nearest.empty() ? "`rolegate config list` lists them."
                                  : fmt::format("Did you mean {}?", quoted(nearest)));
  }

  /// Looking for one takes as many steps as the two texts have pairs of bytes: there is an end to that in a
  /// file with thousands of databases and thousands of slips.
  [[nodiscard]] std::string_view nearest_database(std::string_view word) {
    const std::vector<std::string_view> names(databases_.begin(), databases_.end());
    std::size_t steps = 0;
    for (const std::string_view name : names) steps += word.size() * name.size();
    if (steps > steps_left_) return {};
    steps_left_ -= steps;
    return base::nearest(word, names);
  }

  const UserSurroundings& surroundings_;
  Report& report_;
  std::set<std::string_view> databases_;
  std::map<std::string, int> lines_;  ///< of the names
  std::size_t steps_left_ = 50'000'000;
};

}  // namespace

std::vector<GatewayUser> read_gateway_users(Fields& gateway, const UserSurroundings& surroundings,
                                            Report& report) {
  const Node* list = gateway.of_type("users", Node::Type::list);
  if (list == nullptr) return {};
  if (list->items.size() > kMaxUsers) {
    gateway.error("users", fmt::format("has {} items.", list->items.size()),
                  fmt::format("It may have {}.", kMaxUsers));
    return {};
  }
  std::vector<GatewayUser> users;
  Reader reader(surroundings, report);
  for (std::size_t i = 0; i < list->items.size() && !report.full(); ++i) {
    const Node& item = *list->items[i];
    const std::string path = fmt::format("{}[{}]", gateway.path("users"), i);
    if (item.type != Node::Type::map) {
      report.error(item.place, path, fmt::format("must be a mapping, not {}.", type_name(item.type)),
                   "`rolegate passwd NAME` prints one.");
      continue;
    }
    Fields user(item, path, report);
    users.push_back(reader.read(user));
  }
  return users;
}

}  // namespace rolegate::config
