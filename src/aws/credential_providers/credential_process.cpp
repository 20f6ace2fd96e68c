#include "aws/credential_providers/credential_process.hpp"

#include <utility>

#include <fmt/format.h>

#include "aws/credential_providers/credentials_json.hpp"
#include "aws/credential_providers/run_command.hpp"
#include "aws/credential_providers/shell_split.hpp"

namespace rolegate::aws {

CredentialProcess::CredentialProcess(SharedFiles& files, std::string profile, const base::Clock& clock,
                                     base::Log& log)
    : files_(files),
      profile_(std::move(profile)),
      kept_(clock, log, fmt::format("credential_process of profile '{}'", profile_)) {}

base::Result<CredentialsPtr> CredentialProcess::get(base::Deadline deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const ProfileView profile = (*profiles)->profile(profile_);
  const auto command = profile.get("credential_process");
  if (!command) {
    why_not = fmt::format("profile '{}' has no credential_process", profile_);
    return nullptr;
  }
  return kept_.get(*command, deadline, why_not, [&](base::Deadline limit, std::string&) {
    return fetch(*command, profile.place("credential_process"), limit);
  });
}

base::Result<CredentialsPtr> CredentialProcess::fetch(std::string_view command, const std::string& place,
                                                      base::Deadline deadline) const {
  const std::string subject = fmt::format("{}: the credential_process of profile '{}'", place, profile_);
  const auto words = shell_split(command);
  if (!words || words->empty()) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      fmt::format("{} {}.", subject, words ? "is empty" : "has a quote that is not closed"),
                      "It is split into words as a shell does it.");
  }
  const auto ran = run_command(*words, subject, deadline.within(kProcessLimit), kProcessMaxOutput);
  if (!ran) return std::unexpected(ran.error());
  if (ran->exit_status != 0) {
    return base::fail(CredentialsErrc::credentials_unavailable,
                      fmt::format("{} ended with status {}{}{}.", subject, ran->exit_status,
                                  ran->last_error_line.empty() ? "" : ": ", ran->last_error_line),
                      "Run the command by hand to see what it says.");
  }
  auto document = parse_process_output(ran->output.reveal(), subject);
  if (!document) return std::unexpected(std::move(document.error()));
  // A long-lived key is known by itself; a session by where it comes from, which stays when it is renewed.
  std::string identity = document->fields.session_token.empty()
                             ? document->fields.access_key_id
                             : fmt::format("process:{}{}{}", profile_,
                                           document->account_id.empty() ? "" : ":", document->account_id);
  return make_credentials(std::move(document->fields), std::move(identity),
                          fmt::format("profile '{}' (credential_process)", profile_));
}

}  // namespace rolegate::aws
