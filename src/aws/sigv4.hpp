#pragma once

#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/http.hpp"
#include "base/clock.hpp"

namespace rolegate::aws {

/// Adds Host, X-Amz-Date, X-Amz-Security-Token and Authorization to `request` (Signature Version 4 in
/// headers; https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html). The URL's path and
/// query must already be percent-encoded the RFC 3986 way. Thread-safe.
void sign_headers(HttpRequest& request, const Credentials& credentials, std::string_view region,
                  std::string_view service, base::WallTime now);

}  // namespace rolegate::aws
