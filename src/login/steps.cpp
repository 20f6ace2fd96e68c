#include "login/steps.hpp"

namespace rolegate::login {

std::string_view step_title(StepName name) {
  switch (name) {
    case StepName::config:
      return "configuration";
    case StepName::feature_flag:
      return "feature flag";
    case StepName::base_credentials:
      return "base credentials";
    case StepName::role_credentials:
      return "role credentials";
    case StepName::login:
      return "login";
    case StepName::resolve:
      return "resolve";
    case StepName::tcp:
      return "TCP";
    case StepName::tls:
      return "TLS";
    case StepName::handshake:
      return "handshake";
    case StepName::query:
      return "query";
  }
  return {};
}

std::string_view step_code(StepName name) {
  switch (name) {
    case StepName::config:
      return "configuration";
    case StepName::feature_flag:
      return "feature_flag";
    case StepName::base_credentials:
      return "base_credentials";
    case StepName::role_credentials:
      return "role_credentials";
    case StepName::login:
      return "login";
    case StepName::resolve:
      return "resolve";
    case StepName::tcp:
      return "tcp";
    case StepName::tls:
      return "tls";
    case StepName::handshake:
      return "handshake";
    case StepName::query:
      return "query";
  }
  return {};
}

}  // namespace rolegate::login
