#include "aws/endpoints.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "aws/api.hpp"
#include "aws/url.hpp"
#include "base/ascii.hpp"
#include "base/partition.hpp"

namespace rolegate::aws {
namespace {

/// The first label or labels of an endpoint's name.
std::string_view endpoint_prefix(Service service) {
  return service == Service::sso ? "portal.sso" : signing_name(service);
}

std::string_view override_variable(Service service) {
  switch (service) {
    case Service::sts:
      return "AWS_ENDPOINT_URL_STS";
    case Service::redshift:
      return "AWS_ENDPOINT_URL_REDSHIFT";
    case Service::redshift_serverless:
      return "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS";
    case Service::sso:
      return "AWS_ENDPOINT_URL_SSO";
  }
  return "AWS_ENDPOINT_URL";
}

bool is_true(const std::optional<std::string>& value) {
  return value && base::equals_ignoring_case(*value, "true");
}

/// In AWS GovCloud the plain STS, Redshift and SSO endpoints are the FIPS ones; there is no "-fips" name
/// (https://aws.amazon.com/compliance/fips/; botocore's endpoint rule sets).
bool plain_name_is_fips(Service service, const base::Partition& partition) {
  return partition.name == "aws-us-gov" && service != Service::redshift_serverless;
}

bool is_region_label(std::string_view region) {
  return !region.empty() && region.size() <= 63 && region.front() != '-' && region.back() != '-' &&
         std::ranges::all_of(
             region, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

base::Result<std::string> checked_override(std::string_view variable, std::string text) {
  while (text.ends_with('/')) text.pop_back();
  const auto url = parse_url(text);
  if (!url || !url->query.empty()) {
    // The value is not repeated: it may hold a password before an '@'.
    return base::fail(ApiErrc::endpoint_invalid, fmt::format("{} is not a URL of a service.", variable),
                      "Set it, or endpoint_url of the profile, to http(s)://HOST[:PORT][/PATH], without "
                      "user, query or fragment.");
  }
  if (url->scheme == "http" && !is_loopback(url->host)) {
    return base::fail(ApiErrc::endpoint_invalid,
                      fmt::format("{} names {} with plain http, which would carry credentials in the clear.",
                                  variable, url->host),
                      "Use https; plain http is taken for localhost, 127.0.0.0/8 and [::1] only.");
  }
  return text;
}

}  // namespace

std::string_view signing_name(Service service) {
  switch (service) {
    case Service::sts:
      return "sts";
    case Service::redshift:
      return "redshift";
    case Service::redshift_serverless:
      return "redshift-serverless";
    case Service::sso:
      return "awsssoportal";
  }
  return {};
}

base::Result<std::string> endpoint_url(Service service, std::string_view region,
                                       const base::Environment& environment) {
  if (!is_true(environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    for (const std::string_view variable :
         {override_variable(service), std::string_view("AWS_ENDPOINT_URL")}) {
      if (auto text = environment.get(variable)) return checked_override(variable, std::move(*text));
    }
  }
  if (!is_region_label(region)) {
    return base::fail(ApiErrc::endpoint_invalid,
                      fmt::format("'{}' is not the name of an AWS region.", region),
                      "A region reads like eu-west-1.");
  }
  const base::Partition& partition = base::partition_of_region(region);
  const bool fips = is_true(environment.get("AWS_USE_FIPS_ENDPOINT"));
  const bool dual_stack = is_true(environment.get("AWS_USE_DUALSTACK_ENDPOINT"));
  if (dual_stack && partition.dual_stack_suffix.empty()) {
    return base::fail(
        ApiErrc::endpoint_invalid,
        fmt::format("The partition {} of region {} has no dual-stack endpoints.", partition.name, region),
        "Unset AWS_USE_DUALSTACK_ENDPOINT, or use_dualstack_endpoint of the profile.");
  }
  const bool suffixed = fips && (dual_stack || !plain_name_is_fips(service, partition));
  return fmt::format("https://{}{}.{}.{}", endpoint_prefix(service), suffixed ? "-fips" : "", region,
                     dual_stack ? partition.dual_stack_suffix : partition.dns_suffix);
}

}  // namespace rolegate::aws
