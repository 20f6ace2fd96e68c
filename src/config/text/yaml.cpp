#include "config/text/yaml.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/secret.hpp"
#include "base/utf8.hpp"
#include "config/text/placeholder.hpp"

namespace rolegate::config {
namespace {

/// yaml-cpp keeps every token of a flow collection until it knows that the collection is no key: about 150
/// bytes for each bracket, before anything here gets to see it. So brackets are counted first.
constexpr std::size_t kMaxBrackets = 50'000;

/// Ends the reading from inside of yaml-cpp's callbacks.
struct Refusal : std::exception {
  explicit Refusal(SyntaxFault fault_) : fault(std::move(fault_)) {}
  SyntaxFault fault;
};

int line_of(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The core schema's tag resolution for plain scalars, YAML 1.2 chapter 10.3.2. Hexadecimal and octal numbers
/// count as numbers with a fraction do: no field takes them.
Node::Type plain_type(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return Node::Type::boolean;
  if (text == "false" || text == "False" || text == "FALSE") return Node::Type::boolean;
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (all_digits(rest)) return Node::Type::integer;
  if (text.starts_with("0x") || text.starts_with("0o")) return Node::Type::number;
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF" || text == ".nan" || text == ".NaN" ||
      text == ".NAN") {
    return Node::Type::number;
  }
  // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
  const std::size_t e = rest.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view exponent = rest.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!all_digits(exponent)) return Node::Type::string;
    rest = rest.substr(0, e);
  }
  const std::size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return all_digits(rest) ? Node::Type::number : Node::Type::string;
  const std::string_view before = rest.substr(0, dot);
  const std::string_view after = rest.substr(dot + 1);
  if (before.empty()) return all_digits(after) ? Node::Type::number : Node::Type::string;
  return all_digits(before) && (after.empty() || all_digits(after)) ? Node::Type::number : Node::Type::string;
}

/// yaml-cpp's events → nodes.
class Handler final : public YAML::EventHandler {
 public:
  explicit Handler(NodeBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      refuse(mark, "a second YAML document starts here.",
             "Keep one document: remove the '---' or '...' line.");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_as_key(mark);
    // Nothing was written, so yaml-cpp's mark is wherever it looked; the key's line is the useful one.
    const Place* key = builder_.pending_key();
    require(builder_.scalar(Node::Type::null, {}, key ? *key : Place{line_of(mark)}), mark);
    remember(anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_as_key(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "an alias stands for something that it is part of.", {});
    require(builder_.again(found->second), mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    if (builder_.wants_key()) {
      if (value == "<<" && tag == "?") {
        refuse(mark, "the line holds a merge key ('<<'), which YAML 1.2 does not have.",
               "Write the fields out; an alias (*NAME) may stand for a whole value.");
      }
      require(builder_.key(value, {line_of(mark)}), mark);
      return;
    }
    // yaml-cpp's tag is "?" for a plain scalar, "!" for one in quotes or a block.
    const Node::Type type = tag == "?" ? plain_type(value) : Node::Type::string;
    const bool truth = value.starts_with('t') || value.starts_with('T');
    const std::string_view text =
        type == Node::Type::boolean ? (truth ? "true" : "false") : std::string_view(value);
    require(builder_.scalar(type, text, {line_of(mark)}), mark);
    remember(anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(Node::Type::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(Node::Type::map, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message, std::string remedy) {
    throw Refusal({{line_of(mark)}, std::move(message), std::move(remedy)});
  }
  void require(bool within_bounds, const YAML::Mark& mark) const {
    if (!within_bounds) refuse(mark, fmt::format("the file is refused. {}", builder_.over()), {});
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag == "?" || tag == "!" || tag.empty()) return;
    refuse(mark, "YAML tags are not used here.",
           "Remove the word that begins with '!'; quotes make a string.");
  }
  void refuse_as_key(const YAML::Mark& mark) const {
    if (builder_.wants_key())
      refuse(mark, "a key is not a plain word.", "Write 'name: value', and close every bracket.");
  }
  void begin(Node::Type type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_as_key(mark);
    refuse_tag(mark, tag);
    require(builder_.begin(type, {line_of(mark)}), mark);
    open_anchors_.push_back(anchor);
  }
  void end() {
    require(builder_.end(), YAML::Mark::null_mark());
    remember(open_anchors_.back());
    open_anchors_.pop_back();
  }
  void remember(YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = builder_.last();
  }

  NodeBuilder& builder_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  std::vector<YAML::anchor_t> open_anchors_;
  int documents_ = 0;
};

int line_at(std::string_view text, std::size_t offset) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, offset), '\n'));
}

/// What yaml-cpp need not even see.
std::optional<SyntaxFault> refuse_text(std::string_view text) {
  if (text.starts_with("PK\x03\x04")) {
    return SyntaxFault{{},
                       "the file is a zip archive.",
                       "If it is an export of Superset, take the databases out of it and put them below "
                       "'databases:'."};
  }
  if (!base::is_utf8(text)) {
    // A line feed is never part of a longer character, so the lines can be judged one by one.
    std::size_t line_start = 0;
    for (int line = 1; line_start < text.size(); ++line) {
      const std::size_t line_end = std::min(text.find('\n', line_start), text.size());
      if (!base::is_utf8(text.substr(line_start, line_end - line_start))) {
        return SyntaxFault{{line}, "the file is not valid UTF-8.", "Save it as UTF-8."};
      }
      line_start = line_end + 1;
    }
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\t' || c == '\n' || c == '\r') continue;
    if (base::has_control_characters(text.substr(i, 1)) ||
        (c == '\xC2' && base::has_control_characters(text.substr(i, 2)))) {
      return SyntaxFault{{line_at(text, i)},
                         "the file holds a control character.",
                         "Remove it; a string in double quotes can hold one as \\xNN where one is allowed."};
    }
  }
  const auto brackets = std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; });
  if (static_cast<std::size_t>(brackets) > kMaxBrackets) {
    return SyntaxFault{
        {}, fmt::format("the file is refused. It holds more than {} brackets.", kMaxBrackets), {}};
  }
  return std::nullopt;
}

std::string_view line_of(std::string_view text, int line) {
  for (int n = 1; n < line; ++n) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// The usual reasons why YAML does not parse, seen in the line where it stopped.
std::optional<SyntaxFault> usual_fault(std::string_view text, int number) {
  const std::string_view line = line_of(text, number);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return SyntaxFault{{number}, "the line is indented with a tab.", "Indent with spaces."};
  }
  if (holds_placeholder(line))
    return SyntaxFault{{number}, "the line holds a placeholder.", std::string(kPlaceholderRemedy)};
  return std::nullopt;
}

}  // namespace

Document read_yaml(std::string_view text) {
  if (auto fault = refuse_text(text)) return {nullptr, std::move(fault)};
  NodeBuilder builder;
  Handler handler(builder);
  try {
    // yaml-cpp takes a quote that is still open at the end for closed when line breaks come before the end.
    const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;
    std::istringstream stream{std::string(text.substr(0, end))};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
  } catch (const Refusal& refused) {
    auto usual = usual_fault(text, refused.fault.place.line);
    return {nullptr, usual ? *usual : refused.fault};
  } catch (const YAML::Exception& error) {
    const int line = line_of(error.mark);
    if (auto usual = usual_fault(text, line)) return {nullptr, std::move(usual)};
    return {nullptr, SyntaxFault{{line},
                                 fmt::format("this is not valid YAML: {}.", error.msg),
                                 "Check indentation, colons and quotes near this line."}};
  }
  return {builder.last(), std::nullopt};
}

}  // namespace rolegate::config
