#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// Names are compared without regard to case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// May hold secrets (an Authorization header, a password in a body): wiped when it goes away, never logged.
struct HttpRequest {
  std::string method;  ///< "GET", "POST", "PUT"
  std::string url;     ///< absolute; already percent-encoded
  HttpHeaders headers;
  std::string body;
  bool use_proxy = true;  ///< false for link-local services (IMDS, containers), which no proxy reaches

  HttpRequest() = default;
  HttpRequest(HttpRequest&&) = default;
  HttpRequest& operator=(HttpRequest&&) = default;
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;
  ~HttpRequest();
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;  ///< at most kMaxBody bytes; a longer answer is an error

  HttpResponse() = default;
  HttpResponse(HttpResponse&&) = default;
  HttpResponse& operator=(HttpResponse&&) = default;
  HttpResponse(const HttpResponse&) = delete;
  HttpResponse& operator=(const HttpResponse&) = delete;
  ~HttpResponse();

  /// The first header of that name, or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

inline constexpr std::size_t kMaxBody = 1 << 20;

/// One HTTP exchange; no retries, no redirects. Thread-safe. An error means that no complete answer came
/// (code http_timeout, http_connect, http_tls, http_body …, retryable set accordingly); any status is a
/// response.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  [[nodiscard]] virtual base::Result<HttpResponse> send(const HttpRequest& request,
                                                        base::Deadline deadline) = 0;
  /// Gives up the exchanges under way (within about a second) and refuses later ones: for a program that
  /// ends, which should not wait for an endpoint that does not answer.
  virtual void stop() {}
};

}  // namespace rolegate::aws
