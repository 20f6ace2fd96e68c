#include "serve/listeners.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace rolegate::serve {
namespace json = boost::json;

std::string listener_text(const gateway::Listener& listener) {
  return fmt::format("{} at {}{}", listener.protocol == net::Protocol::mysql ? "MySQL" : "PostgreSQL",
                     listener.address,
                     listener.database.empty() ? "" : fmt::format(" (database {})", listener.database));
}

std::string listeners_json(const std::vector<gateway::Listener>& listeners, const std::string& admin) {
  json::array all;
  for (const gateway::Listener& listener : listeners) {
    json::object shown{{"protocol", listener.protocol == net::Protocol::mysql ? "mysql" : "postgresql"},
                       {"address", listener.address}};
    if (!listener.database.empty()) shown["database"] = listener.database;
    all.push_back(std::move(shown));
  }
  if (!admin.empty()) all.push_back(json::object{{"protocol", "http"}, {"address", admin}});
  return json::serialize(all);
}

}  // namespace rolegate::serve
