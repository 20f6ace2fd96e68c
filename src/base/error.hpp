#pragma once

#include <concepts>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rolegate::base {

/// What AWS itself said when it refused or failed a call; kept word for word, for support cases.
struct AwsAnswer {
  std::string service;     ///< as in a credential scope: "sts", "redshift", "redshift-serverless", "sso"
  std::string operation;   ///< "AssumeRole"
  std::string code;        ///< AWS's own error code, "AccessDenied"
  std::string message;     ///< AWS's own text
  std::string request_id;  ///< empty when the answer carried none
  int http_status = 0;
};

/// Each module has one enum of codes; `code_name`, found next to it, gives the stable name that programs and
/// documentation use ("assume_role_denied"). The name must live as long as the program.
template <typename E>
concept ErrorEnum = requires(E e) {
  { code_name(e) } -> std::convertible_to<std::string_view>;
};

/// An expected failure: what a module hands to the next instead of an exception. Never carries a secret.
struct Error {
  std::string_view code;         ///< stable name, static storage
  std::string message;           ///< a sentence for people: what failed, and where
  std::string hint;              ///< the remedy; may be empty
  bool retryable = false;        ///< the same call may succeed later without anybody changing anything
  std::optional<AwsAnswer> aws;  ///< set when an AWS service answered

  template <ErrorEnum E>
  [[nodiscard]] bool is(E one) const {
    return code == code_name(one);
  }
  /// Message and hint in one text, the way the command line shows them.
  [[nodiscard]] std::string text() const { return hint.empty() ? message : message + " " + hint; }
};

template <typename T>
using Result = std::expected<T, Error>;

template <ErrorEnum E>
[[nodiscard]] Error make_error(E code, std::string message, std::string hint = {}, bool retryable = false) {
  return Error{code_name(code), std::move(message), std::move(hint), retryable, std::nullopt};
}

template <ErrorEnum E>
[[nodiscard]] std::unexpected<Error> fail(E code, std::string message, std::string hint = {},
                                          bool retryable = false) {
  return std::unexpected(make_error(code, std::move(message), std::move(hint), retryable));
}

}  // namespace rolegate::base
