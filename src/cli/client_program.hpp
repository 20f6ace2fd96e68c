#pragma once

#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "login/login.hpp"

namespace rolegate::cli {

/// The two families of MySQL's command-line client take different options for the same thing.
enum class ClientProgram { psql, mariadb, mysql };

enum class ClientErrc { client_missing, tls_name_unsupported };
[[nodiscard]] std::string_view code_name(ClientErrc code);

/// The full path of `name` by PATH; empty when there is none.
[[nodiscard]] std::string find_in_path(const std::string& name, const base::Environment& environment);

struct InstalledClient {
  ClientProgram program = ClientProgram::psql;
  std::string path;
};

/// The client for an engine: psql; or mariadb, else mysql (which is MariaDB's under another name on Debian).
/// The error names the Debian package to install.
[[nodiscard]] base::Result<InstalledClient> find_client(config::Engine engine,
                                                        const base::Environment& environment);

/// The command line that logs in with `login` when the password is in the environment. psql finds everything
/// there; the MySQL clients take host, user, database and TLS as options. MariaDB's always checks certificate
/// and name, whatever sslmode says: without that check it would go on without TLS when a server offers none.
/// Refuses what a client cannot do safely: a TLS name other than the host it dials (connect_to).
[[nodiscard]] base::Result<std::vector<std::string>> client_command(const InstalledClient& client,
                                                                    const login::Login& login,
                                                                    const std::string& ca_file,
                                                                    const std::vector<std::string>& further);

}  // namespace rolegate::cli
