#pragma once

#include <memory>
#include <string>

#include "aws/http.hpp"
#include "base/environment.hpp"

namespace rolegate::aws {

/// HttpClient on libcurl. Honours AWS_CA_BUNDLE, HTTPS_PROXY/HTTP_PROXY/NO_PROXY from `environment` (read
/// when constructed); TLS 1.2 at least, certificates always verified; no redirects; connections are kept
/// alive and shared between calls; only http and https.
[[nodiscard]] std::unique_ptr<HttpClient> make_curl_http(const base::Environment& environment);

}  // namespace rolegate::aws
