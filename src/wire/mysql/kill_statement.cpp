#include "wire/mysql/kill_statement.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "wire/mysql/commands.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// Where the bytes of an unquoted name go on, in any character set.
bool is_in_word(char c) {
  return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_' || c == '$' || is_high(c);
}

/// In any case. Its first letter is rare in statements, and found fast: all of them come through here.
bool mentions_kill(std::string_view text) {
  const auto has_kill_with = [text](char k) {
    for (auto at = text.find(k); at != std::string_view::npos; at = text.find(k, at + 1)) {
      const std::string_view rest = text.substr(at + 1, 3);
      if (std::ranges::equal(rest, std::string_view("ILL"), {}, upper)) return true;
    }
    return false;
  };
  return has_kill_with('K') || has_kill_with('k');
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  /// White space and comments. The marks of an executable comment (/*!50000 … */, MariaDB's /*M! … */) count
  /// as such too, what stands between them does not: old clients send `KILL /*!50000 QUERY */ 42`. Whether a
  /// server of that version takes the words inside does not change whom the statement kills.
  void gap() {
    while (white_space() || comment() || executable_mark()) {
    }
  }
  /// `word`, in capitals here, in any case there, and the gap behind it.
  bool keyword(std::string_view word) {
    const std::string_view rest = text_.substr(at_);
    if (rest.size() < word.size() || (rest.size() > word.size() && is_in_word(rest[word.size()]))) {
      return false;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (upper(rest[i]) != word[i]) return false;
    }
    at_ += word.size();
    gap();
    return true;
  }
  /// A name without quotes, and the gap behind it.
  bool name() {
    const std::size_t from = at_;
    while (!at_end() && is_in_word(text_[at_])) ++at_;
    const bool found = at_ > from;
    gap();
    return found;
  }
  /// Digits, in any number of parentheses, and the gap behind them.
  std::optional<KillTarget> number() {
    int open = 0;
    for (; take('('); ++open) gap();
    KillTarget target{at_, 0, 0};
    const char* const from = text_.data() + at_;
    const auto [end, error] = std::from_chars(from, text_.data() + text_.size(), target.id);
    if (error != std::errc()) return std::nullopt;
    target.length = static_cast<std::size_t>(end - from);
    at_ += target.length;
    for (gap(); open > 0 && take(')'); --open) gap();
    return open == 0 ? std::optional(target) : std::nullopt;
  }
  /// A parameter, and the gap behind it.
  bool parameter() {
    if (!take('?')) return false;
    gap();
    return true;
  }
  /// What stands in quotes here, to be read by itself, and the gap behind it. Nothing when its bytes are not
  /// all that it says: with an escape, or a quote inside.
  std::optional<Cursor> quoted() {
    if (at_end() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const std::size_t end = text_.find_first_of(std::string{text_[at_], '\\'}, at_ + 1);
    if (end == std::string_view::npos || text_[end] == '\\') return std::nullopt;
    if (end + 1 < text_.size() && text_[end + 1] == text_[at_]) return std::nullopt;
    Cursor inside(text_.substr(0, end));
    inside.at_ = at_ + 1;
    at_ = end + 1;
    inside.gap();
    gap();
    return inside;
  }
  /// A semicolon, or the end of everything, and the gap behind it.
  bool statement_ends() {
    if (executable_ || (!at_end() && !take(';'))) return false;
    gap();
    return true;
  }
  /// To the end of the statement. False: nobody can tell where that is without knowing the sql_mode (whether
  /// a backslash escapes), the character set (in some, a backtick may be half a character), and the server's
  /// version (whether it takes an executable comment, whether $$ quotes).
  bool skip_statement() {
    for (gap(); !executable_; gap()) {
      if (statement_ends()) return true;
      const char c = text_[at_];
      if (c == '$' || text_.substr(at_).starts_with("/*")) return false;
      if (c == '\'' || c == '"' || c == '`') {
        if (!skip_quoted()) return false;
      } else {
        ++at_;
      }
    }
    return false;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] std::string_view passed_since(const Cursor& before) const {
    return text_.substr(before.at_, at_ - before.at_);
  }

 private:
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool white_space() {
    const std::size_t from = at_;
    at_ = std::min(text_.find_first_not_of(kWhiteSpace, at_), text_.size());
    return at_ > from;
  }
  /// A comment in which the server finds no statements.
  bool comment() {
    const std::string_view rest = text_.substr(at_);
    if (begins_line_comment(rest)) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return true;
    }
    if (!rest.starts_with("/*") || rest.starts_with("/*!") || rest.starts_with("/*M!")) return false;
    const std::size_t end = rest.find("*/", 2);
    if (end == std::string_view::npos) return false;
    at_ += end + 2;
    return true;
  }
  /// Not inside an executable comment, where it depends on the server's version which of the two goes on.
  [[nodiscard]] bool begins_line_comment(std::string_view rest) const {
    if (executable_) return false;
    if (rest.starts_with('#')) return true;
    if (!rest.starts_with("--")) return false;
    const auto third = static_cast<unsigned char>(rest.size() > 2 ? rest[2] : '\0');
    return third <= ' ' || third == 0x7F;
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
  /// A quote that is doubled ends one text and begins another.
  bool skip_quoted() {
    const char quote = text_[at_];
    if (quote == '`' && at_ > 0 && is_high(text_[at_ - 1])) return false;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '\\' && quote != '`') return false;
      if (text_[at_] != quote) continue;
      if (quote == '`' && is_high(text_[at_ - 1])) return false;
      ++at_;
      return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool executable_ = false;
};

/// KILL, and how it ends a connection or its query; whom is next.
bool kills_connection(Cursor& cursor) {
  if (!cursor.keyword("KILL")) return false;
  if (!cursor.keyword("HARD")) cursor.keyword("SOFT");
  if (cursor.keyword("QUERY")) return !cursor.keyword("ID");
  cursor.keyword("CONNECTION");
  return true;
}

/// The text of an EXECUTE IMMEDIATE or PREPARE.
std::optional<Cursor> prepared_text(Cursor& cursor) {
  const bool immediate = cursor.keyword("EXECUTE");
  if (immediate ? !cursor.keyword("IMMEDIATE")
                : !(cursor.keyword("PREPARE") && cursor.name() && cursor.keyword("FROM"))) {
    return std::nullopt;
  }
  return cursor.quoted();
}

void append_numbers(std::string_view text, std::vector<std::uint32_t>& numbers) {
  const char* const end = text.data() + text.size();
  for (const char* at = std::find_if(text.data(), end, is_digit); at != end;
       at = std::find_if(at, end, is_digit)) {
    std::uint32_t number = 0;
    const auto [behind, error] = std::from_chars(at, end, number);
    if (error == std::errc()) numbers.push_back(number);
    at = behind;
  }
}

/// Takes one statement with its semicolon. False: it is not certain where it ends.
bool take_statement(Cursor& cursor, Kills& found) {
  const Cursor start = cursor;
  std::optional<Cursor> quoted = prepared_text(cursor);
  if (!quoted) cursor = start;
  Cursor& statement = quoted ? *quoted : cursor;
  const bool kills = kills_connection(statement);
  if (kills && !quoted && cursor.parameter() && cursor.statement_ends()) {
    found.parameter = true;
    return true;
  }
  const auto target = kills ? statement.number() : std::nullopt;
  if (target && statement.statement_ends() && (!quoted || (quoted->at_end() && cursor.statement_ends()))) {
    found.targets.push_back(*target);
    return true;
  }
  cursor = start;
  const bool certain = cursor.skip_statement();
  if (kills) append_numbers(cursor.passed_since(start), found.other_numbers);
  return certain;
}

}  // namespace

Kills find_kills(std::string_view text) {
  Kills found;
  if (text.size() > kMaxKill || !mentions_kill(text)) return found;
  Cursor cursor(text);
  std::size_t statements = 0;
  bool certain = true;
  cursor.gap();
  for (; certain && !cursor.at_end(); ++statements) certain = take_statement(cursor, found);
  found.alone = certain && statements == 1 && found.targets.size() == 1;
  found.parameter = found.parameter && statements == 1;
  return found;
}

/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
std::optional<std::uint32_t> only_parameter(std::string_view payload) {
  PayloadReader reader(payload);
  reader.bytes(1 + 4 + 1 + 4);  // command, statement, flags, iterations
  const bool null = reader.u8() != 0;
  if (reader.u8() == 1) reader.u16();  // its type, which its size tells as well
  const std::string_view value = reader.rest();
  if (!reader.ok() || null) return std::nullopt;
  PayloadReader number(value);
  if (value.size() == 4) return number.u32();
  if (value.size() == 8) {
    const std::uint64_t bits = number.integer(8);
    const double real = std::bit_cast<double>(bits);
    if (bits <= UINT32_MAX) return static_cast<std::uint32_t>(bits);
    return real >= 0 && real <= UINT32_MAX ? std::optional(static_cast<std::uint32_t>(real)) : std::nullopt;
  }
  const std::string_view digits = number.length_encoded_bytes();
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(id) : std::nullopt;
}

std::optional<std::uint32_t> find_killed(std::string_view payload) {
  PayloadReader reader(payload);
  const std::uint8_t command = reader.u8();
  if (command == kComProcessKill && payload.size() == kProcessKillPayload) return reader.u32();
  if (command != kComQuery) return std::nullopt;
  const Kills kills = find_kills(reader.rest());
  return kills.alone ? std::optional(kills.targets.front().id) : std::nullopt;
}

}  // namespace rolegate::wire::mysql
