#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/nearest.hpp"
#include "config/read/load.hpp"
#include "config/read/read_database.hpp"
#include "config/read/read_gateway.hpp"
#include "config/read/taken_addresses.hpp"
#include "config/text/fields.hpp"
#include "config/text/report.hpp"
#include "config/text/yaml.hpp"

namespace rolegate::config {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"feature_flags", "databases", "gateway", "admin"};
constexpr std::array<std::string_view, 1> kReserved{"registry"};

/// The flag after the file and the environment; an override that cannot be understood turns it off, the safe
/// side.
bool read_flag(Fields& top, const base::Environment& environment, Report& report) {
  bool flag = false;
  if (const Node* node = top.of_type("feature_flags", Node::Type::map)) {
    Fields flags(*node, "feature_flags", report);
    flag = flags.boolean(kIamFlag).value_or(false);
    for (const Node::Entry& entry : node->entries) {
      if (entry.key == kIamFlag) continue;
      constexpr std::array<std::string_view, 1> kOnly{kIamFlag};
      const bool near = !base::nearest(entry.key, kOnly).empty();
      report.warning(entry.place, flags.path(entry.key), "is not a flag of this program.",
                     near ? fmt::format("Did you mean '{}'?", kIamFlag) : "");
    }
  }
  const auto override = environment.get(kIamFlagVariable);
  if (!override) return flag;
  if (*override == "1" || base::equals_ignoring_case(*override, "true")) return true;
  if (*override != "0" && !base::equals_ignoring_case(*override, "false")) {
    report.error({}, std::string(kIamFlagVariable), "the environment variable is neither true nor false.",
                 "Set it to true, false, 1 or 0, or unset it.");
  }
  return false;
}

/// A database's keys at the top of the file: what Superset exports for one.
bool is_exported_database(const Node& top) {
  return top.find("databases") == nullptr && top.find("database_name") != nullptr &&
         top.find("sqlalchemy_uri") != nullptr;
}

void check_top_keys(Fields& top, Report& report) {
  if (is_exported_database(top.map())) {
    return report.error(top.map().place, {},
                        "the file is one database, as Superset exports it, and no configuration.",
                        "Write 'databases:' and put it below as an item of that list.");
  }
  for (const Node::Entry& entry : top.map().entries) {
    if (std::ranges::find(kKeys, entry.key) != kKeys.end()) continue;
    if (std::ranges::find(kReserved, entry.key) != kReserved.end()) {
      report.warning(entry.place, entry.key, "not used by this version.");
    } else if (is_database_key(entry.key)) {
      report.error(entry.place, entry.key, "belongs to a database.",
                   "Put it into an item of the list 'databases'.");
    } else {
      top.unknown(entry, kKeys);
    }
  }
}

/// The names in the file, whether or not the rest of their databases is valid.
std::vector<std::string> database_names(Fields& top) {
  std::vector<std::string> names;
  const Node::Entry* entry = top.find("databases");
  if (entry == nullptr) return names;
  for (const NodePtr& item : entry->value->items) {
    if (auto name = name_of(*item)) names.push_back(std::move(*name));
  }
  return names;
}

void read_databases(Fields& top, Config& out, TakenAddresses& taken, Report& report) {
  const Node* list = top.of_type("databases", Node::Type::list);
  if (list == nullptr) {
    const bool follows = is_exported_database(top.map()) || top.is_meant("databases");
    if (!follows && top.is_unset("databases")) {
      report.warning({}, "databases", "no database is configured.", "Add one: '- database_name: NAME'.");
    }
    return;
  }
  std::map<std::string, int> lines;
  for (std::size_t i = 0; i < list->items.size() && !report.full(); ++i) {
    const Node& item = *list->items[i];
    const auto name = name_of(item);
    report.about(name.value_or(fmt::format("#{}", i + 1)));
    auto database = read_database(item, out, taken, report);
    if (!name) continue;
    const Place place = item.find("database_name")->value->place;
    const auto [first, inserted] = lines.emplace(*name, place.line);
    if (!inserted) {
      report.error(place, "database_name",
                   fmt::format("is the name of the database at line {} too.", first->second),
                   "Give each database a name of its own.");
    } else if (database) {
      out.databases.push_back(std::move(*database));
    } else {
      out.broken.push_back(*name);
    }
  }
  report.about({});
}

void warn_of_flag(Fields& top, const Config& config, Report& report) {
  const auto uses_iam = [](const Database& database) { return database.aws_iam.has_value(); };
  const auto count = std::ranges::count_if(config.databases, uses_iam);
  if (config.aws_database_iam_auth || count == 0) return;
  report.warning(top.find("feature_flags") == nullptr ? Place{} : top.place("feature_flags"),
                 fmt::format("feature_flags.{}", kIamFlag),
                 fmt::format("is not true, so {} with aws_iam cannot be logged in to.",
                             count == 1 ? "the database" : fmt::format("the {} databases", count)),
                 fmt::format("Set it to true, or {}=true in the environment.", kIamFlagVariable));
}

/// The sections gateway and admin, and the databases, which all listen somewhere.
void read_listening(Fields& top, Config& out, Report& report) {
  TakenAddresses taken;
  const Node* gateway = top.of_type("gateway", Node::Type::map);
  if (gateway != nullptr) out.gateway = read_gateway(*gateway, database_names(top), taken, report);
  const Node::Entry* entry = top.find("gateway");
  out.gateway_broken = entry != nullptr && entry->value->type != Node::Type::null && !out.gateway;
  if (const Node* admin = top.of_type("admin", Node::Type::map)) {
    out.admin = read_admin(*admin, taken, report).value_or(Admin{});
  }
  read_databases(top, out, taken, report);
  warn_of_flag(top, out, report);
  warn_of_closed_doors(out, gateway, taken, report);
}

}  // namespace

bool Loaded::has_errors() const {
  return std::ranges::any_of(problems,
                             [](const Problem& problem) { return problem.severity == Severity::error; });
}

Loaded load_text(std::string_view text, const std::string& file, const base::Environment& environment) {
  Loaded out;
  out.config.file = file;
  Report report(file);
  const Document document = read_yaml(text);
  const Node nothing;
  const Node* root = document.root ? document.root.get() : &nothing;
  if (document.fault) {
    report.error(document.fault->place, {}, document.fault->message, document.fault->remedy);
  } else if (root->type != Node::Type::map && root->type != Node::Type::null) {
    report.error(root->place, {}, fmt::format("the file must hold a mapping, not {}.", type_name(root->type)),
                 "Begin it with 'databases:'.");
  } else {
    Fields top(*root, {}, report);
    check_top_keys(top, report);
    out.config.aws_database_iam_auth = read_flag(top, environment, report);
    read_listening(top, out.config, report);
  }
  out.problems = report.take();
  out.files = report.take_files();
  return out;
}

}  // namespace rolegate::config
