#pragma once

#include <functional>
#include <string>

#include "aws/api.hpp"

namespace rolegate::aws {

/// What a service says when it refuses: found in the body and headers, as the protocol has it. All may be
/// empty.
struct Refusal {
  std::string code;
  std::string message;
  std::string request_id;
};

/// One POST to a service, the same for the Query and the JSON protocol.
struct ApiCall {
  Service service = Service::sts;
  CallSubject subject;
  const Credentials* credentials = nullptr;  ///< null: the call is not signed
  HttpHeaders headers;
  std::string body;
  /// Reads the refusal out of an answer whose status is not 2xx; may change (parse in place) the body.
  std::function<Refusal(HttpResponse&)> read_refusal;

  ApiCall() = default;
  ApiCall(const ApiCall&) = delete;
  ApiCall& operator=(const ApiCall&) = delete;
  ~ApiCall();  ///< wipes the body, which may hold a web identity token
};

/// Endpoint, signature, exchange; again on throttling, 5xx and connection failures, inside the deadline.
/// Gives the 2xx answer, or the Error of aws_error, to which a wrong clock is added when the answer shows
/// one.
[[nodiscard]] base::Result<HttpResponse> perform(const ApiContext& context, const ApiCall& call,
                                                 base::Deadline deadline);

/// `unexpected_answer`: "sts:AssumeRole for …: the answer <what>."
[[nodiscard]] base::Error unexpected_answer(const CallSubject& subject, std::string_view what);

}  // namespace rolegate::aws
