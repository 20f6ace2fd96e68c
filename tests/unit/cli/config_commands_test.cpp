#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "cli/config_check_command.hpp"
#include "cli/config_list_command.hpp"
#include "config/read/load.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDatabases =
    "databases:\n"
    "  - {database_name: orders, sqlalchemy_uri: 'postgresql://u:p@h/app', listen: ['127.0.0.1:0', "
    "'unix:/o']}\n"
    "  - {database_name: shop, sqlalchemy_uri: 'mysql://u:p@h/app'}\n";
constexpr const char* kGateway =
    "gateway:\n"
    "  postgresql: {listen: ['unix:/run/rolegate']}\n"
    "  mysql: {listen: ['unix:/run/rolegate/mysql.sock', '127.0.0.1:6033']}\n"
    "  users: [{name: ci, peer_uid: 1001, databases: ['*']}]\n";

config::Loaded load(const std::string& yaml) {
  return config::load_text(yaml, "rolegate.yaml", base::FixedEnvironment());
}

TEST(ConfigCheck, ShowsTheGateway) {
  const config::Loaded loaded = load(std::string(kDatabases) + kGateway);
  StringOutput out;
  write_config_check(out, loaded);
  EXPECT_THAT(
      out.text(),
      HasSubstr("gateway: PostgreSQL at unix:/run/rolegate, MySQL at unix:/run/rolegate/mysql.sock, MySQL at "
                "127.0.0.1:6033, orders alone at 127.0.0.1:0, orders alone at unix:/o, 1 "
                "user.\nrolegate.yaml: 2 valid databases, 0 errors, 1 warning.\n"));
  EXPECT_EQ(
      boost::json::serialize(config_check_json(loaded).at("gateway")),
      R"({"postgresql":["unix:/run/rolegate"],"mysql":["unix:/run/rolegate/mysql.sock","127.0.0.1:6033"],)"
      R"("users":1})");
}

TEST(ConfigCheck, SaysNothingOfAGatewayThatIsNotThereOrNotValid) {
  for (const char* section : {"", "gateway: []\n"}) {
    const config::Loaded loaded = load(std::string(kDatabases) + section);
    StringOutput out;
    write_config_check(out, loaded);
    EXPECT_THAT(out.text(), Not(HasSubstr("gateway: PostgreSQL")));
    EXPECT_THAT(out.text(), Not(HasSubstr("users.")));
    EXPECT_TRUE(config_check_json(loaded).at("gateway").is_null());
  }
}

TEST(ConfigList, ShowsTheListenersOfDatabases) {
  const config::Loaded loaded = load(kDatabases);
  StringOutput json;
  write_config_list(json, loaded.config, true);
  const auto list = boost::json::parse(json.text());
  EXPECT_EQ(boost::json::serialize(list.at(0).at("listen")), R"(["127.0.0.1:0","unix:/o"])");
  EXPECT_EQ(boost::json::serialize(list.at(1).at("listen")), "[]");
  StringOutput table(Style{.terminal = true});
  write_config_list(table, loaded.config, false);
  EXPECT_THAT(table.text(), HasSubstr("listens at"));
  EXPECT_THAT(table.text(), HasSubstr("127.0.0.1:0, unix:/o"));
}

TEST(ConfigList, HasNoColumnForListenersThatAreNotThere) {
  const config::Loaded loaded =
      load("databases:\n  - {database_name: shop, sqlalchemy_uri: 'mysql://u:p@h'}\n");
  StringOutput table(Style{.terminal = true});
  write_config_list(table, loaded.config, false);
  EXPECT_THAT(table.text(), HasSubstr("shop"));
  EXPECT_THAT(table.text(), Not(HasSubstr("listens at")));
}

}  // namespace
}  // namespace rolegate::cli
