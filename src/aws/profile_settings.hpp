#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credential_providers/shared_files.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// The environment as the AWS SDKs see it: a setting that no variable gives is looked for in the chosen
/// profile, under that variable's name
/// (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html). AWS_ENDPOINT_URL_STS and its
/// like stand for the profile's `services` section, which comes after AWS_ENDPOINT_URL and before the
/// profile's own endpoint_url. The files are looked at at each call. Whatever is no such setting is the
/// variable alone.
class ProfileSettings final : public base::Environment {
 public:
  /// `profile` goes before AWS_PROFILE when it is not empty. The referents outlive this object.
  ProfileSettings(const base::Environment& variables, const base::Clock& clock, base::Log& log,
                  std::string profile);

  [[nodiscard]] std::optional<std::string> get(std::string_view name) const override;

 private:
  /// Null when a file is broken; says so, once for each fault.
  [[nodiscard]] std::shared_ptr<const Profiles> profiles() const;

  const base::Environment& variables_;
  base::Log& log_;
  const std::string profile_;
  mutable base::NoLog silent_;  ///< the credential chain says what is to be said of the files
  mutable SharedFiles files_;
  mutable std::mutex mutex_;
  mutable std::string told_;
};

}  // namespace rolegate::aws
