#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/http.hpp"
#include "aws/retry.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// What providers stand on; the referents outlive the chain.
struct ChainContext {
  const base::Environment& environment;
  const base::Clock& clock;
  HttpClient& http;
  base::Log& log;
  std::optional<RetryPolicy> retry = std::nullopt;  ///< not set: make_retry_policy(environment)
};

/// Providers in order; the first that has credentials wins. When none has, the error (no_credentials) lists
/// each provider with the reason it gave.
class CredentialChain final : public CredentialProvider {
 public:
  explicit CredentialChain(std::vector<std::unique_ptr<CredentialProvider>> providers);
  [[nodiscard]] std::string_view name() const override { return "credential chain"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override;

 private:
  std::vector<std::unique_ptr<CredentialProvider>> providers_;
};

/// boto3's order: see the README beside this file. `profile` overrides AWS_PROFILE when not empty.
[[nodiscard]] std::unique_ptr<CredentialProvider> make_default_chain(const ChainContext& context,
                                                                     const std::string& profile = {});

}  // namespace rolegate::aws
