#include "config/read/endpoint_checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/database_endpoint.hpp"
#include "base/ip_address.hpp"
#include "base/nearest.hpp"

namespace rolegate::config {
namespace {

constexpr std::string_view kField = "sqlalchemy_uri";
constexpr std::string_view kWriteTheEndpoint =
    "Write the endpoint's own name, and add connect_to=HOST:PORT to dial elsewhere.";

UriProblem error(std::string message, std::string_view remedy) {
  return {std::string(kField), std::move(message), std::string(remedy), false};
}

/// The label of an endpoint that was meant to be "amazonaws"; empty when there is none. Somebody's own domain
/// may look like it, so the rest of the name has to be an endpoint's.
std::string_view misspelt_amazonaws(std::string_view host) {
  constexpr std::string_view kRight = "amazonaws";
  constexpr std::size_t kSlips = 2;
  for (std::size_t begin = 0; begin < host.size();) {
    const std::string_view label = host.substr(begin, host.find('.', begin) - begin);
    if (label.size() <= kRight.size() + kSlips && base::edit_distance(label, kRight) <= kSlips) {
      std::string corrected(host);
      if (base::database_endpoint(corrected.replace(begin, label.size(), kRight))) return label;
    }
    begin += label.size() + 1;
  }
  return {};
}

/// An endpoint of a service that this engine is not.
std::optional<UriProblem> check_service(Engine engine, base::DatabaseEndpoint::Service service) {
  using Service = base::DatabaseEndpoint::Service;
  const bool is_redshift = service == Service::redshift || service == Service::redshift_serverless;
  if (service == Service::dsql) {
    return error("has the host of an Aurora DSQL cluster, whose tokens are of another kind.",
                 "Rolegate does not make them.");
  }
  if (is_redshift && engine != Engine::redshift)
    return error("has the host of a Redshift database.", "Write it as redshift://.");
  if (!is_redshift && engine == Engine::redshift)
    return error("has the host of an RDS database.", "Write it as postgresql:// or mysql://.");
  return std::nullopt;
}

}  // namespace

std::optional<UriProblem> check_iam_host(const Uri& uri) {
  if (uri.host.empty()) return std::nullopt;
  if (const auto endpoint = base::database_endpoint(uri.host))
    return check_service(uri.engine, endpoint->service);
  if (uri.engine == Engine::redshift) return std::nullopt;  // its API is asked for the cluster, not the host
  if (uri.host == "localhost" || base::is_ip_address(uri.host)) {
    return error(
        fmt::format("has the host {}, and a token is for the name that AWS gave the database.", uri.host),
        kWriteTheEndpoint);
  }
  if (const std::string_view label = misspelt_amazonaws(uri.host); !label.empty())
    return error(fmt::format("has '{}' in its host.", label), "Did you mean 'amazonaws'?");
  return UriProblem{std::string(kField),
                    "has a host that is no endpoint of RDS: the database refuses a token for an alias or a "
                    "tunnel.",
                    std::string(kWriteTheEndpoint), true};
}

std::optional<UriProblem> check_port(const Uri& uri) {
  if (!uri.port || *uri.port == default_port(uri.engine)) return std::nullopt;
  for (const Engine other : {Engine::postgresql, Engine::mysql, Engine::redshift}) {
    const bool kin = uri.engine != Engine::mysql && other == Engine::postgresql;  // Redshift takes 5432 too
    if (kin || *uri.port != default_port(other)) continue;
    return UriProblem{std::string(kField),
                      fmt::format("has the port {}, which is {}'s usual one, not {}'s.", *uri.port,
                                  engine_name(other), engine_name(uri.engine)),
                      "Is it the right scheme?", true};
  }
  return std::nullopt;
}

}  // namespace rolegate::config
