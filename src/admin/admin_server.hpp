#pragma once

#include <memory>

#include "admin/http/server.hpp"
#include "admin/pages/gateway_pages.hpp"

namespace rolegate::admin {

/// GET /startup, /liveness, /readiness (JSON; 200 or 503) and /metrics (Prometheus' text format 0.0.4).
/// Errors: those of start_http_server.
[[nodiscard]] base::Result<std::unique_ptr<HttpServer>> start_admin_server(const base::ListenAddress& listen,
                                                                           const Sources& sources);

}  // namespace rolegate::admin
