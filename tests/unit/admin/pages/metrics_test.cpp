#include "admin/pages/metrics.hpp"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/admin/pages/fake_gateway.hpp"

namespace rolegate::admin {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const base::WallTime kNow{std::chrono::seconds(1'767'323'045)};

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Everything there is to measure, and every number another.
Measured everything() {
  gateway::Stats stats;
  stats.connections = 11;
  stats.connections_now = 12;
  stats.authenticating_now = 13;
  stats.cancels = 14;
  stats.probes = 18;
  stats.logins_held = 19;
  stats.audit_lines_lost = 15;
  stats.reloads = 16;
  stats.reloads_failed = 17;
  stats.refused(gateway::Refusal::too_many);
  gateway::DatabaseStats orders("orders", config::Engine::postgresql);
  orders.sessions = 21;
  orders.bytes_to_client = 22'000'000'123;
  orders.bytes_to_database = 23;
  login::Step tls;
  tls.name = login::StepName::tls;
  tls.duration = 7ms;
  login::Step slow_tls = tls;
  slow_tls.duration = 40s;
  orders.login_ended(kNow - 9s, "ok", "", {tls, slow_tls});
  gateway::DatabaseStats shop("shop", config::Engine::mysql);
  shop.login_ended(kNow - 8s, "connect_failed", "No.", {});

  Measured measured;
  measured.now = kNow;
  measured.version = "1.2.3";
  measured.health = {.started = true, .draining = false, .listeners_working = 3, .listeners_configured = 4};
  measured.stats = stats.snapshot();
  measured.stats.databases = {orders.snapshot(), shop.snapshot()};
  measured.logins = {.assume_role_calls = 31,
                     .redshift_calls = 32,
                     .cache_hits = 33,
                     .cache_misses = 34,
                     .background_renewals = 35,
                     .renewal_failures = 36,
                     .stale_answers = 37};
  measured.credentials = {{"arn:aws:iam::222222222222:role/Access", "eu-west-1", "", kNow - 90s, kNow + 1h},
                          {"", "us-east-1", "redshift dwh", kNow - 1500ms, kNow + 15min}};
  measured.process = {
      .open_descriptors = 41, .most_descriptors = 42, .resident_bytes = 43, .cpu_seconds = 4.5};
  measured.process_start = kNow - 1h;
  return measured;
}

TEST(Metrics, ShowEveryNumberUnderItsName) {
  const auto shown = lines(metrics_text(everything()));
  for (
      const char* line : {
          R"(rolegate_build_info{version="1.2.3"} 1)",
          "rolegate_ready 1",
          "rolegate_draining 0",
          "rolegate_listeners_working 3",
          "rolegate_listeners_configured 4",
          "rolegate_connections_total 11",
          "rolegate_open_connections 12",
          "rolegate_authenticating_connections 13",
          "rolegate_probes_total 18",
          "rolegate_logins_held_total 19",
          "rolegate_cancels_total 14",
          "rolegate_audit_lines_lost_total 15",
          R"(rolegate_reloads_total{outcome="ok"} 16)",
          R"(rolegate_reloads_total{outcome="failed"} 17)",
          R"(rolegate_refusals_total{reason="too_many"} 1)",
          R"(rolegate_refusals_total{reason="authentication"} 0)",
          R"(rolegate_sessions{database="orders",engine="postgresql"} 21)",
          R"(rolegate_sessions{database="shop",engine="mysql"} 0)",
          R"(rolegate_logins_total{database="orders",engine="postgresql",outcome="ok"} 1)",
          R"(rolegate_logins_total{database="shop",engine="mysql",outcome="connect_failed"} 1)",
          R"(rolegate_last_login_success{database="orders",engine="postgresql"} 1)",
          R"(rolegate_last_login_success{database="shop",engine="mysql"} 0)",
          R"(rolegate_last_login_timestamp_seconds{database="orders",engine="postgresql"} 1767323036)",
          R"(rolegate_bytes_total{database="orders",engine="postgresql",direction="to_client"} 22000000123)",
          R"(rolegate_bytes_total{database="orders",engine="postgresql",direction="to_database"} 23)",
          R"(rolegate_credential_age_seconds{role_arn="arn:aws:iam::222222222222:role/Access",region="eu-west-1",target=""} 90)",
          R"(rolegate_credential_expiry_seconds{role_arn="arn:aws:iam::222222222222:role/Access",region="eu-west-1",target=""} 3600)",
          R"(rolegate_credential_age_seconds{role_arn="",region="us-east-1",target="redshift dwh"} 1.5)",
          R"(rolegate_credential_expiry_seconds{role_arn="",region="us-east-1",target="redshift dwh"} 900)",
          "rolegate_assume_role_calls_total 31",
          "rolegate_redshift_calls_total 32",
          "rolegate_credential_cache_hits_total 33",
          "rolegate_credential_cache_misses_total 34",
          "rolegate_credential_renewals_total 35",
          "rolegate_credential_renewal_failures_total 36",
          "rolegate_credential_cache_stale_total 37",
          "process_open_fds 41",
          "process_max_fds 42",
          "process_resident_memory_bytes 43",
          "process_cpu_seconds_total 4.5",
          "process_start_time_seconds 1767319445",
      }) {
    EXPECT_THAT(shown, Contains(line));
  }
}

TEST(Metrics, ShowDurationsOfStepsAsCumulativeHistograms) {
  const auto shown = lines(metrics_text(everything()));
  const std::string labels = R"({database="orders",engine="postgresql",step="tls")";
  for (const char* rest : {R"(,le="0.005"} 0)", R"(,le="0.01"} 1)", R"(,le="30"} 1)", R"(,le="+Inf"} 2)"}) {
    EXPECT_THAT(shown, Contains("rolegate_step_duration_seconds_bucket" + labels + rest));
  }
  EXPECT_THAT(shown, Contains("rolegate_step_duration_seconds_count" + labels + "} 2"));
  EXPECT_THAT(shown,
              Contains(testing::StartsWith("rolegate_step_duration_seconds_sum" + labels + "} 40.007")));
}

TEST(Metrics, AreThereBeforeThereIsAnythingToCount) {
  const std::string shown = metrics_text({});
  for (const char* name :
       {"rolegate_sessions gauge", "rolegate_logins_total counter",
        "rolegate_step_duration_seconds histogram", "rolegate_credential_age_seconds gauge"}) {
    EXPECT_THAT(shown, HasSubstr(std::string("# TYPE ") + name + "\n"));
  }
  EXPECT_THAT(shown, HasSubstr("rolegate_ready 0\n"));
  EXPECT_THAT(shown, Not(HasSubstr("process_open_fds"))) << "what is not known is not shown as 0";
}

TEST(Metrics, EscapeLabels) {
  Measured measured;
  measured.stats.databases = {gateway::DatabaseStats("a\"b\\c\nd", config::Engine::mysql).snapshot()};
  EXPECT_THAT(metrics_text(measured),
              HasSubstr(R"(rolegate_sessions{database="a\"b\\c\nd",engine="mysql"} 0)"));
}

TEST(Metrics, ShowTheWorstOfCredentialsWithTheSameLabelsOnce) {
  Measured measured;
  measured.now = kNow;
  measured.credentials = {{"role", "eu-west-1", "", kNow - 10s, kNow + 10min},
                          {"role", "eu-west-1", "", kNow - 300s, kNow + 30min},
                          {"role", "eu-west-1", "", kNow - 20s, kNow + 20min}};
  const auto shown = lines(metrics_text(measured));
  EXPECT_THAT(
      shown,
      Contains(R"(rolegate_credential_age_seconds{role_arn="role",region="eu-west-1",target=""} 300)"));
  EXPECT_THAT(
      shown,
      Contains(R"(rolegate_credential_expiry_seconds{role_arn="role",region="eu-west-1",target=""} 600)"));
  EXPECT_THAT(shown, Contains(testing::StartsWith("rolegate_credential_age_seconds{")).Times(1));
}

TEST(Metrics, ShowNoEndOfCredentialsThatHaveNone) {
  Measured measured;
  measured.now = kNow;
  measured.credentials = {{"role", "eu-west-1", "", kNow - 10s, base::WallTime::max()}};
  const std::string shown = metrics_text(measured);
  EXPECT_THAT(shown, HasSubstr("rolegate_credential_age_seconds{"));
  EXPECT_THAT(shown, Not(HasSubstr("rolegate_credential_expiry_seconds{")));
}

/// https://prometheus.io/docs/practices/naming/
TEST(Metrics, FollowTheNamingRulesAndComeOnce) {
  const std::regex type("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  std::set<std::string> names;
  std::set<std::string> series;
  for (const std::string& line : lines(metrics_text(everything()))) {
    std::smatch found;
    if (std::regex_match(line, found, type)) {
      EXPECT_TRUE(names.insert(found[1]).second) << line;
      EXPECT_EQ(found[1].str().ends_with("_total"), found[2] == "counter") << line;
    } else if (line.starts_with("# HELP ")) {
      EXPECT_TRUE(line.ends_with(".")) << line;
    } else {
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
  EXPECT_GT(names.size(), 30U);
}

TEST(Metrics, AreAllDocumentedAndNoOthers) {
  std::ifstream file(std::string(ROLEGATE_SOURCE_DIR) + "/docs/metrics.md");
  std::set<std::string> documented;
  const std::regex row(R"(\| `((?:rolegate|process)_[a-z_]+)(\{[a-z_, ]*\})?` \|.*)");
  for (std::string line; std::getline(file, line);) {
    if (std::smatch found; std::regex_match(line, found, row)) documented.insert(found[1]);
  }
  std::set<std::string> shown;
  for (const std::string& line : lines(metrics_text(everything()))) {
    if (line.starts_with("# TYPE ")) shown.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  EXPECT_EQ(documented, shown);
}

}  // namespace
}  // namespace rolegate::admin
