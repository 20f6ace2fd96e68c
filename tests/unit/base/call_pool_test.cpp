#include "base/call_pool.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gate.hpp"

namespace rolegate::base {
namespace {

using Urgency = CallPool::Urgency;

TEST(CallPool, MakesCallsOnThreadsOfItsOwn) {
  CallPool pool;
  test::Gate done;
  std::atomic<std::thread::id> id{};
  pool.submit("sts a", Urgency::login, [&] {
    id = std::this_thread::get_id();
    done.pass();
  });
  ASSERT_TRUE(done.wait_for_arrivals(1));
  EXPECT_NE(id.load(), std::this_thread::get_id());
}

TEST(CallPool, LetsAStalledLaneFillOnlyItself) {
  test::Gate stalled;
  test::Gate other;
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
  test::Gate first;
  first.close();
  test::Gate done;
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
  test::Gate gate;
  gate.close();
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 2});
  pool.submit("sts", Urgency::login, [&] { gate.pass(); });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  for (int n = 0; n < 5; ++n) pool.submit("sts", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 3);
  gate.open();
}

/// Keeps the only thread of a pool until it is released, so that what is submitted meanwhile waits.
class Held {
 public:
  explicit Held(CallPool& pool, const std::string& lane = "held") {
    gate_->close();
    pool.submit(lane, Urgency::login, [gate = gate_] { gate->pass(); });
    EXPECT_TRUE(gate_->wait_for_arrivals(1));
  }
  void release() { gate_->open(); }

 private:
  std::shared_ptr<test::Gate> gate_ =
      std::make_shared<test::Gate>();  ///< the call may still be leaving it when this goes
};

/// The calls that were made, in their order.
class Made {
 public:
  CallPool::Call call(const std::string& name) {
    return [this, name] {
      {
        const std::lock_guard lock(mutex_);
        names_.push_back(name);
      }
      gate_.pass();
    };
  }
  std::vector<std::string> wait_for(int count) {
    EXPECT_TRUE(gate_.wait_for_arrivals(count));
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  test::Gate gate_;
  std::mutex mutex_;
  std::vector<std::string> names_;
};

TEST(CallPool, LetsClientsTakeTurnsInALane) {
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 100});
  Held held(pool, "passwords");
  Made made;
  for (const char* name : {"a1", "a2", "a3"}) pool.submit("passwords", Urgency::login, made.call(name), "a");
  pool.submit("passwords", Urgency::login, made.call("b1"), "b");
  pool.submit("passwords", Urgency::login, made.call("c1"), "c");
  pool.submit("passwords", Urgency::login, made.call("b2"), "b");
  held.release();
  EXPECT_THAT(made.wait_for(6), testing::ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST(CallPool, LetsLanesTakeTurns) {
  CallPool pool({.threads = 1, .per_lane = 2, .queued = 100});
  Held held(pool);
  Made made;
  for (const char* name : {"a1", "a2", "a3"}) pool.submit("a", Urgency::login, made.call(name));
  pool.submit("b", Urgency::login, made.call("b1"));
  held.release();
  EXPECT_THAT(made.wait_for(4), testing::ElementsAre("a1", "b1", "a2", "a3"));
}

TEST(CallPool, TakesLoginsOfOneLaneBeforeRenewalsOfAnother) {
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 100});
  Held held(pool);
  Made made;
  pool.submit("a", Urgency::renewal, made.call("renewal"));
  pool.submit("b", Urgency::login, made.call("login"));
  held.release();
  EXPECT_THAT(made.wait_for(2), testing::ElementsAre("login", "renewal"));
}

TEST(CallPool, FillsOneLaneOnly) {
  std::atomic<int> dropped{0};
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 3});
  Held held(pool);
  Made made;
  for (int n = 0; n < 10; ++n) pool.submit("full", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 7);
  for (const char* name : {"1", "2", "3"}) pool.submit("other", Urgency::login, made.call(name));
  pool.submit("full", Urgency::renewal, made.call("renewal"));
  held.release();
  EXPECT_EQ(made.wait_for(4).size(), 4) << "another lane has room, and so have the renewals of a full one";
}

TEST(CallPool, MakesRoomInAFullLaneAtTheExpenseOfWhoHasMost) {
  std::atomic<int> dropped{0};
  std::atomic<int> of_others{0};
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 4});
  Held held(pool, "passwords");
  Made made;
  for (int n = 0; n < 1000; ++n) pool.submit("passwords", Urgency::login, Dropped(dropped), "flood");
  EXPECT_EQ(dropped, 996);
  pool.submit("passwords", Urgency::login, made.call("b"), "b");
  pool.submit("passwords", Urgency::login, made.call("c"), "c");
  EXPECT_EQ(dropped, 998) << "its latest two have made room";
  for (int n = 0; n < 100; ++n) pool.submit("passwords", Urgency::login, Dropped(of_others), "flood");
  EXPECT_EQ(of_others, 100) << "the one that comes goes, since it is the fullest's own";
  held.release();
  EXPECT_THAT(made.wait_for(2), testing::ElementsAre("b", "c"));
}

TEST(CallPool, DoesNotMakeWhatNobodyWaitsFor) {
  std::atomic<int> dropped{0};
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 100});
  Held held(pool, "passwords");
  Made made;
  CallPool::Pending unwanted = pool.submit("passwords", Urgency::login, made.call("unwanted"));
  CallPool::Pending large = pool.submit("passwords", Urgency::login, Dropped(dropped));
  pool.submit("passwords", Urgency::login, made.call("wanted"));
  EXPECT_TRUE(unwanted.cancel());
  EXPECT_FALSE(unwanted.cancel()) << "it is cancelled already";
  EXPECT_TRUE(large.cancel());
  EXPECT_EQ(dropped, 1) << "what it holds does not wait for its turn";
  held.release();
  EXPECT_THAT(made.wait_for(1), testing::ElementsAre("wanted"));
}

TEST(CallPool, CancelsNothingThatHasBegun) {
  test::Gate gate;
  gate.close();
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 100});
  CallPool::Pending call = pool.submit("lane", Urgency::login, [&] { gate.pass(); });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  EXPECT_FALSE(call.cancel());
  gate.open();
  pool.stop();
  EXPECT_FALSE(call.cancel());
  EXPECT_FALSE(CallPool::Pending().cancel());
}

TEST(CallPool, DestroysWhatItDropsThoughSomebodyHoldsIt) {
  std::atomic<int> dropped{0};
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 1});
  Held held(pool, "lane");
  const CallPool::Pending first = pool.submit("lane", Urgency::login, Dropped(dropped));
  const CallPool::Pending second = pool.submit("lane", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 1);
  held.release();
}

TEST(CallPool, CancelsFromManyThreads) {
  CallPool pool({.threads = 3, .per_lane = 3, .queued = 10'000});
  std::atomic<int> made{0};
  std::atomic<int> cancelled{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (int n = 0; n < 1000; ++n) {
          auto call = pool.submit(n % 2 == 0 ? "a" : "b", Urgency::login, [&] { ++made; }, std::to_string(t));
          if (call.cancel()) ++cancelled;
        }
      });
    }
  }
  EXPECT_TRUE(test::eventually([&] { return made + cancelled == 3000; })) << made << " " << cancelled;
}

TEST(CallPool, StopsByDroppingWhatWaitsAndFinishingWhatRuns) {
  std::atomic<int> dropped{0};
  std::atomic<bool> finished{false};
  test::Gate gate;
  gate.close();
  CallPool pool({.threads = 1, .per_lane = 1, .queued = 10});
  pool.submit("sts", Urgency::login, [&] {
    gate.pass();
    finished = true;
  });
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  pool.submit("sts", Urgency::login, Dropped(dropped));
  std::thread stopping([&] { pool.stop(); });
  EXPECT_TRUE(test::eventually([&] { return dropped == 1; }));
  EXPECT_FALSE(finished);
  gate.open();
  stopping.join();
  EXPECT_TRUE(finished);
  pool.submit("sts", Urgency::login, Dropped(dropped));
  EXPECT_EQ(dropped, 2);
}

}  // namespace
}  // namespace rolegate::base
