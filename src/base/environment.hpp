#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::base {

/// Environment variables, injected. A variable that is set but empty counts as not set, as in the AWS SDKs.
/// Implementations are safe to call from several threads.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual std::optional<std::string> get(std::string_view name) const = 0;
  [[nodiscard]] std::string get_or(std::string_view name, std::string_view otherwise) const {
    auto value = get(name);
    return value ? std::move(*value) : std::string(otherwise);
  }
};

/// The process's own variables, read at each call.
class ProcessEnvironment final : public Environment {
 public:
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const override;
};

/// A fixed set: for a library's host that configures by hand, and for tests.
class FixedEnvironment final : public Environment {
 public:
  FixedEnvironment() = default;
  explicit FixedEnvironment(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const override {
    const auto found = values_.find(name);
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace rolegate::base
