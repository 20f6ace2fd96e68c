#include "gateway/doors.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/read/parse_listen_address.hpp"
#include "unit/config/make_database.hpp"

namespace rolegate::gateway {
namespace {

base::ListenAddress any_port() { return {"127.0.0.1:0", false, {}, "127.0.0.1", 0}; }

Listener listener(std::string database, net::Protocol protocol = net::Protocol::postgresql) {
  return {.address = {}, .protocol = protocol, .database = std::move(database), .configured = any_port()};
}

class DoorsTest : public testing::Test {
 protected:
  Doors::Change change(const Doors::Listeners& listeners) {
    std::vector<net::ListeningSocket> inherited;
    auto change = doors_.prepare(listeners, inherited, false);
    EXPECT_TRUE(change) << change.error().text();
    doors_.apply(*change);
    return std::move(*change);
  }

  Doors doors_;
};

TEST_F(DoorsTest, AreOpenedForWhatIsToBeThereAndHaveTheirRealAddress) {
  const Doors::Change opened =
      change({{"", {listener("")}}, {"shop", {listener("shop", net::Protocol::mysql)}}});
  EXPECT_EQ(opened.opened.size(), 2U);
  EXPECT_TRUE(opened.closed.empty());
  EXPECT_EQ(doors_.size(), 2U);
  EXPECT_EQ(doors_.mysql(), 1U);
  for (const Door& door : doors_.all()) {
    EXPECT_EQ(door.listener->address, door.socket->address());
    EXPECT_NE(door.listener->address, "127.0.0.1:0");
  }
}

TEST_F(DoorsTest, OfOtherDatabasesAreOfNoConcern) {
  change({{"orders", {listener("orders")}}, {"shop", {listener("shop", net::Protocol::mysql)}}});
  const Doors::Change closed = change({{"shop", {}}});
  EXPECT_TRUE(closed.opened.empty());
  ASSERT_EQ(closed.closed.size(), 1U);
  EXPECT_EQ(closed.closed[0].listener->database, "shop");
  ASSERT_EQ(doors_.size(), 1U);
  EXPECT_EQ(doors_.all()[0].listener->database, "orders");
  EXPECT_EQ(doors_.mysql(), 0U);
}

TEST_F(DoorsTest, StayAsTheyAreWhenNothingChangesForThem) {
  change({{"orders", {listener("orders")}}});
  const auto before = doors_.all()[0];
  const Doors::Change nothing = change({{"orders", {listener("orders")}}});
  EXPECT_TRUE(nothing.opened.empty());
  EXPECT_TRUE(nothing.closed.empty());
  EXPECT_EQ(doors_.all()[0].listener, before.listener);
  EXPECT_EQ(doors_.size(), 1U);
}

TEST_F(DoorsTest, KeepTheirSocketWhenTheirListenerChanges) {
  change({{"orders", {listener("orders")}}});
  const auto before = doors_.all()[0];
  Listener with_tls = listener("orders");
  with_tls.tls_required = true;
  const Doors::Change changed = change({{"orders", {with_tls}}});
  ASSERT_EQ(changed.opened.size(), 1U);
  ASSERT_EQ(changed.closed.size(), 1U);
  EXPECT_EQ(changed.closed[0].listener, before.listener);
  EXPECT_EQ(changed.opened[0].socket, before.socket);
  EXPECT_TRUE(doors_.all()[0].listener->tls_required);
  EXPECT_EQ(doors_.size(), 1U);
}

/// Their clients must not find another one all at once.
TEST_F(DoorsTest, DoNotPassAnyPortOnToAnotherDatabase) {
  change({{"orders", {listener("orders")}}});
  const auto before = doors_.all()[0];
  change({{"orders", {}}, {"other", {listener("other")}}});
  ASSERT_EQ(doors_.size(), 1U);
  EXPECT_NE(doors_.all()[0].socket, before.socket);
}

TEST_F(DoorsTest, PassAnAddressOnToTheDatabaseThatHasItNow) {
  change({{"orders", {listener("orders")}}});
  const std::string address = doors_.all()[0].listener->address;
  const auto parsed = config::parse_listen_address(address, config::SocketForm::none);
  ASSERT_TRUE(parsed);
  Listener fixed = listener("orders");
  fixed.configured = *parsed;
  change({{"orders", {}}});
  change({{"orders", {fixed}}});
  const auto socket = doors_.all()[0].socket;
  fixed.database = "other";
  change({{"orders", {}}, {"other", {fixed}}});
  ASSERT_EQ(doors_.size(), 1U);
  EXPECT_EQ(doors_.all()[0].socket, socket);
  EXPECT_EQ(doors_.all()[0].listener->database, "other");
}

TEST_F(DoorsTest, KeepTheirSocketWhenItsDatabaseSpeaksAnotherProtocol) {
  change({{"orders", {listener("orders")}}});
  const auto parsed =
      config::parse_listen_address(doors_.all()[0].listener->address, config::SocketForm::none);
  ASSERT_TRUE(parsed);
  change({{"orders", {}}});
  Listener fixed = listener("orders");
  fixed.configured = *parsed;
  change({{"orders", {fixed}}});
  const auto before = doors_.all()[0];
  fixed.protocol = net::Protocol::mysql;
  const Doors::Change changed = change({{"orders", {fixed}}});
  ASSERT_EQ(changed.closed.size(), 1U);
  ASSERT_EQ(doors_.size(), 1U);
  EXPECT_EQ(doors_.all()[0].socket, before.socket);
  EXPECT_EQ(doors_.all()[0].listener->protocol, net::Protocol::mysql);
  EXPECT_EQ(doors_.mysql(), 1U);
}

TEST_F(DoorsTest, NeverShareASocketThoughBothProtocolsAskForAnyPort) {
  Listener pg = listener("");
  Listener mysql = listener("", net::Protocol::mysql);
  change({{"", {pg, mysql}}});
  const auto before = doors_.all();
  pg.tls_required = mysql.tls_required = true;
  change({{"", {pg, mysql}}});
  const auto after = doors_.all();
  ASSERT_EQ(after.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(after[i].socket, before[i].socket);
    EXPECT_EQ(after[i].listener->protocol, before[i].listener->protocol);
  }
  EXPECT_NE(after[0].socket, after[1].socket);
}

TEST_F(DoorsTest, StayAsTheyAreWhenOneCannotBeOpened) {
  change({{"orders", {listener("orders")}}});
  Listener taken = listener("shop");
  const auto address =
      config::parse_listen_address(doors_.all()[0].listener->address, config::SocketForm::none);
  ASSERT_TRUE(address);
  taken.configured = *address;
  std::vector<net::ListeningSocket> inherited;
  const auto refused = doors_.prepare({{"shop", {listener("shop"), taken}}}, inherited, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "listen_failed");
  EXPECT_EQ(doors_.size(), 1U);
}

TEST(Listeners, AreThoseOfTheGatewayAndThoseOfTheDatabase) {
  EXPECT_TRUE(shared_listeners(nullptr).empty());
  config::Gateway gateway;
  gateway.postgresql.listen = {any_port()};
  gateway.mysql.listen = {any_port()};
  gateway.mysql.tls_required = true;
  const auto shared = shared_listeners(&gateway);
  ASSERT_EQ(shared.size(), 2U);
  EXPECT_EQ(shared[0].protocol, net::Protocol::postgresql);
  EXPECT_FALSE(shared[0].tls_required) << "nobody else can listen in there";
  EXPECT_EQ(shared[1].protocol, net::Protocol::mysql);
  EXPECT_TRUE(shared[1].tls_required);
  EXPECT_EQ(shared[1].database, "");

  config::Database shop = config::make_database("shop");
  shop.uri.engine = config::Engine::mysql;
  shop.listen = {any_port()};
  const auto own = listeners_of(shop, &gateway);
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].protocol, net::Protocol::mysql);
  EXPECT_EQ(own[0].database, "shop");
  EXPECT_TRUE(own[0].tls_required);
  shop.uri.engine = config::Engine::redshift;
  EXPECT_EQ(listeners_of(shop, nullptr)[0].protocol, net::Protocol::postgresql);
  EXPECT_FALSE(listeners_of(shop, nullptr)[0].tls_required);
}

}  // namespace
}  // namespace rolegate::gateway
