#include "aws/presigner.hpp"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "aws/signing_key.hpp"
#include "base/ascii.hpp"
#include "base/iso8601.hpp"
#include "base/percent_encoding.hpp"

namespace rolegate::aws {
namespace {

/// Of an empty body.
constexpr std::string_view kEmptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void append_lower(std::string& out, std::string_view text) {
  for (const char c : text) out.push_back(base::lower_case(c));
}

void append_hex(std::string& out, std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
}

/// In a Host header the scheme's own port is left out, and so the SDKs sign it.
constexpr std::uint16_t kDefaultPort = 443;

void append_port(std::string& out, std::uint16_t port) {
  if (port == 0) return;
  std::array<char, 6> text{':'};
  const auto end = std::to_chars(text.data() + 1, text.data() + text.size(), port).ptr;
  out.append(text.data(), end);
}

/// "20260102T030405Z"; the day's eight digits are at hand.
using Timestamp = std::array<char, 16>;

Timestamp timestamp(std::string_view date, std::chrono::seconds since_midnight) {
  Timestamp text{};
  date.copy(text.data(), 8);
  const auto two_digits = [&](std::size_t at, long long value) {
    text[at] = static_cast<char>('0' + value / 10);
    text[at + 1] = static_cast<char>('0' + value % 10);
  };
  const long long seconds = since_midnight.count();
  text[8] = 'T';
  two_digits(9, seconds / 3600);
  two_digits(11, seconds / 60 % 60);
  two_digits(13, seconds % 60);
  text[15] = 'Z';
  return text;
}

}  // namespace

Presigner::Presigner(CredentialsPtr credentials) : credentials_(std::move(credentials)) {
  const auto token = credentials_->session_token.reveal();
  if (!token.empty()) {
    constexpr std::string_view kName = "&X-Amz-Security-Token=";
    // Three characters for one at most: the string never grows, so no copy is left behind.
    encoded_token_.reserve(kName.size() + 3 * token.size());
    encoded_token_.append(kName);
    base::percent_encode_to(encoded_token_, token);
  }
}

Presigner::~Presigner() {
  base::wipe(encoded_token_);
  base::wipe(text_);
}

Presigner::Scope& Presigner::scope_for(const PresignRequest& request, std::chrono::sys_days day) {
  if (scope_ && scope_->day == day && scope_->region == request.region &&
      scope_->service == request.service) {
    return *scope_;
  }
  const std::string date = base::format_iso8601_basic(base::WallTime(day)).substr(0, 8);
  std::string text = fmt::format("{}/{}/{}/aws4_request", date, request.region, request.service);
  std::string credential = base::percent_encode(fmt::format("{}/{}", credentials_->access_key_id, text));
  scope_ = Scope{
      .day = day,
      .region = std::string(request.region),
      .service = std::string(request.service),
      .text = std::move(text),
      .encoded_credential = std::move(credential),
      .key = derive_signing_key(credentials_->secret_access_key, date, request.region, request.service)};
  return *scope_;
}

base::Secret Presigner::presign(const PresignRequest& request, base::WallTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  Scope& scope = scope_for(request, day);
  const Timestamp time = timestamp(std::string_view(scope.text).substr(0, 8),
                                   std::chrono::floor<std::chrono::seconds>(now - day));
  const std::string_view time_text(time.data(), time.size());

  text_.clear();
  // Enough for everything, so that the buffer never grows while it holds half a token.
  const std::size_t room = encoded_token_.size() + scope.encoded_credential.size() + request.host.size() +
                           request.action.size() + 3 * request.db_user.size() + 320;
  if (text_.capacity() < room) {
    base::wipe(text_);
    text_.reserve(room);
  }
  text_.append(request.host);
  append_port(text_, request.port);
  text_.append("/?");
  const std::size_t query_at = text_.size();
  // In the order of the canonical query, so that one text serves both.
  text_.append("Action=").append(request.action);
  if (!request.db_user.empty()) {
    text_.append("&DBUser=");
    base::percent_encode_to(text_, request.db_user);
  }
  text_.append("&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=").append(scope.encoded_credential);
  text_.append("&X-Amz-Date=").append(time_text).append("&X-Amz-Expires=900");
  text_.append(encoded_token_).append("&X-Amz-SignedHeaders=host");

  tail_.assign("\nhost:");
  append_lower(tail_, request.host);
  if (request.port != kDefaultPort) append_port(tail_, request.port);
  tail_.append("\n\nhost\n").append(kEmptyDigest);
  hash_.update("GET\n/\n").update(std::string_view(text_).substr(query_at)).update(tail_);
  to_sign_.assign("AWS4-HMAC-SHA256\n").append(time_text).append("\n").append(scope.text).append("\n");
  append_hex(to_sign_, hash_.finish());

  text_.append("&X-Amz-Signature=");
  append_hex(text_, scope.key.sign(to_sign_));
  return base::Secret(std::string_view(text_));
}

}  // namespace rolegate::aws
