#include "admin/pages/gateway_pages.hpp"

#include <optional>

#include "admin/pages/health.hpp"
#include "admin/pages/metrics.hpp"
#include "admin/pages/process.hpp"

namespace rolegate::admin {
namespace {

HttpAnswer metrics_page(const Sources& sources, std::optional<base::WallTime> process_start) {
  const Measured measured{.now = sources.clock.now(),
                          .version = sources.version,
                          .health = sources.gateway.health(),
                          .stats = sources.gateway.stats(),
                          .logins = sources.logins.counters(),
                          .credentials = sources.logins.credentials(),
                          .process = measure_process(),
                          .process_start = process_start};
  return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(measured)};
}

}  // namespace

Router gateway_pages(const Sources& sources) {
  const gateway::Observed& gateway = sources.gateway;
  Router router;
  router.add("/startup", "GET", [&gateway](const RoutedRequest&) { return startup_page(gateway.health()); });
  router.add("/liveness", "GET", [](const RoutedRequest&) { return liveness_page(); });
  router.add("/readiness", "GET",
             [&gateway](const RoutedRequest&) { return readiness_page(gateway.health(), gateway.stats()); });
  router.add("/metrics", "GET",
             [sources, started = process_start(sources.clock.now())](const RoutedRequest&) {
               return metrics_page(sources, started);
             });
  return router;
}

}  // namespace rolegate::admin
