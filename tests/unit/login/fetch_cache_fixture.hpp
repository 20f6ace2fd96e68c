#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "login/fetch_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::login {

struct NameView {
  std::string_view name;
  bool operator==(const NameView&) const = default;
  [[nodiscard]] std::size_t hash() const { return std::hash<std::string_view>()(name); }
};

struct Name {
  using View = NameView;
  explicit Name(const View& view) : name(view.name) {}
  [[nodiscard]] View view() const { return {name}; }
  /// "eu/orders" is in lane "eu".
  [[nodiscard]] std::string lane() const { return name.substr(0, name.find('/')); }
  [[nodiscard]] std::string text() const { return "entry " + name; }
  std::string name;
};

/// A FetchCache whose calls are counted, can be held at a gate and made to fail; the n-th success gives n.
class FetchCacheTest : public testing::Test {
 protected:
  using Cache = FetchCache<Name, int>;

  explicit FetchCacheTest(CacheLimits limits = {}) : limits_(limits) {}
  ~FetchCacheTest() override {
    gate.open();
    slow_gate.open();
    pool.stop();
  }

  base::Result<Answer<int>> get(std::string_view name, Fresh fresh = Fresh::no,
                                base::Deadline deadline = base::Deadline::in(test::kPatience)) {
    return cache.get(NameView{name}, nullptr, deadline, fresh);
  }
  /// The value alone, or 0 for an error.
  int value(std::string_view name, Fresh fresh = Fresh::no) {
    const auto answer = get(name, fresh);
    return answer ? *answer->value : 0;
  }
  /// Waits until no call is under way.
  bool renewed(std::uint64_t times) {
    return test::eventually([&] { return cache.counts().background_renewals >= times; });
  }

  test::FakeClock clock;
  RecordingLog log;
  base::CallPool pool{{.threads = 4, .per_lane = 2, .queued = 10'000}};
  test::Gate gate;
  test::Gate slow_gate;  ///< holds the entry "slow" alone
  std::atomic<int> calls{0};
  std::atomic<bool> failing{false};
  std::atomic<bool> throwing{false};
  std::atomic<int> first_uses{0};
  std::chrono::milliseconds life{std::chrono::hours(1)};

 private:
  base::Result<Fetched<int>> fetch(const Name& name, base::Deadline deadline) {
    const int call = ++calls;
    if (!(name.name == "slow" ? slow_gate : gate).pass(deadline.at()))
      return base::fail(Errc::login_timeout, "AWS is stalled.", {}, true);
    if (throwing) throw std::runtime_error("a bug");
    if (failing) return base::fail(Errc::call_failed, "AWS is down.", {}, true);
    return Fetched<int>{std::make_shared<const int>(call), role_validity(clock.now(), clock.now() + life)};
  }

  CacheLimits limits_;

 protected:
  Cache cache{{clock, log, pool},
              [this](const Name& name, const aws::CredentialsPtr&, base::Deadline deadline) {
                return fetch(name, deadline);
              },
              limits_,
              [this] { ++first_uses; }};
};

}  // namespace rolegate::login
