#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

#include "admin/http/router.hpp"
#include "support/gate.hpp"

namespace rolegate::admin {

/// /hello says hello, /large is what `large` says, /broken cannot be made. /slow and /slow/broken do the same
/// as /hello and /broken in a job, once `gate` lets it through.
class FakePages {
 public:
  explicit FakePages(std::string large = {}) : large_(std::move(large)) {}

  /// It refers to this.
  [[nodiscard]] Router router() {
    Router router;
    router.add("/hello", "GET", [this](const RoutedRequest&) { return made_of("hello"); });
    router.add("/large", "GET", [this](const RoutedRequest&) { return made_of(large_); });
    router.add("/broken", "GET", [this](const RoutedRequest&) -> Reply {
      ++made;
      throw std::runtime_error("it broke");
    });
    router.add("/slow", "GET", [this](const RoutedRequest&) {
      return Job([this] {
        gate.pass();
        return made_of("hello");
      });
    });
    router.add("/slow/broken", "GET", [this](const RoutedRequest&) {
      return Job([this]() -> HttpAnswer {
        gate.pass();
        throw std::runtime_error("it broke slowly");
      });
    });
    return router;
  }

  std::atomic<int> made{0};
  test::Gate gate;

 private:
  HttpAnswer made_of(std::string body) {
    ++made;
    return {200, "text/plain", std::move(body)};
  }

  const std::string large_;
};

}  // namespace rolegate::admin
