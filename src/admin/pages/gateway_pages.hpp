#pragma once

#include <string>

#include "admin/http/router.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/stats.hpp"
#include "login/login.hpp"

namespace rolegate::admin {

/// What the pages show. The referents outlive them.
struct Sources {
  const gateway::Observed& gateway;
  const login::LoginService& logins;
  const base::Clock& clock;
  base::Log& log;
  std::string version = {};  ///< of the program, for rolegate_build_info
};

/// /startup, /liveness, /readiness and /metrics of a gateway.
[[nodiscard]] Router gateway_pages(const Sources& sources);

}  // namespace rolegate::admin
