#include "serve/served_configuration.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/temporary_folder.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kGateway = "gateway: {postgresql: {listen: ['127.0.0.1:0']}}\n";
const std::string kDatabases =
    "databases:\n"
    "  - {database_name: orders, sqlalchemy_uri: 'postgresql://u:p@h/db', listen: ['127.0.0.1:0']}\n"
    "  - {database_name: shop, sqlalchemy_uri: 'mysql://u:p@h/db'}\n";
const std::string kBroken = "  - {database_name: broken, sqlalchemy_uri: 'oracle://u:p@h/db'}\n";

class ServedConfigurationTest : public testing::Test {
 protected:
  void write(const std::string& text) const {
    std::ofstream(file_) << text;
    std::filesystem::permissions(file_, std::filesystem::perms{0600});
  }
  static std::vector<std::string> names(const config::Config& config) {
    std::vector<std::string> names;
    for (const config::Database& database : config.databases) names.push_back(database.name);
    return names;
  }

  const test::TemporaryFolder folder_;
  const std::string file_ = folder_.path("rolegate.yaml");
  const base::FixedEnvironment environment_;
  test::FakeClock clock_;
  login::RecordingLog log_;
  std::vector<std::string> loaded_;  ///< which files were asked for
  ServedConfiguration configuration_{{environment_, clock_, log_,
                                      [this](const std::string& file) {
                                        loaded_.push_back(file);
                                        return config::load(file, environment_);
                                      }},
                                     file_};
};

TEST_F(ServedConfigurationTest, LeavesBrokenDatabasesOutAtTheStart) {
  write(kGateway + kDatabases + kBroken);
  const auto config = configuration_.read_first();
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_THAT(names(*config), ElementsAre("orders", "shop"));
  EXPECT_THAT(log_.all(), HasSubstr("database 'broken'"));
}

TEST_F(ServedConfigurationTest, TakesNoErrorAtAReload) {
  write(kGateway + kDatabases);
  ASSERT_TRUE(configuration_.read_first());
  write(kGateway + kDatabases + kBroken);
  const auto again = configuration_.read_again();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "config_invalid");
  EXPECT_THAT(again.error().message, HasSubstr(file_));
  write(kGateway + kDatabases);
  EXPECT_TRUE(configuration_.read_again());
}

TEST_F(ServedConfigurationTest, NeedsAGatewaySectionThatIsWhole) {
  write("gateway: {postgresql: {listen: ['nowhere']}}\n" + kDatabases);
  const auto config = configuration_.read_first();
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("keep the gateway from running"));
}

TEST_F(ServedConfigurationTest, NeedsOneDatabaseThatIsWhole) {
  write(kGateway + "databases:\n" + kBroken);
  EXPECT_FALSE(configuration_.read_first());
}

TEST_F(ServedConfigurationTest, SaysThatTheFileIsGone) {
  write(kGateway + kDatabases);
  ASSERT_TRUE(configuration_.read_first());
  std::filesystem::remove(file_);
  const auto again = configuration_.read_again();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "config_not_found");
}

TEST_F(ServedConfigurationTest, ServesNamedDatabasesAloneInTheirFolder) {
  write(kGateway + kDatabases);
  configuration_.serve_only({"orders", "shop"}, "/run/own");
  auto config = configuration_.read_first();
  ASSERT_TRUE(config) << config.error().text();
  const config::Gateway& gateway = *config->gateway;
  ASSERT_EQ(gateway.postgresql.listen.size(), 1U);
  EXPECT_EQ(gateway.postgresql.listen[0].text, "unix:/run/own");
  EXPECT_EQ(gateway.postgresql.listen[0].port, 5432);
  ASSERT_EQ(gateway.mysql.listen.size(), 1U);
  EXPECT_EQ(gateway.mysql.listen[0].path, "/run/own/mysql.sock");
  EXPECT_THAT(gateway.users, IsEmpty());
  for (const config::Database& database : config->databases) EXPECT_THAT(database.listen, IsEmpty());

  configuration_.serve_only({"shop"}, "/run/own");
  config = configuration_.read_first();
  ASSERT_TRUE(config);
  EXPECT_THAT(names(*config), ElementsAre("shop"));
  EXPECT_THAT(config->gateway->postgresql.listen, IsEmpty());
}

TEST_F(ServedConfigurationTest, DoesNotMindWhatIsWrongWithDatabasesThatAreNotNamed) {
  write("gateway: {postgresql: {listen: ['nowhere']}}\n" + kDatabases + kBroken);
  configuration_.serve_only({"orders"}, "/run/own");
  EXPECT_TRUE(configuration_.read_first());
  EXPECT_TRUE(configuration_.read_again());
  EXPECT_THAT(log_.all(), Not(HasSubstr("broken")));
  configuration_.serve_only({"orders", "nothing"}, "/run/own");
  const auto config = configuration_.read_first();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, "database_not_found");
}

TEST_F(ServedConfigurationTest, ReadsAgainTheFileThatItFoundAndNoOther) {
  const base::FixedEnvironment elsewhere({{"ROLEGATE_CONFIG", file_}});
  ServedConfiguration found({elsewhere, clock_, log_,
                             [&](const std::string& file) {
                               loaded_.push_back(file);
                               return config::load(file, elsewhere);
                             }},
                            "");
  write(kGateway + kDatabases);
  ASSERT_TRUE(found.read_first());
  ASSERT_TRUE(found.read_again());
  EXPECT_THAT(loaded_, ElementsAre("", file_)) << "first as nobody named it, which is worth a word";
}

}  // namespace
}  // namespace rolegate::serve
