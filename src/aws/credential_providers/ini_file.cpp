#include "aws/credential_providers/ini_file.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "aws/credentials.hpp"
#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace rolegate::aws {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r\n";

std::string_view strip_end(std::string_view text) {
  const auto last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

std::string_view strip(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view{} : strip_end(text.substr(first));
}

/// Other than a tab. Names of profiles stand in messages, and no value that is right has one.
bool has_control_character(std::string_view line) {
  while (!line.empty()) {
    const std::string_view part = line.substr(0, line.find('\t'));
    if (base::has_control_characters(part)) return true;
    line.remove_prefix(std::min(part.size() + 1, line.size()));
  }
  return false;
}

/// Takes one line off the front; a line ends with LF, CR LF or CR.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(line.size());
  if (rest.starts_with("\r\n")) {
    rest.remove_prefix(2);
  } else if (!rest.empty()) {
    rest.remove_prefix(1);
  }
  return line;
}

IniValue copy(const IniValue& value) {
  IniValue out{value.text.copy(), {}, value.line};
  for (const auto& [name, text] : value.nested) out.nested.emplace(name, text.copy());
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view file) : file_(file) {}

  base::Result<IniFile> parse(std::string_view rest) {
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    while (!rest.empty()) {
      const std::string_view line = take_line(rest);
      ++line_;
      if (!base::is_utf8(line)) return refuse("the file is not UTF-8 here.");
      if (has_control_character(line)) return refuse("there is a control character here.");
      if (auto problem = read(line)) return std::unexpected(std::move(*problem));
    }
    if (auto problem = finish_value()) return std::unexpected(std::move(*problem));
    return with_defaults();
  }

 private:
  using Problem = std::optional<base::Error>;

  std::unexpected<base::Error> refuse(std::string_view what, int line = 0) const {
    return base::fail(CredentialsErrc::credentials_invalid,
                      fmt::format("{}:{}: {}", file_, line ? line : line_, what),
                      "The format: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html");
  }

  Problem read(std::string_view line) {
    const std::string_view text = strip(line);
    if (text.starts_with('#') || text.starts_with(';')) return std::nullopt;
    if (text.empty()) {
      if (!name_.empty()) value_lines_.push_back({text, line_});
      return std::nullopt;
    }
    const std::size_t indent = line.find_first_not_of(kBlanks);
    if (!name_.empty() && indent > indent_) {
      value_lines_.push_back({text, line_});
      return std::nullopt;
    }
    indent_ = indent;
    if (auto problem = finish_value()) return problem;
    return text.starts_with('[') && text.rfind(']') != std::string_view::npos && text.rfind(']') > 1
               ? start_section(text.substr(1, text.rfind(']') - 1))
               : start_value(text);
  }

  Problem start_section(std::string_view name) {
    const auto [at, added] = file_out_.sections.try_emplace(std::string(name));
    // [DEFAULT] alone may come again: it adds to itself.
    if (!added && name != "DEFAULT") {
      return refuse(fmt::format("this section stands in line {} already.", at->second.line)).error();
    }
    if (added) at->second.line = line_;
    section_ = &at->second;
    return std::nullopt;
  }

  Problem start_value(std::string_view text) {
    if (section_ == nullptr) return refuse("there is no [section] above this line.").error();
    const auto delimiter = text.find_first_of("=:");
    if (delimiter == std::string_view::npos)
      return refuse("neither a [section] nor a \"name = value\".").error();
    name_ = base::lower_case(strip(text.substr(0, delimiter)));
    if (name_.empty()) return refuse("there is no name before the '='.").error();
    if (const auto found = section_->values.find(name_); found != section_->values.end()) {
      return refuse(fmt::format("this name has a value in line {} already.", found->second.line)).error();
    }
    name_line_ = line_;
    value_lines_.assign(1, {strip(text.substr(delimiter + 1)), line_});
    return std::nullopt;
  }

  /// Ends the value that the lines so far belong to.
  Problem finish_value() {
    if (name_.empty()) return std::nullopt;
    while (!value_lines_.empty() && value_lines_.back().text.empty()) value_lines_.pop_back();
    IniValue& value = section_->values[name_];
    name_.clear();
    value.line = name_line_;
    if (value_lines_.size() > 1 && value_lines_.front().text.empty()) return finish_nested(value);
    std::string joined;
    const base::WipeAtEnd wipe(joined);
    std::size_t size = 0;
    for (const Line& line : value_lines_) size += line.text.size() + 1;
    joined.reserve(size);
    for (const Line& line : value_lines_) {
      if (&line != &value_lines_.front()) joined.push_back('\n');
      joined.append(line.text);
    }
    value.text = base::Secret(joined);
    return std::nullopt;
  }

  Problem finish_nested(IniValue& value) {
    for (const Line& line : value_lines_) {
      if (line.text.empty()) continue;
      const auto equals = line.text.find('=');
      if (equals == std::string_view::npos) {
        return refuse("an indented line below a name without a value must be \"name = value\".", line.number)
            .error();
      }
      value.nested.insert_or_assign(std::string(strip(line.text.substr(0, equals))),
                                    base::Secret(strip(line.text.substr(equals + 1))));
    }
    return std::nullopt;
  }

  IniFile with_defaults() {
    const auto defaults = file_out_.sections.find("DEFAULT");
    if (defaults != file_out_.sections.end()) {
      const IniSection given = std::move(defaults->second);
      file_out_.sections.erase(defaults);
      for (auto& [section_name, section] : file_out_.sections) {
        for (const auto& [name, value] : given.values) {
          if (!section.values.contains(name)) section.values.emplace(name, copy(value));
        }
      }
    }
    return std::move(file_out_);
  }

  struct Line {
    std::string_view text;
    int number = 0;
  };

  const std::string_view file_;
  IniFile file_out_;
  int line_ = 0;
  std::size_t indent_ = 0;
  IniSection* section_ = nullptr;
  std::string name_;  ///< of the value that is being read; empty: none
  int name_line_ = 0;
  std::vector<Line> value_lines_;
};

}  // namespace

base::Result<IniFile> parse_ini(std::string_view text, std::string_view file) {
  return Parser(file).parse(text);
}

}  // namespace rolegate::aws
