#include "admin/pages/gateway_pages.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "admin/pages/health.hpp"
#include "admin/pages/metrics.hpp"
#include "admin/pages/process.hpp"

namespace rolegate::admin {
namespace {

constexpr std::array<std::string_view, 4> kPaths{"/startup", "/liveness", "/readiness", "/metrics"};

}  // namespace

GatewayPages::GatewayPages(Sources sources)
    : sources_(std::move(sources)), process_start_(process_start(sources_.clock.now())) {}

bool GatewayPages::has(std::string_view path) const {
  return std::ranges::find(kPaths, path) != kPaths.end();
}

Page GatewayPages::get(std::string_view path) {
  if (path == "/startup") return startup_page(sources_.gateway.health());
  if (path == "/liveness") return liveness_page();
  if (path == "/readiness") return readiness_page(sources_.gateway.health(), sources_.gateway.stats());
  return metrics();
}

std::string GatewayPages::list() const { return "/startup, /liveness, /readiness and /metrics"; }

Page GatewayPages::metrics() const {
  Measured measured{.now = sources_.clock.now(),
                    .version = sources_.version,
                    .health = sources_.gateway.health(),
                    .stats = sources_.gateway.stats(),
                    .logins = sources_.logins.counters(),
                    .credentials = sources_.logins.credentials(),
                    .process = measure_process(),
                    .process_start = process_start_};
  return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(measured)};
}

}  // namespace rolegate::admin
