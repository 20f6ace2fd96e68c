#pragma once

#include <string_view>

#include "base/secret.hpp"
#include "base/sha256.hpp"

namespace rolegate::aws {

/// The key of a day, region and service ("Derive a signing key",
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html). `date` reads "20260102".
[[nodiscard]] base::HmacSha256 derive_signing_key(const base::Secret& secret_access_key,
                                                  std::string_view date, std::string_view region,
                                                  std::string_view service);

}  // namespace rolegate::aws
