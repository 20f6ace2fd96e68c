#include "wire/mysql/kill_statement.hpp"

#include <charconv>

#include "wire/mysql/commands.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  /// White space and comments. The marks of an executable comment (/*!50000 … */, MariaDB's /*M! … */) count
  /// as such too, what stands between them does not: old clients send `KILL /*!50000 QUERY */ 42`. Whether a
  /// server of that version takes the words inside does not change whom the statement kills.
  bool gap() {
    const std::size_t from = at_;
    while (white_space() || comment() || executable_mark()) {
    }
    return at_ > from;
  }
  /// `word`, in capitals here, in any case there, and a gap behind it.
  bool keyword(std::string_view word) {
    const std::string_view rest = text_.substr(at_, word.size());
    if (rest.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (upper(rest[i]) != word[i]) return false;
    }
    const Cursor before = *this;
    at_ += word.size();
    if (gap()) return true;
    *this = before;
    return false;
  }
  std::optional<KillTarget> number() {
    KillTarget target{at_, 0, 0};
    const char* const from = text_.data() + at_;
    const auto [end, error] = std::from_chars(from, text_.data() + text_.size(), target.id);
    if (error != std::errc()) return std::nullopt;
    target.length = static_cast<std::size_t>(end - from);
    at_ += target.length;
    return target;
  }
  void semicolon() {
    if (at_ < text_.size() && text_[at_] == ';') ++at_;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  [[nodiscard]] bool inside_comment() const { return executable_; }

 private:
  bool white_space() {
    const std::size_t from = at_;
    at_ = std::min(text_.find_first_not_of(kWhiteSpace, at_), text_.size());
    return at_ > from;
  }
  /// A comment in which the server finds no statements.
  bool comment() {
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with("/*") || rest.starts_with("/*!") || rest.starts_with("/*M!")) return false;
    const std::size_t end = rest.find("*/", 2);
    if (end == std::string_view::npos) return false;
    at_ += end + 2;
    return true;
  }
  bool executable_mark() {
    const std::string_view rest = text_.substr(at_);
    if (executable_) {
      if (!rest.starts_with("*/")) return false;
      at_ += 2;
      executable_ = false;
      return true;
    }
    if (!rest.starts_with("/*!") && !rest.starts_with("/*M!")) return false;
    at_ += rest.find('!') + 1;
    // The least version that it is meant for: five or six digits, right behind the mark.
    at_ = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    executable_ = true;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool executable_ = false;
};

}  // namespace

std::optional<KillTarget> find_kill_target(std::string_view statement) {
  Cursor cursor(statement);
  cursor.gap();
  if (!cursor.keyword("KILL")) return std::nullopt;
  if (!cursor.keyword("HARD")) cursor.keyword("SOFT");
  if (!cursor.keyword("QUERY")) cursor.keyword("CONNECTION");
  const auto target = cursor.number();
  if (!target) return std::nullopt;
  cursor.gap();
  cursor.semicolon();
  cursor.gap();
  return cursor.at_end() && !cursor.inside_comment() ? target : std::nullopt;
}

std::optional<std::uint32_t> find_killed(std::string_view payload) {
  PayloadReader reader(payload);
  const std::uint8_t command = reader.u8();
  if (command == kComProcessKill && payload.size() == kProcessKillPayload) return reader.u32();
  if (command != kComQuery || payload.size() > 1 + kMaxKill) return std::nullopt;
  const auto target = find_kill_target(reader.rest());
  return target ? std::optional(target->id) : std::nullopt;
}

}  // namespace rolegate::wire::mysql
