#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <stdlib.h>

#include "aws/api.hpp"
#include "aws/chain.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/iso8601.hpp"
#include "base/log.hpp"
#include "unit/aws/fake_http.hpp"

namespace rolegate::aws::testing {

/// A clock that goes when it is told to. Starts at 2026-01-02T03:04:05Z.
class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] base::SteadyTime steady() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  void advance(std::chrono::milliseconds time) {
    const std::lock_guard lock(mutex_);
    now_ += time;
    steady_ += time;
  }

 private:
  mutable std::mutex mutex_;
  base::WallTime now_ = *base::parse_iso8601("2026-01-02T03:04:05Z");
  base::SteadyTime steady_{std::chrono::hours(1)};
};

/// Variables that a test may change under way.
class FakeEnvironment final : public base::Environment {
 public:
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const override {
    const auto found = values.find(name);
    if (found == values.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  std::map<std::string, std::string, std::less<>> values;
};

class RecordingLog final : public base::Log {
 public:
  [[nodiscard]] bool enabled(base::LogLevel) const override { return true; }
  void write(base::LogLevel, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    text_ += line;
    text_ += '\n';
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rolegate-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(std::string_view name = {}) const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  /// Writes a file (its folders too) and gives its path.
  std::string write(std::string_view name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

/// What a provider stands on, all of it fake but the files; HOME is a temporary folder.
struct ProviderFixture {
  TemporaryFolder home;
  FakeEnvironment environment;
  FakeClock clock;
  FakeHttp http;
  RecordingLog log;
  std::vector<std::chrono::milliseconds> pauses;
  base::Deadline deadline = base::Deadline::in(std::chrono::minutes(10));
  std::string why_not;

  ProviderFixture() { environment.values["HOME"] = home.path(); }

  void credentials_file(std::string_view text) { home.write(".aws/credentials", text); }
  void config_file(std::string_view text) { home.write(".aws/config", text); }
  RetryPolicy retry() {
    RetryPolicy policy;
    policy.random = [] { return 0.5; };
    policy.wait = [this](std::chrono::milliseconds pause) { pauses.push_back(pause); };
    return policy;
  }
  ApiContext api() { return {environment, clock, http, log, retry()}; }
  ChainContext chain() { return {environment, clock, http, log, retry()}; }
  base::Result<CredentialsPtr> get(CredentialProvider& provider) { return provider.get(deadline, why_not); }
  /// `minutes` from the fixture's now, as AWS writes times.
  [[nodiscard]] std::string in(std::chrono::minutes minutes) const {
    return base::format_iso8601(clock.now() + minutes);
  }

  /// STS's answer to AssumeRole and AssumeRoleWithWebIdentity.
  void answer_assume_role(std::string_view key, std::chrono::minutes lifetime = std::chrono::minutes(60),
                          std::string_view operation = "AssumeRole") {
    http.answer(
        200, fmt::format(
                 "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials>"
                 "<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>secret-of-{1}</SecretAccessKey>"
                 "<SessionToken>token-of-{1}</SessionToken><Expiration>{2}</Expiration></Credentials>"
                 "</{0}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
                 "</{0}Response>",
                 operation, key, in(lifetime)));
  }
  /// The JSON of the container and instance metadata services.
  [[nodiscard]] std::string metadata_json(std::string_view key,
                                          std::chrono::minutes lifetime = std::chrono::minutes(60),
                                          std::string_view more = {}) const {
    return fmt::format(R"({{"Code":"Success","AccessKeyId":"{0}","SecretAccessKey":"secret-of-{0}",)"
                       R"("Token":"token-of-{0}","Expiration":"{1}"{2}}})",
                       key, in(lifetime), more);
  }
};

}  // namespace rolegate::aws::testing
