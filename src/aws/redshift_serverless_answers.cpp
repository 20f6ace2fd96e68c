#include <cmath>

#include <fmt/format.h>

#include "aws/answer_text.hpp"
#include "aws/flat_json.hpp"
#include "aws/redshift_answers.hpp"
#include "aws/url.hpp"
#include "base/iso8601.hpp"

namespace rolegate::aws {
namespace {

/// Collects the first problem that reading an answer meets.
class Fields {
 public:
  explicit Fields(const FlatJson& json) : json_(json), problem_(json.problem()) {}

  std::string_view text(std::string_view pointer) {
    const auto* scalar = find(pointer);
    if (scalar == nullptr) return {};
    const auto* value = std::get_if<std::string>(scalar);
    if (value == nullptr) {
      fail(fmt::format("has a {} that is not a string", name(pointer)));
      return {};
    }
    if (auto problem = text_problem(name(pointer), *value); !problem.empty()) {
      fail(std::move(problem));
      return {};
    }
    return *value;
  }

  /// Seconds since 1970 (JSON 1.1's own form of a timestamp), or ISO 8601.
  base::WallTime time(std::string_view pointer) {
    constexpr double kYear10000 = 253'402'300'800.0;
    const auto* scalar = find(pointer);
    if (scalar == nullptr) return {};
    if (const auto* seconds = std::get_if<double>(scalar);
        seconds != nullptr && *seconds > 0 && *seconds < kYear10000) {
      return base::WallTime(std::chrono::milliseconds(std::llround(*seconds * 1000)));
    }
    if (const auto* text = std::get_if<std::string>(scalar)) {
      if (const auto parsed = base::parse_iso8601(*text)) return *parsed;
    }
    fail(fmt::format("has an {} that is not a time", name(pointer)));
    return {};
  }

  std::uint16_t port(std::string_view pointer) {
    const auto* scalar = find(pointer);
    if (scalar == nullptr) return 0;
    const auto* number = std::get_if<double>(scalar);
    if (number == nullptr || *number < 1 || *number > 65535 || std::trunc(*number) != *number) {
      fail(fmt::format("has a {} that is not a port number", name(pointer)));
      return 0;
    }
    return static_cast<std::uint16_t>(*number);
  }

  void fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const FlatJson::Scalar* find(std::string_view pointer) {
    if (!problem_.empty()) return nullptr;
    const auto* scalar = json_.find(pointer);
    if (scalar == nullptr) fail(fmt::format("has no {}", name(pointer)));
    return scalar;
  }
  static std::string_view name(std::string_view pointer) { return pointer.substr(pointer.rfind('/') + 1); }

  const FlatJson& json_;
  std::string problem_;
};

}  // namespace

base::Result<TemporaryUser> read_workgroup_credentials(const CallSubject& subject, std::string_view body) {
  const FlatJson json(body);
  Fields fields(json);
  TemporaryUser user;
  user.user = fields.text("/dbUser");
  user.password = base::Secret(fields.text("/dbPassword"));
  user.expires_at = fields.time("/expiration");
  if (!fields.problem().empty()) return std::unexpected(unexpected_answer(subject, fields.problem()));
  return user;
}

base::Result<RedshiftEndpoint> read_workgroup_endpoint(const CallSubject& subject, std::string_view body) {
  const FlatJson json(body);
  Fields fields(json);
  const auto* address = json.find("/workgroup/endpoint/address");
  const bool no_address = address == nullptr || std::holds_alternative<std::nullptr_t>(*address);
  const std::string_view status = json.string("/workgroup/status");
  if (fields.problem().empty() && no_address && !status.empty() && status != "AVAILABLE") {
    return std::unexpected(endpoint_not_ready("Serverless workgroup", subject.resource, status));
  }
  RedshiftEndpoint endpoint;
  endpoint.host = fields.text("/workgroup/endpoint/address");
  if (!is_host_name(endpoint.host)) fields.fail("has an address that is not a host name");
  endpoint.port = fields.port("/workgroup/endpoint/port");
  if (!fields.problem().empty()) return std::unexpected(unexpected_answer(subject, fields.problem()));
  return endpoint;
}

Refusal read_json_refusal(HttpResponse& response) {
  const FlatJson json(response.body);
  // "com.amazonaws.redshiftserverless#ResourceNotFoundException:http://internal…": only the middle counts
  // (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html, "Operation error serialization").
  const auto member = [&](std::string_view pointer) {
    return json.problem().empty() ? json.string(pointer) : std::string_view();
  };
  std::string_view code = response.header("x-amzn-ErrorType");
  if (code.empty()) code = member("/__type");
  if (code.empty()) code = member("/code");
  code = code.substr(0, code.find(':'));
  code = code.substr(code.rfind('#') + 1);
  std::string_view message = member("/message");
  if (message.empty()) message = member("/Message");
  return {.code = std::string(code),
          .message = std::string(message),
          .request_id = std::string(response.header("x-amzn-RequestId"))};
}

}  // namespace rolegate::aws
