#pragma once

#include <string>
#include <string_view>

#include "cli/output.hpp"

namespace rolegate::cli {

/// An output into a string, that can be made to fail.
class StringOutput final : public Output {
 public:
  explicit StringOutput(Style style = {}) : Output(style) {}
  [[nodiscard]] const std::string& text() {
    flush();
    return text_;
  }
  void fail_with(int error) { fail_ = error; }

 protected:
  [[nodiscard]] int put(std::string_view text) override {
    if (fail_ == 0) text_ += text;
    return fail_;
  }

 private:
  std::string text_;
  int fail_ = 0;
};

}  // namespace rolegate::cli
