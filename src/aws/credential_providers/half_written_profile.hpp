#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"

namespace rolegate::aws {

/// Stands behind the other providers of a profile, and has no credentials itself: it ends the chain where the
/// profile says something of where its credentials come from, but too little for any of them. Without it the
/// machine's own role would be used in silence.
class HalfWrittenProfile final : public CredentialProvider {
 public:
  /// `named`: somebody chose the profile. Of one that nobody chose, only login_session counts; for the rest
  /// the chain goes on, as botocore's does. `files` outlives this object.
  HalfWrittenProfile(SharedFiles& files, std::string profile, bool named)
      : files_(files), profile_(std::move(profile)), named_(named) {}

  [[nodiscard]] std::string_view name() const override { return "rest of the profile"; }
  /// No reason when there is nothing to say.
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;

 private:
  SharedFiles& files_;
  const std::string profile_;
  const bool named_;
};

}  // namespace rolegate::aws
