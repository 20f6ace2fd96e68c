#pragma once

#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "login/login.hpp"

namespace rolegate::upstream {

/// Whom a server's certificate may be traced back to.
struct TrustedCertificates {
  std::string pem;
  std::string
      origin;  ///< for people: "sslrootcert /etc/ca.pem", "Amazon's RDS bundle … and the system store …"
  std::string missing;    ///< sentences about what should have been there too, with the remedy; may be empty
  std::string file = {};  ///< that holds exactly this; empty: there is none
  std::string rds_bundle = {};  ///< the file of Amazon's bundle that is part of it; empty: none is
};

/// The certificates (PEM text) a login's server certificate must chain to: the file of sslrootcert; else for
/// *.rds.amazonaws.com* Amazon's RDS bundle (installed with the program) together with the system store; else
/// the system store. sslrootcert=system is the system store. An RDS endpoint without the bundle gets the
/// system store alone, which is enough for RDS Proxy, and `missing` says so. An entry of a file that is no
/// certificate is passed over and named in `missing`: it does not void the others. The error (ca_missing)
/// names the places that were looked at.
///
/// The bundle: $ROLEGATE_RDS_CA_BUNDLE; else what `rolegate ca update` keeps in $XDG_DATA_HOME/rolegate or
/// /var/lib/rolegate-ca; else rds-ca-bundle.pem where it was installed, in ../share/rolegate or beside the
/// program or this library. The system store: $SSL_CERT_FILE; else the places of the distributions.
/// What a variable names or `rolegate ca update` keeps is judged as sslrootcert is (base::check_file_trust).
[[nodiscard]] base::Result<TrustedCertificates> trusted_certificates(const login::Login& login,
                                                                     const base::Environment& environment);
/// `missing`, or that Amazon's bundle has no CA for the host's region. This decodes all the certificates,
/// which is for who has been refused or checks a configuration: a login that succeeds has no time for it.
[[nodiscard]] std::string what_is_missing(const TrustedCertificates& trusted, std::string_view host);
/// The text of a file of CA certificates that sslrootcert names. The error says what is wrong with it: nobody
/// may have written it but this user and root, and it must hold certificates in PEM form.
[[nodiscard]] base::Result<std::string> root_certificates(const std::string& file);
/// Their text alone.
[[nodiscard]] base::Result<std::string> ca_certificates(const login::Login& login,
                                                        const base::Environment& environment);

/// The same as a file, for programs that only take a path: sslrootcert itself, or a file below the user's
/// cache directory ($XDG_CACHE_HOME/rolegate) that is written anew when its content would change.
[[nodiscard]] base::Result<std::string> ca_file(const login::Login& login,
                                                const base::Environment& environment);

/// Amazon's RDS bundle for a partition ("aws") that is in use, as it is.
struct RdsBundle {
  std::string file;
  std::string pem;
};
[[nodiscard]] base::Result<RdsBundle> find_rds_bundle(const base::Environment& environment,
                                                      std::string_view partition);

/// Amazon's RDS certificates sign the endpoints below these names; nothing else's.
[[nodiscard]] bool is_rds_endpoint(std::string_view host);

}  // namespace rolegate::upstream
