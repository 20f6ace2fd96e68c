#include "connect/attempts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::connect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

login::Login some_login() {
  login::Login login;
  login.database = "orders";
  login.user = "app_rw";
  login.host = "db.example.com";
  login.port = 5432;
  login.dial = {"db.example.com", 5432};
  return login;
}

class TryEach : public testing::Test {
 protected:
  template <typename Try>
  base::Result<int> run(Try attempt) {
    return try_each<int>(login_, {"2001:db8::1", "192.0.2.1"}, base::Deadline::in(std::chrono::seconds(60)),
                         stages_, [&](const std::string& address, base::Deadline tcp) {
                           tried_.push_back(address);
                           shares_.push_back(tcp.left());
                           return attempt(address);
                         });
  }
  login::Login login_ = some_login();
  login::Steps steps_;
  Stages stages_{&steps_};
  std::vector<std::string> tried_;
  std::vector<std::chrono::milliseconds> shares_;
};

TEST_F(TryEach, GoesOnToTheNextAddressWhenOneIsUnreachable) {
  const auto result = run([](const std::string& address) {
    Attempt<int> attempt;
    if (address == "192.0.2.1") attempt.connection = 7;
    attempt.unreachable = "No route to host";
    return attempt;
  });
  EXPECT_EQ(*result, 7);
  EXPECT_THAT(tried_, ElementsAre("2001:db8::1", "192.0.2.1"));
  ASSERT_EQ(steps_.all().size(), 1U);
  EXPECT_EQ(steps_.all()[0].detail, "192.0.2.1");
}

TEST_F(TryEach, GivesEachAddressItsShareOfTheTime) {
  std::ignore = run([](const std::string&) { return Attempt<int>{{}, {}, "timed out", true}; });
  EXPECT_LE(shares_.at(0), std::chrono::seconds(30));
  EXPECT_GT(shares_.at(1), std::chrono::seconds(30));
}

TEST_F(TryEach, StopsAtWhateverAnswered) {
  const auto result = run([](const std::string&) {
    return Attempt<int>{{}, base::Error{"tls_failed", "no", {}, false, {}}, {}, false};
  });
  EXPECT_EQ(result.error().code, "tls_failed");
  EXPECT_THAT(tried_, ElementsAre("2001:db8::1"));
}

TEST_F(TryEach, NamesTheReasonOfEachAddress) {
  const auto result = run([](const std::string& address) {
    return Attempt<int>{
        {}, {}, address == "192.0.2.1" ? "timed out" : "Connection refused", address == "192.0.2.1"};
  });
  EXPECT_EQ(result.error().code, "connect_failed");
  EXPECT_THAT(result.error().message, HasSubstr("2001:db8::1: Connection refused; 192.0.2.1: timed out"));
}

TEST_F(TryEach, TimesOutWhenEveryAddressDid) {
  const auto result = run([](const std::string&) { return Attempt<int>{{}, {}, "timed out", true}; });
  EXPECT_EQ(result.error().code, "connect_timeout");
  ASSERT_EQ(steps_.all().size(), 1U);
  EXPECT_EQ(steps_.all()[0].name, login::StepName::tcp);
  EXPECT_TRUE(steps_.all()[0].error);
}

TEST(Stages, BecomeStepsAndNeverGoBack) {
  login::Steps steps;
  Stages stages(&steps);
  stages.detail("192.0.2.1");
  stages.reached(upstream::Stage::greeting);
  stages.reached(upstream::Stage::tls);
  stages.reached(upstream::Stage::connecting);
  stages.detail("TLSv1.3");
  stages.reached(upstream::Stage::handshake);
  stages.finished();
  ASSERT_EQ(steps.all().size(), 3U);
  EXPECT_EQ(steps.all()[0].detail, "192.0.2.1");
  EXPECT_EQ(steps.all()[1].name, login::StepName::tls);
  EXPECT_EQ(steps.all()[1].detail, "TLSv1.3");
  EXPECT_EQ(steps.all()[2].detail, "");
}

TEST(Place, SaysWhereItDialsOnlyWhenThatIsElsewhere) {
  login::Login login = some_login();
  EXPECT_EQ(upstream::place(login), "database 'orders' (app_rw at db.example.com:5432)");
  login.dial = {"::1", 6000};
  EXPECT_EQ(upstream::place(login),
            "database 'orders' (app_rw at db.example.com:5432, dialled at [::1]:6000)");
}

}  // namespace
}  // namespace rolegate::connect
