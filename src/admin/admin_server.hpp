#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "config/gateway.hpp"
#include "gateway/stats.hpp"
#include "login/login.hpp"

namespace rolegate::admin {

enum class Errc { admin_listen_failed };
[[nodiscard]] std::string_view code_name(Errc code);

/// What the pages show. The referents outlive the server.
struct Sources {
  const gateway::Observed& gateway;
  const login::LoginService& logins;
  const base::Clock& clock;
  base::Log& log;
  std::string version = {};  ///< of the program, for rolegate_build_info
};

/// GET /startup, /liveness, /readiness (JSON; 200 or 503) and /metrics (Prometheus' text format 0.0.4), over
/// HTTP/1.1, from a thread of its own. Requests are bounded in size, time and number. Thread-safe.
class AdminServer {
 public:
  virtual ~AdminServer() = default;
  /// Where it really listens: "127.0.0.1:41234".
  [[nodiscard]] virtual const std::string& address() const = 0;
};

/// Listens and serves until it is destroyed, which takes no longer than a page does. `listen` is an IP
/// address and a port. Error: admin_listen_failed.
[[nodiscard]] base::Result<std::unique_ptr<AdminServer>> start_admin_server(
    const config::ListenAddress& listen, Sources sources);

}  // namespace rolegate::admin
