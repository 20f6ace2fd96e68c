#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "admin/http/router.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "config/gateway.hpp"

namespace rolegate::admin {

enum class Errc { admin_listen_failed };
[[nodiscard]] std::string_view code_name(Errc code);

struct HttpLimits {
  std::size_t connections = 64;
  std::size_t jobs = 32;  ///< fewer than connections: what is answered at once is answered meanwhile
  std::uint32_t header = 8 * 1024;          ///< bytes
  std::chrono::milliseconds request{5000};  ///< from waiting for it to having read it; as long again to send
};

/// Answers over HTTP/1.1, from a thread of its own. Requests are bounded in size, time and number.
/// Thread-safe.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// Where it really listens: "127.0.0.1:41234".
  [[nodiscard]] virtual const std::string& address() const = 0;
};

/// Serves what the router has until it is destroyed, which takes no longer than the handlers' jobs. `listen`
/// is an IP address and a port. A connection too many takes the place of the one that has been waiting for a
/// request longest, so that connections that say nothing, or say it slowly, keep nobody out. Error:
/// admin_listen_failed.
[[nodiscard]] base::Result<std::unique_ptr<HttpServer>> start_http_server(const base::ListenAddress& listen,
                                                                          Router router,
                                                                          const base::Clock& clock,
                                                                          base::Log& log,
                                                                          HttpLimits limits = {});

}  // namespace rolegate::admin
