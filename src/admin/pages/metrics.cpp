#include "admin/pages/metrics.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "admin/pages/health.hpp"
#include "admin/pages/metric_families.hpp"
#include "config/database.hpp"

namespace rolegate::admin {
namespace {

double seconds(std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); }
double unix_time(base::WallTime time) { return seconds(time.time_since_epoch()); }

void add_health(MetricFamilies& out, const Measured& measured) {
  const gateway::Health& health = measured.health;
  out.gauge("rolegate_build_info", "Always 1; the label says which version of the program this is.")
      .add(true, {{"version", measured.version}});
  out.gauge("rolegate_ready", "1 while new sessions are taken, as /readiness says, else 0.")
      .add(is_ready(health));
  out.gauge("rolegate_draining", "1 while open sessions may finish and no new ones are taken, else 0.")
      .add(health.draining);
  out.gauge("rolegate_listeners_configured", "Addresses that the configuration says to listen on.")
      .add(std::uint64_t{health.listeners_configured});
  out.gauge("rolegate_listeners_working", "Addresses on which connections are accepted right now.")
      .add(std::uint64_t{health.listeners_working});
}

void add_gateway(MetricFamilies& out, const gateway::Stats::Snapshot& stats) {
  out.counter("rolegate_connections_total", "Client connections that were accepted.").add(stats.connections);
  out.gauge("rolegate_open_connections", "Client connections that are open, logged in or not.")
      .add(stats.connections_now);
  out.gauge("rolegate_authenticating_connections", "Open client connections that have not authenticated yet.")
      .add(stats.authenticating_now);
  Family& refusals =
      out.counter("rolegate_refusals_total", "Client connections that were not let in, by reason.");
  for (std::size_t i = 0; i < gateway::kRefusals; ++i) {
    refusals.add(stats.refusals[i], {{"reason", gateway::refusal_name(static_cast<gateway::Refusal>(i))}});
  }
  out.counter("rolegate_probes_total",
              "Client connections that ended before any proof of who it is was looked at: health checks and "
              "the like.")
      .add(stats.probes);
  out.counter("rolegate_logins_held_total",
              "Logins that had to wait because of failed authentications from the same address.")
      .add(stats.logins_held);
  out.counter("rolegate_cancels_total", "Requests to cancel a query that were passed on to a database.")
      .add(stats.cancels);
  out.counter("rolegate_audit_lines_lost_total", "Lines of the audit log that could not be written.")
      .add(stats.audit_lines_lost);
  out.counter("rolegate_reloads_total", "Reloads of the configuration, by outcome.")
      .add(stats.reloads, {{"outcome", "ok"}})
      .add(stats.reloads_failed, {{"outcome", "failed"}});
}

void add_databases(MetricFamilies& out, const std::vector<gateway::DatabaseStats::Snapshot>& databases) {
  Family& sessions = out.gauge("rolegate_sessions", "Sessions that are open and logged in to the database.");
  Family& logins = out.counter("rolegate_logins_total", "Logins to the database, by outcome.");
  Family& last_ok =
      out.gauge("rolegate_last_login_success", "1 if the last login succeeded, 0 if it failed.");
  Family& last_at = out.gauge("rolegate_last_login_timestamp_seconds",
                              "When the last login ended, in seconds since 1970 (UTC).");
  Family& steps = out.histogram("rolegate_step_duration_seconds", "How long each step of a login took.");
  Family& bytes = out.counter("rolegate_bytes_total", "Bytes that were relayed in sessions, by direction.");
  for (const auto& database : databases) {
    const Label name{"database", database.name};
    const Label engine{"engine", config::engine_name(database.engine)};
    sessions.add(database.sessions, {name, engine});
    for (const auto& [outcome, count] : database.logins)
      logins.add(count, {name, engine, {"outcome", outcome}});
    if (const auto& last = database.last_login) {
      last_ok.add(last->outcome == "ok", {name, engine});
      last_at.add(unix_time(last->at), {name, engine});
    }
    for (const auto& [step, durations] : database.steps) {
      steps.add(durations, {name, engine, {"step", login::step_code(step)}});
    }
    bytes.add(database.bytes_to_client, {name, engine, {"direction", "to_client"}});
    bytes.add(database.bytes_to_database, {name, engine, {"direction", "to_database"}});
  }
}

/// Prometheus takes no series twice. Of credentials with the same labels (they differ in the external id,
/// say, or in the database user) the oldest age and the nearest end are shown: those are what there is to
/// worry about.
void add_credentials(MetricFamilies& out, const Measured& measured) {
  struct Worst {
    base::WallTime obtained_at = base::WallTime::max();
    base::WallTime expires_at = base::WallTime::max();
  };
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, Worst> by_labels;
  for (const login::CredentialState& state : measured.credentials) {
    Worst& worst = by_labels[{state.role_arn, state.region, state.target}];
    worst.obtained_at = std::min(worst.obtained_at, state.obtained_at);
    worst.expires_at = std::min(worst.expires_at, state.expires_at);
  }
  Family& age = out.gauge("rolegate_credential_age_seconds",
                          "How long ago AWS gave the credentials that are kept for this role or target.");
  Family& expiry =
      out.gauge("rolegate_credential_expiry_seconds", "How long it is until those credentials end.");
  for (const auto& [labels, worst] : by_labels) {
    const Label role{"role_arn", std::get<0>(labels)};
    const Label region{"region", std::get<1>(labels)};
    const Label target{"target", std::get<2>(labels)};
    age.add(seconds(measured.now - worst.obtained_at), {role, region, target});
    if (worst.expires_at == base::WallTime::max()) continue;  // they do not
    expiry.add(seconds(worst.expires_at - measured.now), {role, region, target});
  }
}

void add_logins(MetricFamilies& out, const login::Counters& logins) {
  out.counter("rolegate_assume_role_calls_total", "AssumeRole calls; a call and its retries count as one.")
      .add(logins.assume_role_calls);
  out.counter("rolegate_redshift_calls_total",
              "Calls to Redshift's APIs, for temporary passwords and endpoints.")
      .add(logins.redshift_calls);
  out.counter("rolegate_credential_cache_hits_total",
              "Times that role credentials or a Redshift login were found in memory.")
      .add(logins.cache_hits);
  out.counter("rolegate_credential_cache_misses_total",
              "Times that they were not found, or were past their time.")
      .add(logins.cache_misses);
  out.counter("rolegate_credential_cache_stale_total",
              "Of the misses, those that went on with what was past its time but still valid.")
      .add(logins.stale_answers);
  out.counter("rolegate_credential_renewals_total", "Credentials that were renewed in the background.")
      .add(logins.background_renewals);
  out.counter("rolegate_credential_renewal_failures_total",
              "Renewals that failed while the old credentials were still valid.")
      .add(logins.renewal_failures);
}

/// Under the names that every client library gives them, so that dashboards and alerts know them.
/// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void add_process(MetricFamilies& out, const Measured& measured) {
  const Process& process = measured.process;
  if (measured.process_start) {
    out.gauge("process_start_time_seconds", "When the process was started, in seconds since 1970 (UTC).")
        .add(unix_time(*measured.process_start));
  }
  if (process.cpu_seconds) {
    out.counter("process_cpu_seconds_total", "CPU time spent, user and system.").add(*process.cpu_seconds);
  }
  if (process.resident_bytes) {
    out.gauge("process_resident_memory_bytes", "Memory that is resident.").add(*process.resident_bytes);
  }
  if (process.open_descriptors) {
    out.gauge("process_open_fds", "Descriptors that are open.").add(*process.open_descriptors);
  }
  if (process.most_descriptors) {
    out.gauge("process_max_fds", "Descriptors that may be open.").add(*process.most_descriptors);
  }
}

}  // namespace

std::string metrics_text(const Measured& measured) {
  MetricFamilies families;
  add_health(families, measured);
  add_gateway(families, measured.stats);
  add_databases(families, measured.stats.databases);
  add_credentials(families, measured);
  add_logins(families, measured.logins);
  add_process(families, measured);
  return families.text();
}

}  // namespace rolegate::admin
