#include "serve/listeners.hpp"

#include <gtest/gtest.h>

namespace rolegate::serve {
namespace {

using Listener = gateway::Listener;

TEST(ListenerText, SaysWhatAndWhere) {
  EXPECT_EQ(listener_text(Listener{"127.0.0.1:6432", net::Protocol::postgresql, ""}),
            "PostgreSQL at 127.0.0.1:6432");
  EXPECT_EQ(listener_text(Listener{"unix:/run/rolegate/mysql.sock", net::Protocol::mysql, "orders"}),
            "MySQL at unix:/run/rolegate/mysql.sock (database orders)");
}

TEST(ListenersJson, HasEveryListenerInOrder) {
  EXPECT_EQ(
      listeners_json({Listener{"[::1]:41234", net::Protocol::postgresql, ""},
                      Listener{"unix:/run/rolegate/mysql.sock", net::Protocol::mysql, "the \"shop\"\n"}},
                     "127.0.0.1:9432"),
      R"([{"protocol":"postgresql","address":"[::1]:41234"},)"
      R"({"protocol":"mysql","address":"unix:/run/rolegate/mysql.sock","database":"the \"shop\"\n"},)"
      R"({"protocol":"http","address":"127.0.0.1:9432"}])");
}

TEST(ListenersJson, HasNoAdminPagesWhereThereAreNone) { EXPECT_EQ(listeners_json({}, ""), "[]"); }

}  // namespace
}  // namespace rolegate::serve
