#include <utility>

#include "rolegate/rolegate.hpp"

namespace rolegate {

struct Error::Parts {
  std::string code;
  std::string message;
  std::string hint;
  std::string aws_code;
  std::string aws_request_id;
  bool retryable;
};

Error::Error(std::string code, std::string message, std::string hint, std::string aws_code,
             std::string aws_request_id, bool retryable)
    : std::runtime_error(hint.empty() ? message : message + " " + hint),
      parts_(
          std::make_shared<const Parts>(Parts{std::move(code), std::move(message), std::move(hint),
                                              std::move(aws_code), std::move(aws_request_id), retryable})) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

const std::string& Error::code() const noexcept { return parts_->code; }
const std::string& Error::message() const noexcept { return parts_->message; }
const std::string& Error::hint() const noexcept { return parts_->hint; }
const std::string& Error::aws_code() const noexcept { return parts_->aws_code; }
const std::string& Error::aws_request_id() const noexcept { return parts_->aws_request_id; }
bool Error::retryable() const noexcept { return parts_->retryable; }

}  // namespace rolegate
