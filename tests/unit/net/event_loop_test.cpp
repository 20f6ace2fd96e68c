#include "net/event_loop.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rolegate::net {
namespace {

using std::chrono::milliseconds;

class Pair {
 public:
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    a = base::Descriptor(ends[0]);
    b = base::Descriptor(ends[1]);
  }
  base::Descriptor a;
  base::Descriptor b;
};

struct CallingWatcher final : Watcher {
  explicit CallingWatcher(std::function<void(std::uint32_t)> given) : call(std::move(given)) {}
  void ready(std::uint32_t events) override { call(events); }
  std::function<void(std::uint32_t)> call;
};

TEST(EventLoop, DoesWhatIsPostedInOrder) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::string done;
  std::thread other([&] {
    for (const char letter : {'a', 'b', 'c'}) loop.post([&done, letter] { done += letter; });
    loop.stop();
  });
  loop.run();
  other.join();
  EXPECT_EQ(done, "abc");
}

TEST(EventLoop, IsWokenByEachTaskThatMeetsItAsItGoesToSleep) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::atomic<int> done = 0;
  std::thread running([&] { loop.run(); });
  // Each task is posted as soon as the one before it is done: about when the loop looks for more.
  for (int turn = 0; turn < 20000 && done == turn; ++turn) {
    loop.post([&] { ++done; });
    const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (done == turn && std::chrono::steady_clock::now() < bound) std::this_thread::yield();
  }
  EXPECT_EQ(done, 20000);
  loop.stop();
  running.join();
}

TEST(EventLoop, FiresTimersInTheOrderOfTheirTimes) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::string fired;
  loop.in(milliseconds(3), [&] { fired += 'c', loop.stop(); });
  loop.in(milliseconds(1), [&] { fired += 'a'; });
  loop.in(milliseconds(2), [&] { fired += 'b'; });
  const auto cancelled = loop.in(milliseconds(1), [&] { fired += 'x'; });
  loop.cancel(cancelled);
  loop.run();
  EXPECT_EQ(fired, "abc");
}

TEST(EventLoop, LetsOthersIntoBetweenWhatTakesLong) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::string done;
  const auto round = [&](auto& again) -> void {
    done += '|';
    if (done.size() < 20) loop.in(milliseconds(0), [&] { again(again); });
  };
  for (int i = 0; i < 2 * EventLoop::kLongAtOnce + 1; ++i) loop.in_turn([&] { done += 'x'; });
  const auto cancelled = loop.in_turn([&] { done += 'c'; });
  loop.in_turn([&] { done += 'z', loop.stop(); });
  loop.cancel(cancelled);
  loop.in(milliseconds(0), [&] { round(round); });
  loop.run();
  EXPECT_EQ(done, "|xxxx|xxxx|xz");
}

TEST(EventLoop, LetsATimersLeavingsCancelTheNextOne) {
  struct Cancelling {
    Cancelling(EventLoop& given, EventLoop::TimerId id) : loop(given), other(id) {}
    Cancelling(const Cancelling&) = delete;
    Cancelling& operator=(const Cancelling&) = delete;
    ~Cancelling() { loop.cancel(other); }
    EventLoop& loop;
    EventLoop::TimerId other;
  };
  const base::SystemClock clock;
  EventLoop loop(clock);
  bool fired = false;
  const auto now = loop.now();
  const auto other = loop.at(now + milliseconds(1), [&] { fired = true; });
  loop.at(now, [held = std::make_unique<Cancelling>(loop, other)] {});
  loop.at(now + milliseconds(2), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(EventLoop, GivesOthersATurnBeforeATimerThatIsSetForNow) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  const Pair pair;
  std::string order;
  CallingWatcher watcher([&](std::uint32_t) {
    order += 'w';
    loop.remove(pair.a.get(), watcher);
    loop.stop();
  });
  std::function<void()> again = [&] {
    order += 't';
    if (order.size() < 3) loop.in(milliseconds(0), [&] { again(); });
  };
  loop.add(pair.a.get(), EPOLLIN, watcher);
  loop.in(milliseconds(0), [&] {
    ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
    again();
  });
  loop.run();
  EXPECT_EQ(order.substr(0, 2), "tw");
}

/// The first of many tasks, or timers, makes a descriptor ready and sets a timer; both have their turn before
/// the last of them.
struct Crowd {
  explicit Crowd(EventLoop& given)
      : loop(given), watcher([this](std::uint32_t) {
          heard_at = done;
          loop.remove(pair.a.get(), watcher);
        }) {
    loop.add(pair.a.get(), EPOLLIN, watcher);
  }
  void one() {
    if (done++ == 0) {
      EXPECT_EQ(::write(pair.b.get(), "x", 1), 1);
      loop.in(milliseconds(0), [this] { timer_at = done; });
    }
    if (done == kAll) loop.stop();
  }
  static constexpr int kAll = 10 * EventLoop::kBatch;
  EventLoop& loop;
  Pair pair;
  CallingWatcher watcher;
  int done = 0;
  int heard_at = kAll;
  int timer_at = kAll;
};

TEST(EventLoop, GivesOthersATurnAmongManyTasks) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  Crowd crowd(loop);
  for (int i = 0; i < Crowd::kAll; ++i) loop.post([&] { crowd.one(); });
  loop.run();
  EXPECT_EQ(crowd.done, Crowd::kAll);
  EXPECT_LE(crowd.heard_at, EventLoop::kBatch);
  EXPECT_LE(crowd.timer_at, EventLoop::kBatch);
}

TEST(EventLoop, GivesOthersATurnAmongManyTimers) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  Crowd crowd(loop);
  for (int i = 0; i < Crowd::kAll; ++i) loop.in(milliseconds(0), [&] { crowd.one(); });
  loop.run();
  EXPECT_EQ(crowd.done, Crowd::kAll);
  EXPECT_LE(crowd.heard_at, EventLoop::kBatch);
}

TEST(EventLoop, StopsHoweverManyTasksAreStillPosted) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  int done = 0;
  std::function<void()> again = [&] {
    ++done;
    loop.post([&] { again(); });
    if (done == 1) loop.stop();
  };
  loop.post([&] { again(); });
  loop.run();
  EXPECT_EQ(done, 2);
}

TEST(EventLoop, TellsNoWatcherThatWasRemovedInTheSameRound) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  const Pair first;
  const Pair second;
  int told = 0;
  std::unique_ptr<CallingWatcher> watchers[2];
  // Whichever is told first takes the other away; both are ready in one round.
  for (const int own : {0, 1}) {
    watchers[own] = std::make_unique<CallingWatcher>([&, own](std::uint32_t) {
      ++told;
      loop.remove((own == 0 ? second : first).a.get(), *watchers[1 - own]);
      watchers[1 - own].reset();
      loop.remove((own == 0 ? first : second).a.get(), *watchers[own]);
      loop.stop();
    });
  }
  ASSERT_EQ(::write(first.b.get(), "x", 1), 1);
  ASSERT_EQ(::write(second.b.get(), "x", 1), 1);
  loop.add(first.a.get(), EPOLLIN, *watchers[0]);
  loop.add(second.a.get(), EPOLLIN, *watchers[1]);
  loop.run();
  EXPECT_EQ(told, 1);
}

TEST(EventLoop, DestroysWhatIsRetiredAfterTheRound) {
  struct Noting final : Retired {
    explicit Noting(std::string& given) : order(given) {}
    Noting(const Noting&) = delete;
    Noting& operator=(const Noting&) = delete;
    ~Noting() override { order += 'd'; }
    std::string& order;
  };
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::string order;
  loop.post([&] {
    loop.retire(std::make_unique<Noting>(order));
    order += 'r';
  });
  loop.post([&] {
    order += 's';
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(order, "rsd");
}

TEST(EventLoop, DestroysUndoneWhatIsLeftOver) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  {
    const base::SystemClock clock;
    EventLoop loop(clock);
    loop.in(std::chrono::hours(1), [held] {});
    loop.post([held = std::move(held)] {});
  }
  EXPECT_TRUE(seen.expired());
}

}  // namespace
}  // namespace rolegate::net
