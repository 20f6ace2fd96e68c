#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>

#include "base/utf8.hpp"
#include "gateway/audit/audit_log.hpp"

using namespace rolegate;

// Whatever clients and databases call themselves: a line is one line of bounded JSON that no terminal obeys,
// and valid short texts are in it as they were. The input is the texts, one line each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongest = 1024;
  const std::string input(reinterpret_cast<const char*>(data), size);
  using Record = gateway::AuditRecord;
  constexpr std::pair<std::string_view, std::string Record::*> kTexts[] = {
      {"session", &Record::session},
      {"listener", &Record::listener},
      {"client_address", &Record::client_address},
      {"client_tls", &Record::client_tls},
      {"user", &Record::user},
      {"authentication", &Record::authentication},
      {"database", &Record::database},
      {"upstream", &Record::upstream},
      {"upstream_dial", &Record::upstream_dial},
      {"upstream_user", &Record::upstream_user},
      {"role_arn", &Record::role_arn},
      {"aws_request_id", &Record::request_id},
      {"reason", &Record::reason},
      {"message", &Record::message},
  };
  Record record;
  std::size_t start = 0;
  for (const auto& [key, text] : kTexts) {
    if (start > input.size()) break;
    const std::size_t end = std::min(input.find('\n', start), input.size());
    record.*text = input.substr(start, end - start);
    start = end + 1;
  }
  if (start < input.size()) record.message += input.substr(start);  // with its line ends

  const std::string line = gateway::audit_line(record);
  if (!base::is_utf8(line) || base::has_control_characters(line)) std::abort();
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(line, failed);
  if (failed || !parsed.is_object()) std::abort();
  for (const auto& [key, text] : kTexts) {
    const std::string& wanted = record.*text;
    const auto* member = parsed.as_object().if_contains(key);
    if ((member == nullptr) != wanted.empty()) std::abort();
    if (member == nullptr) continue;
    const std::string_view shown = member->as_string();
    if (shown.size() > kLongest) std::abort();
    if (wanted.size() <= kLongest && base::is_utf8(wanted) && shown != wanted) std::abort();
  }
  return 0;
}
