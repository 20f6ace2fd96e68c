#pragma once

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"

namespace rolegate::cli {

/// The error for people, on standard error: the sentence, the hint, and AWS's own words when it answered.
///
///     rolegate: error: AWS refused to let … assume role ….
///       hint: The trust policy of … must allow ….
///       AWS:  AccessDenied: User … is not authorized … (sts AssumeRole, HTTP 403, request 0123-4567)
void write_error(Output& err, const base::Error& error);

/// "AccessDenied: User … is not authorized … (sts AssumeRole, HTTP 403, request 0123-4567)".
[[nodiscard]] std::string aws_text(const base::AwsAnswer& answer);

/// {"code", "message", "hint", "retryable", "aws": {"service", "operation", "code", "message", "request_id",
/// "http_status"}}; "aws" is null when no AWS service answered.
[[nodiscard]] boost::json::object error_json(const base::Error& error);

/// Writes the error, as {"error": {…}} on a line of its own where a program reads, and gives the exit status.
ExitStatus report(Output& err, const base::Error& error, bool json = false);

}  // namespace rolegate::cli
