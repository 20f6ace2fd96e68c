#include "aws/http.hpp"

#include <algorithm>

#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

void wipe_all(HttpHeaders& headers, std::string& body) {
  for (auto& [name, value] : headers) base::wipe(value);
  base::wipe(body);
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

HttpRequest::~HttpRequest() { wipe_all(headers, body); }
HttpResponse::~HttpResponse() { wipe_all(headers, body); }

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

}  // namespace rolegate::aws
