#include "serve/listeners.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace rolegate::serve {
namespace json = boost::json;

std::string listener_text(const gateway::Gateway::Door& door) {
  return fmt::format("{} at {}{}", door.wire == net::Wire::mysql ? "MySQL" : "PostgreSQL", door.address,
                     door.database.empty() ? "" : fmt::format(" (database {})", door.database));
}

std::string listeners_json(const std::vector<gateway::Gateway::Door>& doors, const std::string& admin) {
  json::array listeners;
  for (const gateway::Gateway::Door& door : doors) {
    json::object listener{{"protocol", door.wire == net::Wire::mysql ? "mysql" : "postgresql"},
                          {"address", door.address}};
    if (!door.database.empty()) listener["database"] = door.database;
    listeners.push_back(std::move(listener));
  }
  if (!admin.empty()) listeners.push_back(json::object{{"protocol", "http"}, {"address", admin}});
  return json::serialize(listeners);
}

}  // namespace rolegate::serve
