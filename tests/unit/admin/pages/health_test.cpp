#include "admin/pages/health.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/admin/pages/fake_gateway.hpp"

namespace rolegate::admin {
namespace {

namespace json = boost::json;

base::WallTime at(int second) { return base::WallTime(std::chrono::seconds(1'767'323'045 + second)); }

json::object body_of(const HttpAnswer& page) {
  EXPECT_EQ(page.content_type, "application/json");
  return json::parse(page.body).as_object();
}

TEST(Startup, IsDoneOnceTheGatewayHasStarted) {
  gateway::Health health;
  EXPECT_EQ(startup_page(health).status, 503U);
  EXPECT_EQ(body_of(startup_page(health)).at("started"), false);
  health = FakeGateway::well();
  EXPECT_EQ(startup_page(health).status, 200U);
  EXPECT_EQ(body_of(startup_page(health)).at("started"), true);
  health.draining = true;
  health.listeners_working = 0;
  EXPECT_EQ(startup_page(health).status, 200U) << "once and for all";
}

TEST(Liveness, IsThatThereIsAnAnswer) {
  EXPECT_EQ(liveness_page().status, 200U);
  EXPECT_EQ(body_of(liveness_page()).at("alive"), true);
}

TEST(Readiness, IsTrueWhileNewSessionsAreTaken) {
  const HttpAnswer page = readiness_page(FakeGateway::well(), {});
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(body_of(page), json::parse(R"({"ready": true, "reasons": [], "started": true, "draining": false,
      "listeners": {"working": 2, "configured": 2}, "failing_databases": []})"));
}

TEST(Readiness, SaysWhyItIsFalse) {
  const auto reason = [](const gateway::Health& health) {
    const HttpAnswer page = readiness_page(health, {});
    EXPECT_EQ(page.status, 503U);
    const json::object body = body_of(page);
    EXPECT_EQ(body.at("ready"), false);
    EXPECT_EQ(body.at("reasons").as_array().size(), 1U);
    return std::string(body.at("reasons").at(0).as_string());
  };
  gateway::Health starting = FakeGateway::well();
  starting.started = false;
  EXPECT_THAT(reason(starting), testing::HasSubstr("not started"));
  gateway::Health draining = FakeGateway::well();
  draining.draining = true;
  EXPECT_THAT(reason(draining), testing::HasSubstr("draining"));
  gateway::Health deaf = FakeGateway::well();
  deaf.listeners_working = 0;
  EXPECT_THAT(reason(deaf), testing::HasSubstr("no listener works"));
}

TEST(Readiness, NeedsOneListenerOnly) {
  gateway::Health health = FakeGateway::well();
  health.listeners_working = 1;
  const HttpAnswer page = readiness_page(health, {});
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(body_of(page).at("listeners"), json::parse(R"({"working": 1, "configured": 2})"));
}

TEST(Readiness, NamesDatabasesWhoseLastLoginFailedAndStaysTrue) {
  using gateway::DatabaseStats;
  DatabaseStats broken("broken", config::Engine::redshift);
  DatabaseStats orders("orders", config::Engine::postgresql);
  DatabaseStats shop("shop", config::Engine::mysql);
  const DatabaseStats unused("unused", config::Engine::redshift);
  orders.login_ended(at(0), "ok", "", {});
  orders.login_ended(at(1), "assume_role_denied", "STS refused the \"role\".", {});
  shop.login_ended(at(2), "connect_failed", "Nobody there.", {});
  shop.login_ended(at(3), "ok", "", {});
  broken.login_ended(at(4), "query_failed", "no\xff text", {});

  gateway::Stats::Snapshot stats;
  stats.databases = {broken.snapshot(), orders.snapshot(), shop.snapshot(), unused.snapshot()};
  const HttpAnswer page = readiness_page(FakeGateway::well(), stats);
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(body_of(page).at("failing_databases"), json::parse(R"json([
      {"database": "broken", "engine": "redshift", "at": "2026-01-02T03:04:09Z", "code": "query_failed",
       "message": "(the text is not valid UTF-8)"
},
      {"database": "orders", "engine": "postgresql", "at": "2026-01-02T03:04:06Z", "code": "assume_role_denied",
       "message": "STS refused the \"role\"."}])json"));
}

}  // namespace
}  // namespace rolegate::admin
