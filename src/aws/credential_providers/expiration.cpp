#include "aws/credential_providers/expiration.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/iso8601.hpp"

namespace rolegate::aws {
namespace {

/// The parts of a time as they were found, to be put together in the one form that base::parse_iso8601 reads,
/// which checks them as well.
struct Parts {
  std::string year, month, day, time, zone;

  [[nodiscard]] std::optional<base::WallTime> read() const {
    return base::parse_iso8601(fmt::format("{}-{}-{}T{}{}", year, month, day, time, zone));
  }
};

std::string_view digits_of(std::string_view text) {
  return text.substr(0,
                     static_cast<std::size_t>(std::ranges::find_if_not(text, base::is_digit) - text.begin()));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "Z", "UTC", "GMT", "+01:00", "+0100" or "+01", as Z or ±hh:mm.
std::optional<std::string> zone_of(std::string_view text) {
  if (text == "Z" || text == "z" || text == "UTC" || text == "GMT") return "Z";
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  std::string digits(text.substr(1));
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  if (digits.size() == 2) digits += "00";
  if (digits.size() != 4 || !std::ranges::all_of(digits, base::is_digit)) return std::nullopt;
  return fmt::format("{}{}:{}", text.front(), digits.substr(0, 2), digits.substr(2));
}

/// "03:04", "03:04:05.678" or "030405", as hh:mm:ss and a fraction.
std::optional<std::string> time_of(std::string_view text) {
  const auto point = text.find_first_of(".,");
  std::string whole(text.substr(0, point));
  std::erase(whole, ':');
  const bool separated = text.contains(':');
  const auto expected = whole.size() / 2 - 1;  // colons, when there are any
  if (separated && static_cast<std::size_t>(std::ranges::count(text, ':')) != expected) return std::nullopt;
  if (whole.size() == 4) whole += "00";
  if (whole.size() != 6 || !std::ranges::all_of(whole, base::is_digit)) return std::nullopt;
  std::string time = fmt::format("{}:{}:{}", whole.substr(0, 2), whole.substr(2, 2), whole.substr(4));
  if (point == std::string_view::npos) return time;
  const std::string_view fraction = text.substr(point + 1);
  if (fraction.empty() || digits_of(fraction).size() != fraction.size()) return std::nullopt;
  return fmt::format("{}.{}", time, fraction);
}

std::optional<base::WallTime> numeric(std::string_view text) {
  Parts parts;
  if (digits_of(text).size() == 8) {
    parts.year = text.substr(0, 4);
    parts.month = text.substr(4, 2);
    parts.day = text.substr(6, 2);
    text.remove_prefix(8);
  } else if (text.size() > 10 && (text[4] == '-' || text[4] == '/') && text[7] == text[4]) {
    parts.year = text.substr(0, 4);
    parts.month = text.substr(5, 2);
    parts.day = text.substr(8, 2);
    text.remove_prefix(10);
  } else {
    return std::nullopt;
  }
  if (!text.starts_with('T') && !text.starts_with('t') && !text.starts_with(' ')) return std::nullopt;
  text.remove_prefix(1);
  const auto end = std::min(text.find_first_not_of("0123456789:.,"), text.size());
  const auto time = time_of(text.substr(0, end));
  const auto zone = zone_of(trimmed(text.substr(end)));
  if (!time || !zone) return std::nullopt;
  parts.time = *time;
  parts.zone = *zone;
  return parts.read();
}

/// "01" for "Jan".
std::string month_of(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::ranges::find(kMonths, word);
  return found == kMonths.end() ? std::string() : fmt::format("{:02}", found - kMonths.begin() + 1);
}

bool is_weekday(std::string_view word) {
  constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  return std::ranges::find(kDays, word) != kDays.end();
}

/// Words in any order, each of its own kind.
std::optional<base::WallTime> in_words(std::string_view text) {
  Parts parts;
  const auto put = [](std::string& part, std::string value) {
    if (!part.empty()) return false;
    part = std::move(value);
    return true;
  };
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    if (word.ends_with(',')) word.remove_suffix(1);
    const bool number = !word.empty() && digits_of(word).size() == word.size();
    bool known = is_weekday(word);
    if (auto month = month_of(word); !month.empty()) {
      known = put(parts.month, std::move(month));
    } else if (number && word.size() == 4) {
      known = put(parts.year, std::string(word));
    } else if (number && word.size() <= 2) {
      known = put(parts.day, std::string(2 - word.size(), '0') + std::string(word));
    } else if (auto zone = zone_of(word)) {
      known = put(parts.zone, *std::move(zone));
    } else if (auto time = word.contains(':') ? time_of(word) : std::nullopt) {
      known = put(parts.time, *std::move(time));
    }
    if (!known) return std::nullopt;
  }
  return parts.read();
}

}  // namespace

std::optional<base::WallTime> parse_expiration(std::string_view text) {
  text = trimmed(text);
  constexpr std::size_t kLongest = 64;
  if (text.size() > kLongest) return std::nullopt;
  if (auto time = numeric(text)) return time;
  return in_words(text);
}

}  // namespace rolegate::aws
