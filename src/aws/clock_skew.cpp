#include "aws/clock_skew.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace rolegate::aws {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string in_words(seconds time) {
  const auto total = time.count();
  if (total >= 86400) return fmt::format("{} d {} h", total / 86400, total % 86400 / 3600);
  if (total >= 3600) return fmt::format("{} h {} min", total / 3600, total % 3600 / 60);
  return fmt::format("{} min {} s", total / 60, total % 60);
}

}  // namespace

std::optional<base::WallTime> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT" has its parts at fixed places.
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || !text.ends_with(" GMT")) {
    return std::nullopt;
  }
  const auto day_number = digits(text.substr(5, 2));
  const auto month_name = std::ranges::find(kMonths, text.substr(8, 3));
  const auto year_number = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!day_number || month_name == kMonths.end() || !year_number || !hour || !minute || !second)
    return std::nullopt;
  const year_month_day date{year(*year_number),
                            month(static_cast<unsigned>(month_name - kMonths.begin() + 1)),
                            day(static_cast<unsigned>(*day_number))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return base::WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second);
}

std::string clock_skew_hint(std::string_view date_header, base::WallTime now) {
  const auto theirs = parse_http_date(date_header);
  if (!theirs) return {};
  const auto ahead = floor<seconds>(now - *theirs);
  if (abs(ahead) <= minutes(1)) return {};
  return fmt::format(
      "This machine's clock is {} {} AWS's; signatures must be at most a few minutes off. Set the clock.",
      in_words(abs(ahead)), ahead.count() > 0 ? "ahead of" : "behind");
}

}  // namespace rolegate::aws
