#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aws/credential_providers/container.hpp"
#include "aws/credential_providers/credentials_json.hpp"
#include "aws/credential_providers/ini_file.hpp"
#include "aws/credential_providers/profiles.hpp"
#include "aws/credential_providers/role_plan.hpp"
#include "aws/credential_providers/shell_split.hpp"
#include "aws/credential_providers/sso.hpp"
#include "aws/credential_providers/sso_token.hpp"
#include "base/utf8.hpp"

// What the credential chain reads: ~/.aws/config and credentials, and the JSON of credential_process, of the
// container and instance metadata services and of SSO. The first byte chooses the reader.

namespace {

using namespace rolegate;

void require(bool holds) {
  if (!holds) std::abort();
}

/// An error has a code and a sentence that a terminal shows and nothing more. A profile's name may have a
/// tab.
template <typename T>
void check(const base::Result<T>& result) {
  if (result) return;
  require(!result.error().code.empty() && !result.error().message.empty());
  std::string text = result.error().text();
  std::ranges::replace(text, '\t', ' ');
  require(base::is_utf8(text) && !base::has_control_characters(text));
}

std::shared_ptr<const aws::ProfileFile> file(std::string path, base::Result<aws::IniFile> content) {
  return std::make_shared<const aws::ProfileFile>(aws::ProfileFile{std::move(path), *std::move(content), {}});
}

/// Both files in one input, with a byte between them that neither may hold.
void read_files(std::string_view text) {
  const auto between = text.find('\x01');
  auto config = aws::parse_ini(text.substr(0, between), "config");
  auto credentials =
      aws::parse_ini(between == std::string_view::npos ? "" : text.substr(between + 1), "credentials");
  check(config);
  check(credentials);
  if (!config || !credentials) return;
  const aws::Profiles profiles(file("config", std::move(config)),
                               file("credentials", std::move(credentials)));
  for (const std::string_view name : profiles.names()) {
    const aws::ProfileView profile = profiles.profile(name);
    require(profile.exists());
    if (aws::has_role(profile)) {
      const auto plan = aws::plan_role(profiles, std::string(name));
      check(plan);
      require(!plan || (!plan->steps.empty() && plan->steps.size() <= profiles.names().size()));
    }
    check(aws::read_sso_settings(profiles, profile));
    if (const auto command = profile.get("credential_process")) (void)aws::shell_split(*command);
  }
}

void check_document(const base::Result<aws::CredentialsDocument>& document) {
  check(document);
  if (!document) return;
  aws::CredentialFields fields;
  fields.access_key_id = document->fields.access_key_id;
  fields.secret_access_key = document->fields.secret_access_key.copy();
  fields.session_token = document->fields.session_token.copy();
  check(aws::make_credentials(std::move(fields), "identity", "provider"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      read_files(text);
      break;
    case 1:
      check_document(aws::parse_process_output(text, "It"));
      break;
    case 2:
      check_document(aws::parse_metadata_answer(text, "It"));
      break;
    case 3:
      (void)aws::parse_sso_token(text);
      break;
    case 4:
      check(aws::parse_role_credentials(text, "It"));
      break;
    default:
      (void)aws::container_url_allowed(text);
      break;
  }
  return 0;
}
