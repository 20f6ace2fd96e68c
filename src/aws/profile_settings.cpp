#include "aws/profile_settings.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"

namespace rolegate::aws {
namespace {

constexpr std::string_view kGlobalEndpoint = "AWS_ENDPOINT_URL";
constexpr std::string_view kEndpointOfService = "AWS_ENDPOINT_URL_";

/// Variables and the keys of a profile that mean the same.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kSettings{{
    {kGlobalEndpoint, "endpoint_url"},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"},
    {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
    {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"},
    {"AWS_CA_BUNDLE", "ca_bundle"},
    {"AWS_MAX_ATTEMPTS", "max_attempts"},
    {"AWS_RETRY_MODE", "retry_mode"},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"},
    {"AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"},
    {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"},
}};

std::optional<std::string> value_in(const ProfileView& profile, std::string_view key) {
  std::string value = profile.get_or(key, {});
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

/// `endpoint_url` of a service ("REDSHIFT_SERVERLESS") in the `services` section that the profile names.
std::optional<std::string> endpoint_in_services(const Profiles& profiles, const ProfileView& profile,
                                                std::string_view service) {
  const auto section_name = value_in(profile, "services");
  const IniSection* section = section_name ? profiles.services(*section_name) : nullptr;
  if (section == nullptr) return std::nullopt;
  const auto settings = section->values.find(base::lower_case(service));
  if (settings == section->values.end()) return std::nullopt;
  const auto url = settings->second.nested.find("endpoint_url");
  if (url == settings->second.nested.end() || url->second.empty()) return std::nullopt;
  return std::string(url->second.reveal());
}

}  // namespace

ProfileSettings::ProfileSettings(const base::Environment& variables, const base::Clock& clock, base::Log& log,
                                 std::string profile)
    : variables_(variables), log_(log), profile_(std::move(profile)), files_(variables, clock, silent_) {}

std::optional<std::string> ProfileSettings::get(std::string_view name) const {
  if (auto value = variables_.get(name)) return value;
  const auto* const setting =
      std::ranges::find(kSettings, name, &std::pair<std::string_view, std::string_view>::first);
  const bool of_service = name.starts_with(kEndpointOfService) && !variables_.get(kGlobalEndpoint);
  if (setting == kSettings.end() && !of_service) return std::nullopt;
  const auto all = profiles();
  if (!all) return std::nullopt;
  const std::string profile_name = choose_profile(variables_, profile_).name;
  const ProfileView profile = all->profile(profile_name);
  if (of_service) return endpoint_in_services(*all, profile, name.substr(kEndpointOfService.size()));
  return value_in(profile, setting->second);
}

std::shared_ptr<const Profiles> ProfileSettings::profiles() const {
  const auto found = files_.current();
  const std::lock_guard lock(mutex_);
  if (found) {
    told_.clear();
    return *found;
  }
  if (std::exchange(told_, found.error().message) != found.error().message) {
    log_.warning("{} What the profile says of endpoints and retries does not count.", found.error().message);
  }
  return nullptr;
}

}  // namespace rolegate::aws
