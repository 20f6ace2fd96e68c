#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "login/login.hpp"
#include "support/fake_clock.hpp"
#include "unit/login/fake_aws.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::login {

/// Base credentials that can be rotated, and are counted.
class FakeProvider final : public aws::CredentialProvider {
 public:
  FakeProvider() { rotate("AKIAEXAMPLE1", "AKIAEXAMPLE"); }

  [[nodiscard]] std::string_view name() const override { return "test provider"; }
  [[nodiscard]] base::Result<aws::CredentialsPtr> get(base::Deadline, std::string& why_not) override {
    const std::lock_guard lock(mutex_);
    ++asked;
    if (!credentials_) why_not = "nothing is configured";
    return credentials_;
  }
  void rotate(const std::string& access_key_id, const std::string& identity,
              std::optional<base::WallTime> expires_at = std::nullopt, const std::string& request_id = {},
              bool read_anew = false) {
    auto made = std::make_shared<aws::Credentials>();
    made->access_key_id = access_key_id;
    made->secret_access_key = base::Secret("canary-base-secret");
    made->identity = identity;
    made->provider = "test provider";
    made->expires_at = expires_at;
    made->request_id = request_id;
    made->read_anew = read_anew;
    const std::lock_guard lock(mutex_);
    credentials_ = std::move(made);
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    credentials_ = nullptr;
  }

  void distrust(aws::Distrust why) override {
    ++distrusted;
    last_reason = why;
    if (at_distrust) at_distrust();
  }

  std::atomic<int> asked{0};
  std::atomic<int> distrusted{0};
  std::atomic<aws::Distrust> last_reason{aws::Distrust::refused};
  std::function<void()> at_distrust;

 private:
  std::mutex mutex_;
  aws::CredentialsPtr credentials_;
};

/// A whole LoginService before a FakeAws.
class LoginTest : public testing::Test {
 protected:
  LoginTest() { config.aws_database_iam_auth = true; }
  ~LoginTest() override { aws.gate.open(); }

  static config::Database aurora(std::string role_arn = "arn:aws:iam::222222222222:role/Access") {
    config::Database database;
    database.name = "orders";
    database.uri.engine = config::Engine::postgresql;
    database.uri.host = "orders.cluster-abc.eu-west-1.rds.amazonaws.com";
    database.uri.database = "app";
    database.aws_iam.emplace();
    database.aws_iam->region = "eu-west-1";
    database.aws_iam->role_arn = std::move(role_arn);
    database.aws_iam->db_username = "app_rw";
    return database;
  }
  static config::Database redshift() {
    config::Database database = aurora();
    database.uri.engine = config::Engine::redshift;
    database.uri.host.clear();
    database.uri.database.clear();
    database.aws_iam->cluster_identifier = "my-cluster";
    database.aws_iam->db_name = "dev";
    return database;
  }
  static config::Database serverless() {
    config::Database database = redshift();
    database.aws_iam->cluster_identifier.clear();
    database.aws_iam->db_username.clear();
    database.aws_iam->workgroup_name = "my-workgroup";
    return database;
  }

  base::Result<Login> log_in(const config::Database& database, Fresh fresh = Fresh::no,
                             Steps* steps = nullptr) {
    return service->login(config.iam_flag(), database, base::Deadline::in(test::kPatience), steps, fresh);
  }

  static aws::RetryPolicy no_retries() {
    aws::RetryPolicy retry;
    retry.max_attempts = 1;
    retry.random = [] { return 0.0; };
    retry.wait = [](std::chrono::milliseconds) {};
    return retry;
  }

  config::Config config;
  base::FixedEnvironment environment;
  test::FakeClock clock;
  RecordingLog log;
  FakeAws aws{clock};
  FakeProvider provider;
  std::unique_ptr<LoginService> service =
      std::make_unique<LoginService>(Services{environment, clock, aws, log, provider, no_retries()});
};

}  // namespace rolegate::login
