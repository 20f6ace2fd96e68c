#pragma once

#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

enum class Service { sts, redshift, redshift_serverless, sso };
/// The name in a credential scope: "sts", "redshift", "redshift-serverless", "awsssoportal".
[[nodiscard]] std::string_view signing_name(Service service);

/// The base URL, without a trailing slash, for a service in a region: AWS_ENDPOINT_URL_<SERVICE>, else
/// AWS_ENDPOINT_URL (neither with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS), else the regional endpoint, FIPS and
/// dual-stack as AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT say; with ProfileSettings, all of these
/// from the profile, too. Errors: an override that is no http(s) URL; plain http to anything but loopback.
[[nodiscard]] base::Result<std::string> endpoint_url(Service service, std::string_view region,
                                                     const base::Environment& environment);

}  // namespace rolegate::aws
