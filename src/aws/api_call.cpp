#include "aws/api_call.hpp"

#include <fmt/format.h>

#include "aws/clock_skew.hpp"
#include "aws/sigv4.hpp"

namespace rolegate::aws {
namespace {

HttpRequest request_of(const ApiCall& call, const std::string& url, base::WallTime now) {
  HttpRequest request;
  request.method = "POST";
  request.url = url + "/";
  request.headers = call.headers;
  request.body = call.body;
  if (call.credentials != nullptr) {
    sign_headers(request, *call.credentials, call.subject.region, signing_name(call.service), now);
  }
  return request;
}

base::Error refusal_error(const ApiCall& call, HttpResponse& response, base::WallTime now) {
  const Refusal refusal = call.read_refusal(response);
  auto error = aws_error(call.subject, response.status, refusal.code, refusal.message, refusal.request_id);
  if (error.is(ApiErrc::signature_mismatch)) {
    if (auto hint = clock_skew_hint(response.header("Date"), now); !hint.empty())
      error.hint = std::move(hint);
  }
  return error;
}

}  // namespace

ApiCall::~ApiCall() { base::wipe(body); }

base::Result<HttpResponse> perform(const ApiContext& context, const ApiCall& call, base::Deadline deadline) {
  const auto url = endpoint_url(call.service, call.subject.region, context.environment);
  if (!url) return std::unexpected(url.error());
  int attempt = 0;
  return with_retries<HttpResponse>(context.retry, deadline, [&]() -> base::Result<HttpResponse> {
    ++attempt;
    auto response = context.http.send(request_of(call, *url, context.clock.now()), deadline);
    if (response && response->status >= 200 && response->status < 300) {
      context.log.debug("{}:{} at {} answered, {} bytes, request {}", call.subject.service,
                        call.subject.operation, *url, response->body.size(),
                        response->header("x-amzn-RequestId"));
      return response;
    }
    base::Error error =
        response ? refusal_error(call, *response, context.clock.now()) : std::move(response.error());
    context.log.debug("{}:{} at {}, attempt {}, failed: {}", call.subject.service, call.subject.operation,
                      *url, attempt, error.code);
    return std::unexpected(std::move(error));
  });
}

base::Error unexpected_answer(const CallSubject& subject, std::string_view what) {
  return base::make_error(ApiErrc::unexpected_answer,
                          fmt::format("{}:{}{}{}: the answer {}.", subject.service, subject.operation,
                                      subject.resource.empty() ? "" : " for ", subject.resource, what),
                          "Check the endpoint (AWS_ENDPOINT_URL) and the proxy, if there is one.");
}

}  // namespace rolegate::aws
