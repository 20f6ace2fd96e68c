#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/pages/process.hpp"
#include "base/clock.hpp"
#include "gateway/stats.hpp"
#include "login/login.hpp"

namespace rolegate::admin {

/// What the metrics are made of.
struct Measured {
  base::WallTime now;
  std::string version;  ///< of the program; empty: not known
  gateway::Health health;
  gateway::Stats::Snapshot stats;
  login::Counters logins;
  std::vector<login::CredentialState> credentials;
  Process process;
  std::optional<base::WallTime> process_start;
};

/// The metrics of docs/metrics.md in Prometheus' text format, version 0.0.4.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
[[nodiscard]] std::string metrics_text(const Measured& measured);

}  // namespace rolegate::admin
