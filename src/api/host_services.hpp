#pragma once

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "rolegate/rolegate.hpp"

namespace rolegate::api {

/// The calling program's wall clock, log and credentials in the forms the modules take.

class HostClock final : public base::Clock {
 public:
  explicit HostClock(std::function<TimePoint()> now) : now_(std::move(now)) {}
  [[nodiscard]] base::WallTime now() const override;
  [[nodiscard]] base::SteadyTime steady() const override { return std::chrono::steady_clock::now(); }

 private:
  std::function<TimePoint()> now_;
};

class HostLog final : public base::Log {
 public:
  explicit HostLog(std::function<void(LogLevel, const std::string&)> sink) : sink_(std::move(sink)) {}
  [[nodiscard]] bool enabled(base::LogLevel) const override { return static_cast<bool>(sink_); }
  void write(base::LogLevel level, std::string_view line) override;

 private:
  std::function<void(LogLevel, const std::string&)> sink_;
};

class HostCredentials final : public aws::CredentialProvider {
 public:
  explicit HostCredentials(rolegate::CredentialProvider provider) : provider_(std::move(provider)) {}
  [[nodiscard]] std::string_view name() const override { return "the program's own provider"; }
  [[nodiscard]] base::Result<aws::CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;

 private:
  rolegate::CredentialProvider provider_;
};

}  // namespace rolegate::api
