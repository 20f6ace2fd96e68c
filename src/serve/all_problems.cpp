#include "serve/all_problems.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "gateway/server_tls.hpp"
#include "net/certificates.hpp"
#include "upstream/ca.hpp"
#include "upstream/rds_bundle.hpp"

namespace rolegate::serve {
namespace {

class Check {
 public:
  Check(const config::Loaded& loaded, const base::Clock& clock)
      : loaded_(loaded), problems_(loaded.problems), clock_(clock) {}

  [[nodiscard]] std::vector<config::Problem> run() {
    for (const char* section : {"gateway.postgresql.tls", "gateway.mysql.tls"}) check_tls(section);
    for (const config::NamedFile& file : loaded_.files) {
      if (file.field == "gateway.audit_log") check_audit_log(file);
      if (file.field == "sqlalchemy_uri?sslrootcert") check_root_certificates(file);
      if (file.field.ends_with(']')) check_socket(file);
    }
    return std::move(problems_);
  }

 private:
  void report(const config::NamedFile& file, config::Severity severity, std::string message,
              std::string remedy) {
    config::Problem problem{severity,   loaded_.config.file, file.line,         file.database,
                            file.field, std::move(message),  std::move(remedy), 0};
    problems_.insert(std::ranges::upper_bound(problems_, file.line, {}, &config::Problem::line),
                     std::move(problem));
  }

  [[nodiscard]] const config::NamedFile* file_at(const std::string& field) const {
    const auto found = std::ranges::find(loaded_.files, field, &config::NamedFile::field);
    return found == loaded_.files.end() ? nullptr : &*found;
  }

  void check_tls(const std::string& section) {
    const auto path = [&](const char* key) {
      const config::NamedFile* file = file_at(fmt::format("{}.{}", section, key));
      return file == nullptr ? std::string() : file->path;
    };
    const config::GatewayTls tls{path("cert"), path("key"), path("client_ca"), path("client_crl")};
    for (gateway::TlsFileFault& fault : gateway::check_tls_files(tls, clock_.now())) {
      const config::NamedFile* file = file_at(fmt::format("{}.{}", section, fault.field));
      report(*file, fault.warning ? config::Severity::warning : config::Severity::error,
             std::move(fault.message), std::move(fault.remedy));
    }
  }

  void check_root_certificates(const config::NamedFile& file) {
    auto read = upstream::root_certificates(file.path);
    if (!read) {
      report(file, config::Severity::error, "is of no use: " + read.error().message,
             std::move(read.error().hint));
      return;
    }
    const net::PemCertificates held = net::read_pem_certificates(*read);
    const auto expired = [&](const auto& entry) { return upstream::has_expired(*entry.x509, clock_.now()); };
    if (held.certificates.empty() || !std::ranges::all_of(held.certificates, expired)) return;
    const X509& first = *held.certificates.front().x509;
    report(file, config::Severity::warning,
           fmt::format("{} holds no certificate that is still valid: {} ended on {}.", file.path,
                       net::subject_of(first), net::time_text(*::X509_get0_notAfter(&first))),
           "Name the CAs of today.");
  }

  void check_audit_log(const config::NamedFile& file) {
    const std::filesystem::path path(file.path);
    std::error_code error;
    const bool exists = std::filesystem::exists(path, error);
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    std::string reason;
    auto severity = config::Severity::error;
    if (std::filesystem::is_directory(path, error)) {
      reason = "it is a folder";
    } else if (::access(exists ? path.c_str() : folder.c_str(), exists ? W_OK : W_OK | X_OK) != 0) {
      // The gateway's user need not be the one who asks here, and systemd makes a folder (LogsDirectory=).
      const bool may_be_made =
          errno == ENOENT && std::filesystem::exists(path.parent_path().parent_path(), error);
      if (errno == EACCES || may_be_made) severity = config::Severity::warning;
      reason = std::generic_category().message(errno);
    } else {
      return;
    }
    report(
        file, severity, fmt::format("{} cannot be written: {}.", file.path, reason),
        "Its folder must exist when the gateway starts, and the gateway's user must be able to write there.");
  }

  /// The gateway makes the folder of its sockets, but not the ones above.
  void check_socket(const config::NamedFile& file) {
    namespace fs = std::filesystem;
    const fs::path socket(file.path);
    std::error_code error;
    fs::path folder = socket.parent_path();
    if (!fs::exists(folder, error)) folder = folder.parent_path();
    if (!fs::exists(folder, error)) {
      report(file, config::Severity::error,
             fmt::format("needs the folder {}, which does not exist.", folder.string()),
             "Make it, or choose another path.");
    } else if (!fs::is_directory(folder, error)) {
      report(file, config::Severity::error, fmt::format("needs {} to be a folder.", folder.string()),
             "Choose another path.");
    } else if (fs::exists(socket, error) && !fs::is_socket(socket, error)) {
      report(file, config::Severity::error, fmt::format("{} exists and is not a socket.", file.path),
             "Choose another path.");
    }
  }

  const config::Loaded& loaded_;
  std::vector<config::Problem> problems_;
  const base::Clock& clock_;
};

}  // namespace

std::vector<config::Problem> all_problems(const config::Loaded& loaded, const base::Clock& clock) {
  return Check(loaded, clock).run();
}

}  // namespace rolegate::serve
