#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/iso8601.hpp"
#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "gateway/audit/audit_log.hpp"

namespace rolegate::gateway {
namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::string_view kCut = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// Valid UTF-8 of at most kLongestText bytes; what is cut off shows as an ellipsis.
std::string presentable(std::string_view text) {
  std::string out;
  std::size_t fits = 0;  // how much of it leaves room for the ellipsis
  while (!text.empty()) {
    const base::Utf8Character c = base::first_character(text);
    const std::string_view character = c.valid ? text.substr(0, c.length) : kReplacement;
    if (out.size() + character.size() > kLongestText) {
      out.resize(fits);
      return out.append(kCut);
    }
    out.append(character);
    if (out.size() + kCut.size() <= kLongestText) fits = out.size();
    text.remove_prefix(c.length);
  }
  return out;
}

/// Nothing in it has to be escaped, replaced or cut off: so are most texts, and every session writes twenty.
bool is_plain(std::string_view text) {
  return text.size() <= kLongestText && std::ranges::all_of(text, [](unsigned char c) {
           return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
         });
}

std::string json_text(std::string_view text) {
  if (is_plain(text)) return fmt::format("\"{}\"", text);
  return base::printable_json(boost::json::serialize(boost::json::string_view(presentable(text))));
}

/// A JSON object, its members in the order in which they are added. Written by hand because Boost.JSON writes
/// the number 1.5 as 1.5E0.
class Line {
 public:
  void add(std::string_view key, std::string_view json) {
    out_ += fmt::format("{}\"{}\":{}", out_.size() == 1 ? "" : ",", key, json);
  }
  void add_text(std::string_view key, std::string_view text) {
    if (!text.empty()) add(key, json_text(text));
  }
  template <typename Number>
  void add_number(std::string_view key, const std::optional<Number>& number) {
    if (number) add(key, fmt::format("{}", *number));
  }
  [[nodiscard]] std::string end() && { return std::move(out_) + "}"; }

 private:
  std::string out_ = "{";
};

std::string_view event_name(AuditRecord::Event event) {
  switch (event) {
    case AuditRecord::Event::open:
      return "session_open";
    case AuditRecord::Event::fail:
      return "session_fail";
    case AuditRecord::Event::close:
      return "session_close";
  }
  return {};
}

/// With milliseconds: "2026-01-02T03:04:05.678Z".
std::string time_text(base::WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  std::string text = base::format_iso8601(second);
  return text.insert(text.size() - 1, fmt::format(".{:03}", (time - second).count()));
}

/// {step_code: milliseconds}, in the order of their first time; a step that was walked twice (the one retry
/// with fresh credentials) counts both.
std::string steps_json(const std::vector<login::Step>& steps) {
  std::vector<std::pair<std::string_view, std::chrono::microseconds>> sums;
  for (const auto& step : steps) {
    const auto code = login::step_code(step.name);
    auto sum = sums.begin();
    while (sum != sums.end() && sum->first != code) ++sum;
    if (sum == sums.end()) sum = sums.insert(sum, {code, {}});
    sum->second += step.duration;
  }
  Line line;
  for (const auto& [code, sum] : sums) {
    line.add(code, fmt::format("{:.3f}", std::chrono::duration<double, std::milli>(sum).count()));
  }
  return std::move(line).end();
}

/// The step that failed last, unless it was walked again and succeeded.
std::string_view failed_step(const std::vector<login::Step>& steps) {
  std::string_view failed;
  for (const auto& step : steps) {
    const auto code = login::step_code(step.name);
    if (step.error) {
      failed = code;
    } else if (failed == code) {
      failed = {};
    }
  }
  return failed;
}

}  // namespace

std::string audit_line(const AuditRecord& record) {
  Line line;
  line.add_text("time", time_text(record.time));
  line.add_text("event", event_name(record.event));
  line.add_text("session", record.session);
  line.add_text("listener", record.listener);
  line.add_text("client_address", record.client_address);
  line.add_number("client_uid", record.client_uid);
  line.add_text("client_tls", record.client_tls);
  line.add_text("user", record.user);
  line.add_text("authentication", record.authentication);
  line.add_text("database", record.database);
  line.add_text("engine", record.engine);
  line.add_text("upstream", record.upstream);
  line.add_text("upstream_dial", record.upstream_dial);
  line.add_text("upstream_user", record.upstream_user);
  line.add_text("upstream_tls", record.upstream_tls);
  line.add_text("role_arn", record.role_arn);
  line.add_text("aws_request_id", record.request_id);
  if (!record.steps.empty()) line.add("steps_ms", steps_json(record.steps));
  line.add_text("failed_step", failed_step(record.steps));
  line.add_number("bytes_to_client", record.bytes_to_client);
  line.add_number("bytes_to_database", record.bytes_to_database);
  if (record.duration) line.add("duration_ms", fmt::format("{}", record.duration->count()));
  line.add_text("reason", record.reason);
  line.add_text("message", record.message);
  if (record.count > 0) {
    line.add("count", fmt::format("{}", record.count));
    line.add_text("first_time", time_text(record.first_time));
  }
  return std::move(line).end();
}

}  // namespace rolegate::gateway
