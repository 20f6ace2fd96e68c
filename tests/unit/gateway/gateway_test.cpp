#include "gateway/gateway.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/read/parse_listen_address.hpp"
#include "net/socket_address.hpp"
#include "support/listening_sockets.hpp"
#include "unit/config/make_database.hpp"
#include "unit/login/login_fixture.hpp"

namespace rolegate::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// No wait of these tests is that long unless it is in vain.
constexpr int kWait = 20'000;

struct NoAuditLog final : AuditLog {
  void write(const AuditRecord&) override {}
  base::Result<void> reopen(const std::string&) override { return {}; }
  bool flush(std::chrono::milliseconds) override { return true; }
  [[nodiscard]] bool works() const override { return true; }
};

base::ListenAddress listen_at(std::string_view text) {
  return config::parse_listen_address(text, config::SocketForm::none).value();
}

config::Database database(std::string name, std::string_view listen = {},
                          config::Engine engine = config::Engine::postgresql) {
  config::Database made = config::make_database(std::move(name));
  made.uri.engine = engine;
  if (!listen.empty()) made.listen.push_back(listen_at(listen));
  return made;
}

/// A client of PostgreSQL that says nothing until it is asked to.
class Visitor {
 public:
  explicit Visitor(const std::string& address) {
    const base::ListenAddress at = listen_at(address);
    const auto to = net::numeric_address(at.host, at.port);
    socket_ = test::connected(*to);
  }
  [[nodiscard]] bool connected() const { return static_cast<bool>(socket_); }
  /// A StartupMessage of user "alice".
  void log_in() const {
    constexpr std::string_view kStartup("\0\0\0\x14\0\3\0\0user\0alice\0\0", 20);
    ASSERT_EQ(::send(socket_.get(), kStartup.data(), kStartup.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kStartup.size()));
  }
  /// All that comes until the gateway closes; then it leaves.
  [[nodiscard]] std::string hear() {
    const base::Descriptor leaving = std::move(socket_);
    std::string heard;
    char room[1024];
    for (pollfd waiting{leaving.get(), POLLIN, 0}; ::poll(&waiting, 1, kWait) == 1;) {
      const ssize_t got = ::recv(leaving.get(), room, sizeof room, 0);
      if (got <= 0) return heard;
      heard.append(room, static_cast<std::size_t>(got));
    }
    ADD_FAILURE() << "the connection stays open";
    return heard;
  }

 private:
  base::Descriptor socket_;
};

class GatewayTest : public login::LoginTest {
 protected:
  static config::Config serving(std::vector<config::Database> databases) {
    config::Config config;
    config.file = "rolegate.yaml";
    config.gateway.emplace();
    config.gateway->postgresql.listen = {listen_at("127.0.0.1:0")};
    config.databases = std::move(databases);
    return config;
  }
  void start(config::Config config) {
    auto started = Gateway::start({*service, environment, system_clock_, random_, log, audit_, counted_},
                                  std::move(config));
    ASSERT_TRUE(started) << started.error().text();
    gateway_ = std::move(*started);
  }
  template <typename... More>
  static std::vector<config::Database> of(config::Database first, More... more) {
    std::vector<config::Database> all;
    all.push_back(std::move(first));
    (all.push_back(std::move(more)), ...);
    return all;
  }
  /// Of the listener for that database.
  [[nodiscard]] std::string address(const std::string& database = {}) const {
    const auto listeners = gateway_->listeners();
    const auto found = std::ranges::find(listeners, database, &Listener::database);
    return found == listeners.end() ? std::string() : found->address;
  }
  [[nodiscard]] std::vector<std::string> listening() const {
    std::vector<std::string> databases;
    for (const Listener& listener : gateway_->listeners()) databases.push_back(listener.database);
    return databases;
  }
  [[nodiscard]] bool wait_for_sessions(std::size_t count) const {
    const auto deadline = base::Deadline::in(std::chrono::milliseconds(kWait));
    while (gateway_->sessions() < count && !deadline.passed()) std::this_thread::yield();
    return gateway_->sessions() == count;
  }
  [[nodiscard]] bool wait_until_idle() const {
    while (gateway_->sessions() > 0) {
      pollfd waiting{gateway_->idle_descriptor(), POLLIN, 0};
      if (::poll(&waiting, 1, kWait) != 1) return false;
      std::uint64_t count = 0;
      if (::read(gateway_->idle_descriptor(), &count, sizeof count) != sizeof count) return false;
    }
    return true;
  }

  const base::SystemClock system_clock_;
  base::SystemRandom random_;
  NoAuditLog audit_;
  Stats counted_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, ListensAndAnswers) {
  start(serving(of(database("orders", "127.0.0.1:0"))));
  EXPECT_THAT(listening(), ElementsAre("", "orders"));
  Visitor visitor(address());
  visitor.log_in();
  EXPECT_THAT(visitor.hear(), testing::HasSubstr("users")) << "nobody may come in by TCP without any";
  EXPECT_TRUE(wait_until_idle());
  EXPECT_EQ(gateway_->stats().connections, 1U);
}

TEST_F(GatewayTest, IsNotStartedWhereNothingListens) {
  config::Config config = serving({});
  config.gateway->postgresql.listen.clear();
  const auto refused = Gateway::start({*service, environment, system_clock_, random_, log, audit_, counted_},
                                      std::move(config));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "gateway_not_configured");
}

TEST_F(GatewayTest, OpensAndClosesWhatAReloadSays) {
  start(serving(of(database("orders", "127.0.0.1:0"), database("shop", "127.0.0.1:0"))));
  const std::string shared = address();
  const std::string orders = address("orders");
  const std::string shop = address("shop");
  ASSERT_TRUE(
      gateway_->reload(serving(of(database("orders", "127.0.0.1:0"), database("stock", "127.0.0.1:0")))));
  EXPECT_THAT(listening(), ElementsAre("", "orders", "stock"));
  EXPECT_EQ(address(), shared);
  EXPECT_EQ(address("orders"), orders);
  EXPECT_FALSE(Visitor(shop).connected());
  for (const char* open : {"", "orders", "stock"}) EXPECT_TRUE(Visitor(address(open)).connected()) << open;
  EXPECT_EQ(gateway_->health().listeners_working, 3U);
  EXPECT_EQ(gateway_->health().listeners_configured, 3U);
}

TEST_F(GatewayTest, LeavesAllAsItWasWhenAReloadFails) {
  start(serving(of(database("orders"))));
  config::Config other = serving(of(database("shop", address())));
  EXPECT_FALSE(gateway_->reload(std::move(other))) << "that address is the shared listener's";
  EXPECT_THAT(listening(), ElementsAre(""));
  EXPECT_NE(gateway_->snapshot()->databases.find("orders"), nullptr);
  EXPECT_EQ(gateway_->snapshot()->databases.find("shop"), nullptr);
  EXPECT_TRUE(Visitor(address()).connected());
}

TEST_F(GatewayTest, ServesOneDatabaseMoreAndOneLess) {
  start(serving(of(database("orders", "127.0.0.1:0"))));
  const std::string orders = address("orders");
  ASSERT_TRUE(gateway_->put(database("shop", "127.0.0.1:0")));
  EXPECT_THAT(listening(), ElementsAre("", "orders", "shop"));
  const std::string shop = address("shop");
  EXPECT_TRUE(Visitor(shop).connected());

  config::Database changed = database("shop", "127.0.0.1:0");
  changed.uri.database = "other";
  ASSERT_TRUE(gateway_->put(std::move(changed)));
  EXPECT_EQ(gateway_->snapshot()->databases.find("shop")->database->uri.database, "other");
  EXPECT_EQ(address("shop"), shop) << "its listener is the same";

  ASSERT_TRUE(gateway_->remove("shop"));
  EXPECT_THAT(listening(), ElementsAre("", "orders"));
  EXPECT_FALSE(Visitor(shop).connected());
  EXPECT_TRUE(Visitor(orders).connected());
  EXPECT_TRUE(gateway_->remove("shop")) << "it is not there";
}

TEST_F(GatewayTest, LeavesAllAsItWasWhenADatabaseCannotBeServed) {
  start(serving(of(database("orders", "127.0.0.1:0"))));
  const auto before = gateway_->snapshot();
  const auto refused = gateway_->put(database("shop", address("orders")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "listen_failed");
  EXPECT_EQ(gateway_->snapshot(), before);
  EXPECT_THAT(listening(), ElementsAre("", "orders"));
}

TEST_F(GatewayTest, KeepsSomewhereToListen) {
  config::Config config = serving(of(database("orders", "127.0.0.1:0")));
  config.gateway->postgresql.listen.clear();
  start(std::move(config));
  const auto refused = gateway_->remove("orders");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "gateway_not_configured");
  EXPECT_TRUE(Visitor(address("orders")).connected());
}

TEST_F(GatewayTest, AsksAMysqlDatabaseForItsGreetingWhenItIsAdded) {
  config::Config config = serving({});
  config.gateway->mysql.listen = {listen_at("127.0.0.1:0")};
  start(std::move(config));
  auto asked = net::listen_at(listen_at("127.0.0.1:0"), net::Protocol::mysql, false);
  ASSERT_TRUE(asked);
  config::Database shop = database("shop", {}, config::Engine::mysql);
  const base::ListenAddress there = listen_at(asked->address());
  shop.uri.connect_to = config::HostPort{there.host, there.port};
  ASSERT_TRUE(gateway_->put(std::move(shop)));
  pollfd waiting{asked->descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, kWait), 1) << "nobody has asked";
}

TEST_F(GatewayTest, SaysWhenItsLastSessionHasEnded) {
  start(serving({}));
  {
    const Visitor first(address());
    const Visitor second(address());
    EXPECT_TRUE(wait_for_sessions(2));
  }
  EXPECT_TRUE(wait_until_idle());
  EXPECT_EQ(gateway_->sessions(), 0U);
}

TEST_F(GatewayTest, TakesNoSessionWhileItDrains) {
  start(serving({}));
  gateway_->drain();
  EXPECT_TRUE(gateway_->health().draining);
  EXPECT_EQ(gateway_->awaited_sessions(), 0U);
  Visitor visitor(address());
  visitor.log_in();
  EXPECT_THAT(visitor.hear(), testing::HasSubstr("57P03"));
  EXPECT_TRUE(wait_until_idle());
}

TEST_F(GatewayTest, EndsItsSessionsAndListensNoMore) {
  start(serving(of(database("orders", "127.0.0.1:0"))));
  const std::string shared = address();
  Visitor visitor(shared);
  ASSERT_TRUE(wait_for_sessions(1));
  gateway_->close_sessions();
  EXPECT_THAT(visitor.hear(), testing::HasSubstr("57P01"));
  EXPECT_TRUE(wait_until_idle());
  EXPECT_THAT(listening(), IsEmpty());
  EXPECT_EQ(gateway_->health().listeners_working, 0U);
  EXPECT_EQ(gateway_->health().listeners_configured, 2U);
}

std::size_t descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

TEST_F(GatewayTest, KeepsNothingOfDatabasesThatComeAndGo) {
  start(serving(of(database("orders"))));
  ASSERT_TRUE(gateway_->put(database("shop", "127.0.0.1:0")));
  ASSERT_TRUE(gateway_->remove("shop"));
  const std::size_t before = descriptors();
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "database-" + std::to_string(i);
    ASSERT_TRUE(gateway_->put(database(name, i % 100 == 1 ? "127.0.0.1:0" : "",
                                       i % 2 == 0 ? config::Engine::mysql : config::Engine::redshift)));
    ASSERT_TRUE(gateway_->remove(name));
  }
  EXPECT_EQ(descriptors(), before);
  EXPECT_THAT(listening(), ElementsAre(""));
  EXPECT_EQ(gateway_->snapshot()->databases.size(), 1U);
  EXPECT_THAT(gateway_->stats().databases, IsEmpty());
}

}  // namespace
}  // namespace rolegate::gateway
