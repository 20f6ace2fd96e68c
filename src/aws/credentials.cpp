#include "aws/credentials.hpp"

namespace rolegate::aws {

std::string_view code_name(CredentialsErrc code) {
  switch (code) {
    case CredentialsErrc::no_credentials:
      return "no_credentials";
    case CredentialsErrc::credentials_invalid:
      return "credentials_invalid";
    case CredentialsErrc::credentials_expired:
      return "credentials_expired";
    case CredentialsErrc::credentials_unavailable:
      return "credentials_unavailable";
  }
  return "credentials_unavailable";
}

}  // namespace rolegate::aws
