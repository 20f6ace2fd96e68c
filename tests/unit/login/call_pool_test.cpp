#include "login/call_pool.hpp"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "unit/login/gate.hpp"

namespace rolegate::login {
namespace {

using Urgency = CallPool::Urgency;

TEST(CallPool, MakesCallsOnThreadsOfItsOwn) {
  CallPool pool;
  Gate done;
  std::atomic<std::thread::id> id{};
  pool.submit("sts a", Urgency::login, [&] {
    id = std::this_thread::get_id();
    done.pass();
  });
  ASSERT_TRUE(done.wait_for_arrivals(1));
  EXPECT_NE(id.load(), std::this_thread::get_id());
}

TEST(CallPool, LetsAStalledLaneFillOnlyItself) {
  Gate stalled;
  Gate other;
  stalled.close();
  CallPool pool({.threads = 4, .per_lane = 2, .queued = 100});
  for (int n = 0; n < 10; ++n) pool.submit("sts stalled", Urgency::login, [&] { stalled.pass(); });
  ASSERT_TRUE(stalled.wait_for_arrivals(2));
  for (int n = 0; n < 5; ++n) pool.submit("sts other", Urgency::renewal, [&] { other.pass(); });
  EXPECT_TRUE(other.wait_for_arrivals(5));
  stalled.open();
  EXPECT_TRUE(stalled.wait_for_arrivals(10));
}

TEST(CallPool, TakesLoginsBeforeRenewals) {
  Gate first;
  first.close();
  Gate done;
  std::mutex mutex;
  std::string order;
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 100});
  const auto note = [&](char what) {
    {
      const std::lock_guard lock(mutex);
      order.push_back(what);
    }
    done.pass();
  };
  pool.submit("sts", Urgency::renewal, [&] { first.pass(); });
  ASSERT_TRUE(first.wait_for_arrivals(1));
  pool.submit("sts", Urgency::renewal, [&] { note('r'); });
  pool.submit("sts", Urgency::login, [&] { note('l'); });
  first.open();
  ASSERT_TRUE(done.wait_for_arrivals(2));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(order, "lr");
}

/// Counts how often something like it is destroyed without having been called.
struct Dropped {
  std::atomic<int>* count;
  explicit Dropped(std::atomic<int>& counter) : count(&counter) {}
  Dropped(Dropped&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  Dropped& operator=(Dropped&&) = delete;
  ~Dropped() {
    if (count != nullptr) ++*count;
  }
  void operator()() { count = nullptr; }
};

TEST(CallPool, DropsWhatDoesNotFitTheQueue) {
  std::atomic<int> dropped{0};
  Gate gate;
  gate.close();
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 2});
  pool.submit("sts", Urgency::login, [&] { gate.pass(); });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  for (int n = 0; n < 5; ++n) pool.submit("sts", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 3);
  gate.open();
}

TEST(CallPool, StopsByDroppingWhatWaitsAndFinishingWhatRuns) {
  std::atomic<int> dropped{0};
  std::atomic<bool> finished{false};
  Gate gate;
  gate.close();
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 10});
  pool.submit("sts", Urgency::login, [&] {
    gate.pass();
    finished = true;
  });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  pool.submit("sts", Urgency::login, Dropped(dropped));
  std::thread stopping([&] { pool.stop(); });
  EXPECT_TRUE(eventually([&] { return dropped == 1; }));
  EXPECT_FALSE(finished);
  gate.open();
  stopping.join();
  EXPECT_TRUE(finished);
  pool.submit("sts", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 2);
}

}  // namespace
}  // namespace rolegate::login
