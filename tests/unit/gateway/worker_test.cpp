#include "gateway/worker.hpp"

#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <poll.h>

#include "support/listening_sockets.hpp"
#include "unit/config/make_database.hpp"
#include "unit/gateway/session/session_fixture.hpp"

namespace rolegate::gateway {
namespace {

using testing::HasSubstr;

/// No wait of these tests is that long unless it is in vain.
constexpr std::chrono::seconds kWait{20};
constexpr std::uint32_t kUid = 1001;

class WorkerTest : public SessionServicesTest {
 protected:
  WorkerTest() {
    for (const char* name : {"orders", "shop"}) allowed_.databases.emplace_back(name);
    allowed_.name = "alice";
    allowed_.peer_uid = kUid;
    serve(true);
    worker_.settings = [this] {
      const std::lock_guard lock(mutex_);
      return settings_;
    };
    worker_.place = [this]() -> Worker& { return worker_; };
    worker_.on_empty = [this] { ++times_empty_; };
    auto databases = std::make_unique<FakeDatabases>();
    databases_ = databases.get();
    worker_.start(services_, std::move(databases));
  }
  ~WorkerTest() override { worker_.stop(); }

  /// Both databases to alice, or nothing to anybody.
  void serve(bool anything) {
    config::Config config;
    config.gateway.emplace();
    if (anything) {
      config.gateway->users.push_back(allowed_);
      for (const std::string& name : allowed_.databases)
        config.databases.push_back(config::make_database(name));
    }
    auto settings = make_settings(
        std::make_shared<const config::Snapshot>(config::Snapshot().reloaded(std::move(config))));
    const std::lock_guard lock(mutex_);
    settings_ = std::move(*settings);
  }
  /// On the worker's thread, when all that was asked of it before is done.
  template <typename Function>
  void on_loop(Function function) {
    std::promise<void> done;
    worker_.loop().post([&] {
      function();
      done.set_value();
    });
    ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
  }
  /// Whatever comes until `what` has, or the other side closes.
  static std::string hear_until(const base::Descriptor& client, std::string_view what) {
    std::string heard;
    pollfd waiting{client.get(), POLLIN, 0};
    while (heard.find(what) == std::string::npos && ::poll(&waiting, 1, 20'000) == 1) {
      const std::string more = hear(client);
      if (more.empty() && has_ended(client)) break;
      heard += more;
    }
    return heard;
  }
  /// A client of alice's at the listener of that database; what it is to say first is up to the test.
  base::Descriptor come_in(const std::string& database) {
    auto [client, accepted] = socket_pair();
    const auto listener = std::make_shared<const Listener>(Listener{
        .address = "unix:/run/rolegate", .protocol = net::Protocol::postgresql, .database = database});
    worker_.take({std::move(accepted),
                  listener,
                  nullptr,
                  {.address = {}, .group = "uid 1001", .uid = kUid, .certificate_name = {}}});
    return std::move(client);
  }
  static void log_in(const base::Descriptor& client) {
    say(client, std::string_view("\0\0\0\x14\0\3\0\0user\0alice\0\0", 20));
  }
  /// What comes in there is no login: it is heard, and turned away.
  static bool is_heard_at(const net::SocketAddress& address) {
    const base::Descriptor client = test::connected(address);
    EXPECT_EQ(::fcntl(client.get(), F_SETFL, O_NONBLOCK), 0);
    say(client, "GET / HTTP/1.1\r\n\r\n");
    (void)hear_until(client, "nothing");
    return has_ended(client);
  }
  /// A session that is carried.
  base::Descriptor relayed(const std::string& database) {
    base::Descriptor client = come_in(database);
    log_in(client);
    bool asked = false;
    while (!asked && !HasFailure()) on_loop([&] { asked = !databases_->leases.empty(); });
    on_loop([&] {
      auto [near, far] = socket_pair();
      servers_.push_back(std::move(far));
      upstream::DatabaseSession session;
      session.stream = net::Stream(std::move(near));
      session.address = "10.0.0.5";
      session.start = wire::pg::SessionStart{};
      databases_->answer(std::move(session));
    });
    EXPECT_THAT(hear_until(client, "Z"), HasSubstr("Z"));
    return client;
  }

  config::GatewayUser allowed_;
  std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
  std::atomic<int> times_empty_{0};
  std::vector<base::Descriptor> servers_;
  FakeDatabases* databases_ = nullptr;
  Worker worker_{clock_, 10};
};

TEST_F(WorkerTest, HearsClientsAtOpenDoorsAndAtClosedOnesNoMore) {
  const base::ListenAddress any{"127.0.0.1:0", false, {}, "127.0.0.1", 0};
  std::vector<Door> doors;
  std::vector<net::SocketAddress> addresses;
  for (int i = 0; i < 2; ++i) {
    auto socket = std::make_shared<const net::ListeningSocket>(
        net::listen_at(any, net::Protocol::postgresql, false).value());
    addresses.push_back(*net::own_address(socket->descriptor()));
    doors.push_back(
        {std::make_shared<const Listener>(Listener{socket->address(), net::Protocol::postgresql, {}}),
         socket});
  }
  ASSERT_EQ(worker_.change_doors({}, doors).wait_for(kWait), std::future_status::ready);
  for (const auto& address : addresses) EXPECT_TRUE(is_heard_at(address));
  const Door closed = std::move(doors.front());
  doors.erase(doors.begin());
  ASSERT_EQ(worker_.change_doors({closed}, {}).wait_for(kWait), std::future_status::ready);
  EXPECT_EQ(closed.socket.use_count(), 1) << "the worker has let go of it";
  EXPECT_TRUE(is_heard_at(addresses.back())) << "that one is open still";
}

TEST_F(WorkerTest, GivesADoorItsNewListenerWithTheSameSocket) {
  const base::ListenAddress any{"127.0.0.1:0", false, {}, "127.0.0.1", 0};
  const auto socket = std::make_shared<const net::ListeningSocket>(
      net::listen_at(any, net::Protocol::postgresql, false).value());
  const Door before{std::make_shared<const Listener>(Listener{"before", net::Protocol::postgresql, {}}),
                    socket};
  const Door after{std::make_shared<const Listener>(Listener{"after", net::Protocol::postgresql, {}}),
                   socket};
  ASSERT_EQ(worker_.change_doors({}, {before}).wait_for(kWait), std::future_status::ready);
  ASSERT_EQ(worker_.change_doors({before}, {after}).wait_for(kWait), std::future_status::ready);
  EXPECT_TRUE(is_heard_at(*net::own_address(socket->descriptor())));
  on_loop([&] { EXPECT_EQ(audit_.records.back().listener, "after"); });
}

TEST_F(WorkerTest, TellsWhenTheLastOneHasGone) {
  {
    const base::Descriptor first = come_in("orders");
    const base::Descriptor second = come_in("orders");
    EXPECT_EQ(worker_.sessions(), 2U);
  }
  while (worker_.sessions() > 0 && !HasFailure()) on_loop([] {});
  on_loop([&] { EXPECT_EQ(times_empty_, 1); });
  EXPECT_EQ(stats_.probes, 2U);
}

TEST_F(WorkerTest, CountsWhomADrainWaitsFor) {
  const base::Descriptor before = relayed("orders");
  EXPECT_EQ(worker_.awaited(), 1U);
  draining_ = true;
  const base::Descriptor after = come_in("orders");
  log_in(after);
  EXPECT_THAT(hear_until(after, "57P03"), HasSubstr("57P03"));
  EXPECT_EQ(worker_.awaited(), 1U);
}

TEST_F(WorkerTest, ReconsidersTheSessionsThatAChangeIsAbout) {
  const base::Descriptor orders = relayed("orders");
  const base::Descriptor shop = relayed("shop");
  serve(false);
  worker_.reconsider_sessions_with(
      std::make_shared<const std::set<std::string>>(std::set<std::string>{"shop"}));
  EXPECT_THAT(hear_until(shop, "57P01"), HasSubstr("57P01"));
  on_loop([] {});
  EXPECT_EQ(hear(orders), "");
  EXPECT_FALSE(has_ended(orders)) << "nothing was said of its database";
  worker_.reconsider_sessions();
  EXPECT_THAT(hear_until(orders, "57P01"), HasSubstr("57P01"));
}

TEST_F(WorkerTest, ReconsidersASessionThatIsOnItsWayToItsDatabase) {
  const base::Descriptor client = come_in("orders");
  on_loop([] {});
  bool asked = false;
  log_in(client);
  while (!asked && !HasFailure()) on_loop([&] { asked = !databases_->leases.empty(); });
  serve(false);
  worker_.reconsider_sessions_with(
      std::make_shared<const std::set<std::string>>(std::set<std::string>{"orders"}));
  on_loop([&] {
    auto [near, far] = socket_pair();
    servers_.push_back(std::move(far));
    upstream::DatabaseSession session;
    session.stream = net::Stream(std::move(near));
    session.start = wire::pg::SessionStart{};
    databases_->answer(std::move(session));
  });
  EXPECT_THAT(hear_until(client, "57P01"), HasSubstr("57P01"));
}

TEST_F(WorkerTest, EndsItsSessionsWithAWord) {
  const base::Descriptor orders = relayed("orders");
  const base::Descriptor silent = come_in("orders");
  worker_.shut_down_sessions();
  EXPECT_THAT(hear_until(orders, "57P01"), HasSubstr("57P01"));
  EXPECT_THAT(hear_until(silent, "57P01"), HasSubstr("57P01"));
}

}  // namespace
}  // namespace rolegate::gateway
