#include "aws/http.hpp"

#include "base/ascii.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

void wipe_all(HttpHeaders& headers, std::string& body) {
  for (auto& [name, value] : headers) base::wipe(value);
  base::wipe(body);
}

}  // namespace

HttpRequest::~HttpRequest() { wipe_all(headers, body); }
HttpResponse::~HttpResponse() { wipe_all(headers, body); }

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::equals_ignoring_case(key, name)) return value;
  }
  return {};
}

}  // namespace rolegate::aws
