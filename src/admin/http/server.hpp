#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "admin/admin_server.hpp"
#include "admin/http/page.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "config/gateway.hpp"

namespace rolegate::admin {

struct HttpLimits {
  std::size_t connections = 64;
  std::uint32_t header = 8 * 1024;          ///< bytes
  std::chrono::milliseconds request{5000};  ///< from waiting for it to having read it; as long again to send
};

/// Serves the pages over HTTP/1.1 from one thread, until it is destroyed. A connection too many takes the
/// place of the one that has been waiting for a request longest, so that connections that say nothing, or say
/// it slowly, keep nobody out. Error: admin_listen_failed.
[[nodiscard]] base::Result<std::unique_ptr<AdminServer>> serve_pages(const config::ListenAddress& listen,
                                                                     std::unique_ptr<Pages> pages,
                                                                     const base::Clock& clock, base::Log& log,
                                                                     HttpLimits limits = {});

}  // namespace rolegate::admin
