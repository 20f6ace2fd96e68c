#include "api/host_services.hpp"

#include <exception>

#include <fmt/format.h>

namespace rolegate::api {

// Clock and log are called from threads of this library, where nobody could catch what they throw.
base::WallTime HostClock::now() const {
  TimePoint now = std::chrono::system_clock::now();
  try {
    if (now_) now = now_();
  } catch (...) {
  }
  return std::chrono::time_point_cast<std::chrono::milliseconds>(now);
}

void HostLog::write(base::LogLevel level, std::string_view line) {
  try {
    sink_(static_cast<LogLevel>(level), std::string(line));
  } catch (...) {
  }
}

base::Result<aws::CredentialsPtr> HostCredentials::get(base::Deadline, std::string&) {
  AwsCredentials given;
  try {
    given = provider_();
  } catch (const std::exception& failure) {
    return base::fail(aws::CredentialsErrc::credentials_unavailable,
                      fmt::format("The program's own credential provider failed: {}.", failure.what()));
  }
  if (given.access_key_id.empty() || given.secret_access_key.empty()) {
    return base::fail(aws::CredentialsErrc::credentials_invalid,
                      "The program's own credential provider gave no access key id or no secret access key.");
  }
  auto credentials = std::make_shared<aws::Credentials>();
  // Temporary keys change with every renewal, their owner does not: one provider is one identity.
  credentials->identity = given.session_token.empty() ? given.access_key_id : "host";
  credentials->access_key_id = std::move(given.access_key_id);
  credentials->secret_access_key = base::Secret(given.secret_access_key.reveal());
  credentials->session_token = base::Secret(given.session_token.reveal());
  if (given.expires_at) {
    credentials->expires_at = std::chrono::time_point_cast<std::chrono::milliseconds>(*given.expires_at);
  }
  credentials->provider = name();
  credentials->read_anew = true;
  return credentials;
}

}  // namespace rolegate::api
