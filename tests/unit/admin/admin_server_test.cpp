#include "admin/admin_server.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "unit/admin/http/http_client.hpp"
#include "unit/admin/pages/fake_gateway.hpp"
#include "unit/login/login_fixture.hpp"

namespace rolegate::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// The whole server before a real LoginService, whose AWS is a fake.
class AdminServerTest : public login::LoginTest {
 protected:
  AdminServerTest() {
    const base::ListenAddress listen{
        .text = "127.0.0.1:0", .is_unix = false, .path = {}, .host = "127.0.0.1", .port = 0};
    auto started = start_admin_server(listen, Sources{gateway, *service, clock, log, "1.2.3"});
    EXPECT_TRUE(started);
    if (started) server = std::move(*started);
  }
  void SetUp() override { ASSERT_TRUE(server); }
  HttpResponse get(std::string_view path) { return HttpClient(server->address()).get(path); }

  FakeGateway gateway;
  std::unique_ptr<HttpServer> server;
};

using AdminServerPages = AdminServerTest;

TEST_F(AdminServerPages, FollowTheGatewaysHealth) {
  EXPECT_EQ(get("/startup").status, 503);
  EXPECT_EQ(get("/readiness").status, 503);
  EXPECT_EQ(get("/liveness").status, 200);
  gateway.set(FakeGateway::well());
  EXPECT_EQ(get("/startup").status, 200);
  const HttpResponse ready = get("/readiness");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.header("content-type"), "application/json");
  EXPECT_EQ(boost::json::parse(ready.body).at("ready"), true);
  auto draining = FakeGateway::well();
  draining.draining = true;
  gateway.set(draining);
  EXPECT_EQ(get("/readiness").status, 503);
  EXPECT_EQ(get("/startup").status, 200);
  EXPECT_EQ(get("/liveness").status, 200);
}

TEST_F(AdminServerPages, NameFailingDatabasesInReadiness) {
  gateway.set(FakeGateway::well());
  gateway.orders.login_ended(clock.now(), "assume_role_denied", "STS refused.", {});
  const HttpResponse ready = get("/readiness");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(boost::json::parse(ready.body).at("failing_databases").at(0).at("code"), "assume_role_denied");
}

TEST_F(AdminServerPages, ShowMetricsOfGatewayLoginsAndProcess) {
  ASSERT_TRUE(log_in(aurora()));
  clock.advance(30s);
  ASSERT_TRUE(log_in(aurora()));
  ASSERT_TRUE(log_in(redshift()));
  gateway.counted.connections = 3;
  const HttpResponse metrics = get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (
      const char* line : {
          R"(rolegate_build_info{version="1.2.3"} 1)",
          "rolegate_connections_total 3",
          "rolegate_assume_role_calls_total 1",
          "rolegate_credential_cache_hits_total 2",
          "rolegate_redshift_calls_total 2",
          R"(rolegate_credential_age_seconds{role_arn="arn:aws:iam::222222222222:role/Access",region="eu-west-1",target=""} 30)",
          R"(target="redshift my-cluster"} 900)",
          "process_open_fds ",
          "process_start_time_seconds ",
      }) {
    EXPECT_THAT(metrics.body, HasSubstr(line));
  }
}

TEST_F(AdminServerPages, HoldNoSecret) {
  ASSERT_TRUE(log_in(aurora()));
  ASSERT_TRUE(log_in(redshift()));
  for (const char* path : {"/startup", "/liveness", "/readiness", "/metrics", "/"}) {
    EXPECT_THAT(get(path).body, Not(HasSubstr("canary"))) << path;
  }
  EXPECT_THAT(log.all(), Not(HasSubstr("canary")));
}

TEST_F(AdminServerPages, AreNotToBeKeptOrGuessedAt) {
  for (const char* path : {"/startup", "/liveness", "/readiness", "/metrics", "/"}) {
    const HttpResponse response = get(path);
    EXPECT_EQ(response.header("cache-control"), "no-store") << path;
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << path;
  }
  EXPECT_EQ(get("/").status, 404);
}

TEST_F(AdminServerPages, CanBeReadWhileAwsIsStalled) {
  aws.gate.close();
  std::thread logging_in([&] { EXPECT_TRUE(log_in(aurora())); });
  EXPECT_TRUE(aws.gate.wait_for_arrivals(1));
  EXPECT_THAT(get("/metrics").body, HasSubstr("rolegate_credential_cache_misses_total 1"));
  aws.gate.open();
  logging_in.join();
}

TEST_F(AdminServerPages, CanBeReadWhileEverythingIsCounted) {
  gateway.set(FakeGateway::well());
  std::atomic<bool> stop{false};
  std::thread counting([&] {
    for (int n = 0; !stop; ++n) {
      gateway.orders.login_ended(clock.now(), n % 3 == 0 ? "ok" : "connect_failed", "No.", {});
      gateway.orders.bytes_to_client += 100;
      gateway.counted.refused(gateway::Refusal::timeout);
      EXPECT_TRUE(log_in(aurora()));
    }
  });
  for (int n = 0; n < 20; ++n) {
    EXPECT_EQ(get("/metrics").status, 200);
    EXPECT_EQ(get("/readiness").status, 200);
  }
  stop = true;
  counting.join();
}

TEST(AdminServerErrors, HaveTheirStableCode) {
  EXPECT_EQ(code_name(Errc::admin_listen_failed), "admin_listen_failed");
}

}  // namespace
}  // namespace rolegate::admin
