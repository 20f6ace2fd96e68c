#include "cli/client_program.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client_environment.hpp"

namespace rolegate::cli {
namespace {

bool is_executable_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

/// `mysql` is MariaDB's client under its old name on many systems: "mysql  Ver 15.1 Distrib 10.11.6-MariaDB".
bool says_mariadb(const std::string& program) {
  struct ClosePipe {
    void operator()(std::FILE* pipe) const noexcept { ::pclose(pipe); }
  };
  std::string quoted = "'";  // popen goes through the shell
  for (const char c : program) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::unique_ptr<std::FILE, ClosePipe> pipe(
      ::popen((quoted + "' --version 2>/dev/null").c_str(), "re"));
  if (!pipe) return false;
  std::array<char, 256> line{};
  if (std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr) return false;
  return std::string_view(line.data()).contains("MariaDB");
}

std::string_view mysql_ssl_mode(config::SslMode mode) {
  switch (mode) {
    case config::SslMode::require:
      return "REQUIRED";
    case config::SslMode::verify_ca:
      return "VERIFY_CA";
    case config::SslMode::verify_full:
      return "VERIFY_IDENTITY";
  }
  return {};
}

base::Result<std::vector<std::string>> mysql_command(const InstalledClient& client, const login::Login& login,
                                                     const std::string& ca_file,
                                                     const std::vector<std::string>& further) {
  if (login.dial.host != login.host) {
    return base::fail(
        ClientErrc::tls_name_unsupported,
        fmt::format("'{}' cannot be used for database '{}': it dials {} (connect_to), and MySQL's "
                    "clients can only check the certificate for the name they dial.",
                    client.path, login.database, login.dial.host),
        fmt::format("Use `rolegate query {0}`, which checks the certificate for {1}; or let {1} resolve to "
                    "the tunnel's address (/etc/hosts) and give connect_to the same host name.",
                    login.database, login.host));
  }
  // Ours come last: of options given twice, the last one holds.
  std::vector<std::string> command{client.path};
  command.insert(command.end(), further.begin(), further.end());
  command.push_back("--protocol=TCP");
  command.push_back("--host=" + login.dial.host);
  command.push_back("--port=" + std::to_string(login.dial.port));
  command.push_back("--user=" + login.user);
  if (!ca_file.empty()) command.push_back("--ssl-ca=" + ca_file);
  if (client.program == ClientProgram::mariadb) {
    command.push_back("--ssl-verify-server-cert");
  } else {
    command.push_back(fmt::format("--ssl-mode={}", mysql_ssl_mode(login.ssl_mode)));
    command.push_back("--enable-cleartext-plugin");
  }
  if (!login.db_name.empty()) command.push_back("--database=" + login.db_name);
  return command;
}

}  // namespace

std::string_view code_name(ClientErrc code) {
  switch (code) {
    case ClientErrc::client_missing:
      return "client_missing";
    case ClientErrc::tls_name_unsupported:
      return "tls_name_unsupported";
  }
  return {};
}

std::string find_in_path(const std::string& name, const base::Environment& environment) {
  const std::string path = environment.get_or("PATH", "/usr/local/bin:/usr/bin:/bin");
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find(':', start), path.size());
    // An empty entry means the current directory; nobody wants a client from there.
    if (end > start) {
      const std::string candidate = path.substr(start, end - start) + "/" + name;
      if (is_executable_file(candidate)) return candidate;
    }
    start = end + 1;
  }
  return {};
}

base::Result<InstalledClient> find_client(config::Engine engine, const base::Environment& environment) {
  if (engine != config::Engine::mysql) {
    if (auto path = find_in_path("psql", environment); !path.empty()) {
      return InstalledClient{ClientProgram::psql, std::move(path)};
    }
    return base::fail(ClientErrc::client_missing, "psql is not installed.",
                      "On Debian and Ubuntu: `sudo apt install postgresql-client`.");
  }
  if (auto path = find_in_path("mariadb", environment); !path.empty()) {
    return InstalledClient{ClientProgram::mariadb, std::move(path)};
  }
  if (auto path = find_in_path("mysql", environment); !path.empty()) {
    const auto program = says_mariadb(path) ? ClientProgram::mariadb : ClientProgram::mysql;
    return InstalledClient{program, std::move(path)};
  }
  return base::fail(ClientErrc::client_missing, "Neither mariadb nor mysql is installed.",
                    "On Debian and Ubuntu: `sudo apt install mariadb-client`.");
}

base::Result<std::vector<std::string>> client_command(const InstalledClient& client,
                                                      const login::Login& login, const std::string& ca_file,
                                                      const std::vector<std::string>& further) {
  if (client.program != ClientProgram::psql) return mysql_command(client, login, ca_file, further);
  std::vector<std::string> command{client.path};
  command.insert(command.end(), further.begin(), further.end());
  return command;
}

}  // namespace rolegate::cli
