#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "aws/api.hpp"
#include "aws/http.hpp"

namespace rolegate::aws::testing {

/// What a FakeHttp was asked.
struct SentRequest {
  std::string method;
  std::string url;
  HttpHeaders headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    HttpResponse finder;
    finder.headers = headers;
    return std::string(finder.header(name));
  }
};

/// An HttpClient without a network: gives the answers it was told, in their order; after them, http_connect.
class FakeHttp final : public HttpClient {
 public:
  void answer(int status, std::string body, HttpHeaders headers = {}) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    answers_.emplace_back(std::move(response));
  }
  void fail(ApiErrc code, bool retryable) {
    answers_.emplace_back(base::fail(code, "The fake network failed.", {}, retryable));
  }
  base::Result<HttpResponse> send(const HttpRequest& request, base::Deadline) override {
    sent_.push_back({request.method, request.url, request.headers, request.body});
    if (answers_.empty()) return base::fail(ApiErrc::http_connect, "The fake network has no further answer.");
    auto next = std::move(answers_.front());
    answers_.pop_front();
    return next;
  }
  [[nodiscard]] const std::vector<SentRequest>& sent() const { return sent_; }

 private:
  std::deque<base::Result<HttpResponse>> answers_;
  std::vector<SentRequest> sent_;
};

}  // namespace rolegate::aws::testing
