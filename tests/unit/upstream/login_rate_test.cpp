#include "upstream/login_rate.hpp"

#include <atomic>
#include <list>
#include <map>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::upstream {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr base::SteadyTime kStart{std::chrono::hours(100)};

/// Logins that wait at one rate, as their loops let them: each asks when it comes, when it is told that it is
/// the first, and again when the time that it was given then is over.
class Line {
 public:
  explicit Line(int per_second) : rate_(per_second) {}

  struct Login {
    std::string client;
    std::unique_ptr<LoginRate::Place> place;
    base::SteadyTime asks;  ///< again; the end of time when it waits to be told
  };

  /// False: the line is too long.
  bool enter(const std::string& client, milliseconds patience = 10s) {
    const auto login = logins_.insert(logins_.end(), Login{client, nullptr, now_});
    login->place = rate_.enter(client, [this, login] { login->asks = now_; }, now_, patience);
    const bool waits = login->place != nullptr;
    if (!waits) logins_.erase(login);
    return waits;
  }
  /// The client's latest gives up.
  void leave(const std::string& client) {
    auto login = logins_.end();
    while ((--login)->client != client) {
    }
    login->place.reset();
    logins_.erase(login);
  }
  void run_until(base::SteadyTime time) {
    for (;;) {
      const auto next = std::ranges::min_element(logins_, {}, &Login::asks);
      if (next == logins_.end() || next->asks > time) break;
      now_ = std::max(now_, next->asks);
      const auto wait = next->place->wait(now_);
      if (wait != 0ms) {
        next->asks = wait ? now_ + *wait : base::SteadyTime::max();
        continue;
      }
      begun.push_back(next->client);
      begun_at.push_back(std::chrono::duration_cast<milliseconds>(now_ - kStart).count());
      logins_.erase(next);
    }
    now_ = time;
  }
  [[nodiscard]] std::size_t waiting() const { return logins_.size(); }

  std::vector<std::string> begun;
  std::vector<long> begun_at;  ///< milliseconds since kStart

 private:
  LoginRate rate_;
  base::SteadyTime now_ = kStart;
  std::list<Login> logins_;
};

TEST(LoginRate, LetsASecondsWorthThroughAtOnceAndThenAsManyASecond) {
  Line line(4);
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(line.enter("a"));
  line.run_until(kStart + 10s);
  EXPECT_THAT(line.begun_at, ElementsAre(0, 0, 0, 0, 250, 500, 750));
}

TEST(LoginRate, LetsClientsTakeTurns) {
  Line line(2);
  for (const char* client : {"a", "a", "a", "a", "a", "b", "c", "b"}) EXPECT_TRUE(line.enter(client));
  line.run_until(kStart + 10s);
  EXPECT_THAT(line.begun, ElementsAre("a", "b", "c", "a", "b", "a", "a", "a"));
}

TEST(LoginRate, DelaysOnlyWhoFloodsIt) {
  Line line(100);
  base::SteadyTime now = kStart;
  for (int i = 0; i < 200; ++i) {  // ten times what is allowed
    line.run_until(now += 10ms);
    for (int j = 0; j < 10; ++j) static_cast<void>(line.enter("mallory"));
  }
  EXPECT_FALSE(line.enter("mallory"));
  ASSERT_TRUE(line.enter("alice", 20ms));
  line.run_until(now + 20ms);
  EXPECT_EQ(std::ranges::count(line.begun, "alice"), 1);
}

TEST(LoginRate, IsNotUsedUpByWhoLeaves) {
  Line line(1);
  EXPECT_TRUE(line.enter("alice"));
  line.run_until(kStart);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(line.enter("mallory"));
    line.leave("mallory");
  }
  EXPECT_TRUE(line.enter("alice", 1s));
  line.run_until(kStart + 1s);
  EXPECT_THAT(line.begun_at, ElementsAre(0, 1000));
  EXPECT_EQ(line.waiting(), 0U);
}

TEST(LoginRate, TellsTheNextWhenTheFirstLeaves) {
  Line line(1);
  for (const char* client : {"alice", "mallory", "bob"}) EXPECT_TRUE(line.enter(client));
  line.run_until(kStart + 500ms);
  line.leave("mallory");
  line.run_until(kStart + 1s);
  EXPECT_THAT(line.begun, ElementsAre("alice", "bob"));
  EXPECT_THAT(line.begun_at, ElementsAre(0, 1000));
}

TEST(LoginRate, ClosesUpWhenOneInTheMiddleLeaves) {
  Line line(1);
  for (const char* client : {"a", "b", "c", "d"}) EXPECT_TRUE(line.enter(client));
  line.run_until(kStart);
  line.leave("c");
  line.run_until(kStart + 5s);
  EXPECT_THAT(line.begun, ElementsAre("a", "b", "d"));
  EXPECT_THAT(line.begun_at, ElementsAre(0, 1000, 2000));
}

TEST(LoginRate, BoundsTheLineOfAClientByPatience) {
  Line line(100);
  int places = 0;
  while (line.enter("a", 5s)) ASSERT_LT(++places, 10'000);
  EXPECT_EQ(places, 100 + 500);
  EXPECT_TRUE(line.enter("b", 0ms)) << "whose turn comes before most of those";
}

TEST(LoginRate, IsNoLimitAtZero) {
  Line line(0);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(line.enter(i % 2 == 0 ? "a" : "b", 0ms));
  line.run_until(kStart);
  EXPECT_EQ(line.waiting(), 0U);
}

TEST(LoginRate, IsUsedByManyThreads) {
  LoginRate rate(100);
  std::atomic<int> begun = 0;
  std::atomic<int> told = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::vector<std::unique_ptr<LoginRate::Place>> places;
        for (int i = 0; i < 1000; ++i) {
          if (auto place = rate.enter(std::to_string(t), [&] { ++told; }, kStart, 1s)) {
            places.push_back(std::move(place));
          }
          if (!places.empty() && places.front()->wait(kStart) == 0ms) {
            ++begun;
            places.erase(places.begin());
          }
        }
      });
    }
  }
  EXPECT_LE(begun, 100);
  int left = 0;
  while (auto place = rate.enter("last", [] {}, kStart, 1s)) {
    if (place->wait(kStart) == 0ms)
      ++left;
    else
      break;
  }
  EXPECT_EQ(begun + left, 100) << "nobody has used up what he has not begun";
  EXPECT_GT(told, 0);
}

}  // namespace
}  // namespace rolegate::upstream
