#include "serve/connection_string.hpp"

#include <gtest/gtest.h>

namespace rolegate::serve {
namespace {

config::Database database(std::string name, config::Engine engine) {
  config::Database database;
  database.name = std::move(name);
  database.uri.engine = engine;
  return database;
}

TEST(ConnectionString, OfPostgresqlNamesTheFolder) {
  const auto [command, uri] = connection_string(database("orders", config::Engine::postgresql), "/run/x");
  EXPECT_EQ(command, "psql --host=/run/x --dbname=orders");
  EXPECT_EQ(uri, "postgresql:///orders?host=/run/x");
  EXPECT_EQ(connection_string(database("dwh", config::Engine::redshift), "/run/x").uri,
            "postgresql:///dwh?host=/run/x");
}

TEST(ConnectionString, OfMysqlNamesTheSocket) {
  const auto [command, uri] = connection_string(database("shop", config::Engine::mysql), "/run/x");
  EXPECT_EQ(command, "mariadb --socket=/run/x/mysql.sock --database=shop");
  EXPECT_EQ(uri, "mysql://localhost/shop?unix_socket=/run/x/mysql.sock");
}

TEST(ConnectionString, IsOneWordForAShellAndOnePartOfAUri) {
  const auto [command, uri] =
      connection_string(database("the boss's; $(rm)", config::Engine::postgresql), "/run/x y");
  EXPECT_EQ(command, "psql --host='/run/x y' --dbname='the boss'\\''s; $(rm)'");
  EXPECT_TRUE(uri.starts_with("postgresql:///the%20boss%27s%3B%20%24%28rm%29?host="));
}

}  // namespace
}  // namespace rolegate::serve
