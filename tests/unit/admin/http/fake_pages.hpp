#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>

#include "admin/http/page.hpp"

namespace rolegate::admin {

/// /hello says hello, /large is what `large` says, /broken cannot be made.
class FakePages final : public Pages {
 public:
  explicit FakePages(std::string large = {}) : large_(std::move(large)) {}

  [[nodiscard]] bool has(std::string_view path) const override {
    return path == "/hello" || path == "/large" || path == "/broken";
  }
  [[nodiscard]] Page get(std::string_view path) override {
    ++made;
    if (path == "/broken") throw std::runtime_error("it broke");
    if (path == "/large") return {200, "text/plain", large_};
    return {200, "text/plain", "hello"};
  }
  [[nodiscard]] std::string list() const override { return "/hello, /large and /broken"; }

  std::atomic<int> made{0};

 private:
  const std::string large_;
};

}  // namespace rolegate::admin
