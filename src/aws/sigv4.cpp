#include "aws/sigv4.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "aws/signing_key.hpp"
#include "aws/url.hpp"
#include "base/ascii.hpp"
#include "base/iso8601.hpp"
#include "base/percent_encoding.hpp"
#include "base/sha256.hpp"

namespace rolegate::aws {
namespace {

/// Proxies and HTTP libraries change these on the way, so no SDK signs them.
bool is_signed(std::string_view lower_name) {
  return lower_name != "authorization" && lower_name != "user-agent" && lower_name != "expect" &&
         lower_name != "transfer-encoding" && lower_name != "x-amzn-trace-id";
}

void remove_header(HttpHeaders& headers, std::string_view lower_name) {
  for (auto& [name, value] : headers) {
    if (base::lower_case(name) == lower_name) base::wipe(value);
  }
  std::erase_if(headers, [&](const auto& header) { return base::lower_case(header.first) == lower_name; });
}

/// Host as RFC 9112 wants it: lower case, without the port that the scheme implies.
std::string host_header(const Url& url) {
  if (!url.default_port) return base::lower_case(url.authority);
  std::string host = base::lower_case(url.host);
  return url.host.contains(':') ? fmt::format("[{}]", host) : host;
}

/// The path is encoded once in the URL and once more here, which holds for every service but S3.
std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string out;
  for (std::size_t start = 0;;) {
    const auto slash = path.find('/', start);
    base::percent_encode_to(out, path.substr(start, slash - start));
    if (slash == std::string_view::npos) return out;
    out.push_back('/');
    start = slash + 1;
  }
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    pairs.emplace_back(pair.substr(0, equals),
                       equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

/// Appends a value without outer blanks, inner runs of them made one space.
void append_trimmed(std::string& out, std::string_view value) {
  bool gap = false;
  bool any = false;
  for (const char c : value) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      gap = any;
      continue;
    }
    if (gap) out.push_back(' ');
    gap = false;
    any = true;
    out.push_back(c);
  }
}

struct CanonicalHeaders {
  std::string lines;         ///< "host:…\nx-amz-date:…\n"; holds the session token
  std::string signed_names;  ///< "host;x-amz-date"
};

CanonicalHeaders canonical_headers(const HttpHeaders& headers) {
  std::map<std::string, std::vector<std::string_view>> sorted;
  std::size_t size = 0;
  for (const auto& [name, value] : headers) {
    std::string lower_name = base::lower_case(name);
    size += name.size() + value.size() + 2;
    if (is_signed(lower_name)) sorted[std::move(lower_name)].push_back(value);
  }
  CanonicalHeaders result;
  result.lines.reserve(size);
  for (const auto& [name, values] : sorted) {
    if (!result.signed_names.empty()) result.signed_names.push_back(';');
    result.signed_names.append(name);
    result.lines.append(name);
    // Headers of one name become one line, in their order.
    for (std::size_t i = 0; i < values.size(); ++i) {
      result.lines.push_back(i == 0 ? ':' : ',');
      append_trimmed(result.lines, values[i]);
    }
    result.lines.push_back('\n');
  }
  return result;
}

}  // namespace

void sign_headers(HttpRequest& request, const Credentials& credentials, std::string_view region,
                  std::string_view service, base::WallTime now) {
  const auto url = parse_url(request.url);
  if (!url) throw std::invalid_argument("sign_headers: the request has no absolute http(s) URL");
  const std::string timestamp = base::format_iso8601_basic(now);
  for (const auto* name : {"host", "x-amz-date", "x-amz-security-token", "authorization"}) {
    remove_header(request.headers, name);
  }
  request.headers.emplace_back("Host", host_header(*url));
  request.headers.emplace_back("X-Amz-Date", timestamp);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  }

  CanonicalHeaders headers = canonical_headers(request.headers);
  const base::WipeAtEnd wipe(headers.lines);
  base::Sha256 hash;
  const std::string body_digest = base::hex(hash.update(request.body).finish());
  hash.update(request.method).update("\n").update(canonical_path(url->path)).update("\n");
  hash.update(canonical_query(url->query)).update("\n").update(headers.lines).update("\n");
  hash.update(headers.signed_names).update("\n").update(body_digest);
  const std::string_view date = std::string_view(timestamp).substr(0, 8);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, region, service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", timestamp, scope, base::hex(hash.finish()));
  const auto signature =
      derive_signing_key(credentials.secret_access_key, date, region, service).sign(to_sign);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key_id, scope, headers.signed_names, base::hex(signature)));
}

}  // namespace rolegate::aws
