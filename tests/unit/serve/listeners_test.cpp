#include "serve/listeners.hpp"

#include <gtest/gtest.h>

namespace rolegate::serve {
namespace {

using Door = gateway::Gateway::Door;

TEST(ListenerText, SaysWhatAndWhere) {
  EXPECT_EQ(listener_text(Door{net::Wire::postgresql, "127.0.0.1:6432", ""}), "PostgreSQL at 127.0.0.1:6432");
  EXPECT_EQ(listener_text(Door{net::Wire::mysql, "unix:/run/rolegate/mysql.sock", "orders"}),
            "MySQL at unix:/run/rolegate/mysql.sock (database orders)");
}

TEST(ListenersJson, HasEveryListenerInOrder) {
  EXPECT_EQ(listeners_json({Door{net::Wire::postgresql, "[::1]:41234", ""},
                            Door{net::Wire::mysql, "unix:/run/rolegate/mysql.sock", "the \"shop\"\n"}},
                           "127.0.0.1:9432"),
            R"([{"protocol":"postgresql","address":"[::1]:41234"},)"
            R"({"protocol":"mysql","address":"unix:/run/rolegate/mysql.sock","database":"the \"shop\"\n"},)"
            R"({"protocol":"http","address":"127.0.0.1:9432"}])");
}

TEST(ListenersJson, HasNoAdminPagesWhereThereAreNone) { EXPECT_EQ(listeners_json({}, ""), "[]"); }

}  // namespace
}  // namespace rolegate::serve
