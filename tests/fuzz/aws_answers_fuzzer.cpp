#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "aws/clock_skew.hpp"
#include "aws/query_protocol.hpp"
#include "aws/redshift_answers.hpp"
#include "aws/sts_answers.hpp"
#include "base/utf8.hpp"

// What comes back from AWS, or from whoever answers in its place. The first byte chooses the reader.

namespace {

using namespace rolegate;

void require(bool holds) {
  if (!holds) std::abort();
}

/// An error has a code and a printable sentence; neither holds bytes that a terminal would act on.
template <typename T>
void check(const base::Result<T>& result) {
  if (result) return;
  require(!result.error().code.empty() && !result.error().message.empty());
  require(base::is_utf8(result.error().message) && !base::has_control_characters(result.error().message));
}

void check(const aws::CallSubject& subject, const aws::Refusal& refusal) {
  const auto error = aws::aws_error(subject, 400, refusal.code, refusal.message, refusal.request_id);
  require(base::is_utf8(error.text()) && !base::has_control_characters(error.message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool web_identity = (data[0] & 0x80) != 0;
  const aws::CallSubject subject{.service = "sts",
                                 .operation = web_identity ? "AssumeRoleWithWebIdentity" : "AssumeRole",
                                 .region = "eu-west-1",
                                 .caller = "caller",
                                 .resource = "resource"};
  aws::HttpResponse response;
  switch (data[0] & 0x7F) {
    case 0:
    case '0':
      check(aws::read_role_session(subject, body));
      break;
    case 1:
    case '1':
      check(aws::read_caller_identity(subject, body));
      break;
    case 2:
    case '2':
      check(aws::read_cluster_credentials(subject, body));
      break;
    case 3:
    case '3':
      check(aws::read_cluster_endpoint(subject, body));
      break;
    case 4:
    case '4':
      check(aws::read_workgroup_credentials(subject, body));
      break;
    case 5:
    case '5':
      check(aws::read_workgroup_endpoint(subject, body));
      break;
    case 6:
    case '6':
      response.body = std::move(body);
      check(subject, aws::read_query_refusal(response));
      break;
    case 7:
    case '7':
      response.body = std::move(body);
      check(subject, aws::read_json_refusal(response));
      break;
    default:
      (void)aws::clock_skew_hint(body, base::WallTime{});
      break;
  }
  return 0;
}
