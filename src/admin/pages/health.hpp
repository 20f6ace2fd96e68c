#pragma once

#include "admin/http/answer.hpp"
#include "gateway/stats.hpp"

namespace rolegate::admin {

/// 200 once the gateway has started, and from then on; 503 before.
[[nodiscard]] HttpAnswer startup_page(const gateway::Health& health);
/// 200: whoever asks is answered, so the process lives.
[[nodiscard]] HttpAnswer liveness_page();
/// 200 while new sessions are taken: started, not draining, and at least one listener works. Databases whose
/// last login failed are named with code and message, but make nothing of it: sessions of the others go on.
[[nodiscard]] HttpAnswer readiness_page(const gateway::Health& health, const gateway::Stats::Snapshot& stats);

/// What /readiness is about, for a metric of it.
[[nodiscard]] bool is_ready(const gateway::Health& health);

}  // namespace rolegate::admin
