#include "base/iso8601.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace rolegate::base {
namespace {

using namespace std::chrono;

struct Civil {
  year_month_day date;
  hh_mm_ss<seconds> time;
};

Civil civil(WallTime time) {
  const auto secs = floor<seconds>(time);
  const auto day = floor<days>(secs);
  return {year_month_day(day), hh_mm_ss<seconds>(secs - day)};
}

/// Reads exactly `digits` decimal digits off the front of `text`.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text.front() == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// The rest after the seconds: an optional fraction, then Z or ±hh:mm. Gives what to add to the local time.
std::optional<milliseconds> fraction_and_zone(std::string_view text) {
  milliseconds sum{0};
  if (skip(text, '.')) {
    int scale = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      sum += milliseconds((text.front() - '0') * scale);
      scale /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return std::nullopt;
  }
  if (text == "Z") return sum;
  const bool plus = !text.empty() && text.front() == '+';
  if (!skip(text, '+') && !skip(text, '-')) return std::nullopt;
  const auto hour = number(text, 2);
  if (!skip(text, ':')) return std::nullopt;
  const auto minute = number(text, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59 || !text.empty()) return std::nullopt;
  const auto offset = hours(*hour) + minutes(*minute);
  return plus ? sum - offset : sum + offset;
}

}  // namespace

std::string format_iso8601(WallTime time) {
  const auto [date, clock] = civil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string format_iso8601_basic(WallTime time) {
  const auto [date, clock] = civil(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  const auto y = number(text, 4);
  if (!y || !skip(text, '-')) return std::nullopt;
  const auto m = number(text, 2);
  if (!m || !skip(text, '-')) return std::nullopt;
  const auto d = number(text, 2);
  if (!d || !skip(text, 'T')) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !skip(text, ':')) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || !skip(text, ':')) return std::nullopt;
  const auto second = number(text, 2);
  if (!second) return std::nullopt;
  const auto rest = fraction_and_zone(text);
  const year_month_day date{year(*y), month(unsigned(*m)), day(unsigned(*d))};
  if (!rest || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + *rest;
}

}  // namespace rolegate::base
