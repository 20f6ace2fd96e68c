#include "admin/pages/health.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/iso8601.hpp"
#include "base/utf8.hpp"

namespace rolegate::admin {
namespace {

namespace json = boost::json;

HttpAnswer json_page(bool well, const json::object& body) {
  return {well ? 200U : 503U, "application/json", json::serialize(body) + "\n"};
}

/// JSON is UTF-8; a message may hold what a server said.
std::string_view json_text(std::string_view text) {
  return base::is_utf8(text) ? text : "(the text is not valid UTF-8)";
}

json::object listeners(const gateway::Health& health) {
  return {{"working", health.listeners_working}, {"configured", health.listeners_configured}};
}

/// What keeps the gateway from being ready, for people.
json::array reasons(const gateway::Health& health) {
  json::array reasons;
  if (!health.started) reasons.emplace_back("the gateway has not started yet");
  if (health.draining) reasons.emplace_back("the gateway is draining: it takes no new sessions");
  if (health.listeners_working == 0) reasons.emplace_back("no listener works");
  return reasons;
}

json::array failing_databases(const gateway::Stats::Snapshot& stats) {
  json::array failing;
  for (const auto& database : stats.databases) {
    if (!database.last_login || database.last_login->outcome == "ok") continue;
    failing.push_back(json::object{{"database", json_text(database.name)},
                                   {"engine", config::engine_name(database.engine)},
                                   {"at", base::format_iso8601(database.last_login->at)},
                                   {"code", json_text(database.last_login->outcome)},
                                   {"message", json_text(database.last_login->message)}});
  }
  return failing;
}

}  // namespace

bool is_ready(const gateway::Health& health) {
  return health.started && !health.draining && health.listeners_working > 0;
}

HttpAnswer startup_page(const gateway::Health& health) {
  return json_page(health.started, {{"started", health.started}, {"listeners", listeners(health)}});
}

HttpAnswer liveness_page() { return json_page(true, {{"alive", true}}); }

HttpAnswer readiness_page(const gateway::Health& health, const gateway::Stats::Snapshot& stats) {
  const bool ready = is_ready(health);
  return json_page(ready, {{"ready", ready},
                           {"reasons", reasons(health)},
                           {"started", health.started},
                           {"draining", health.draining},
                           {"listeners", listeners(health)},
                           {"failing_databases", failing_databases(stats)}});
}

}  // namespace rolegate::admin
