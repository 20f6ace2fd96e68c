#include "aws/flat_json.hpp"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "aws/answer_text.hpp"
#include "base/printable.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

constexpr std::size_t kMaxMembers = 2000;
constexpr std::size_t kMaxDepth = 16;

using boost::system::error_code;
using Scalars = std::map<std::string, FlatJson::Scalar, std::less<>>;

/// What Boost.JSON's parser calls; member names and constants are its interface
/// (https://www.boost.org/doc/libs/1_81_0/libs/json/doc/html/json/ref/boost__json__basic_parser.html).
class Collector {
 public:
  constexpr static std::size_t max_object_size = kMaxMembers;
  constexpr static std::size_t max_array_size = kMaxMembers;
  constexpr static std::size_t max_key_size = 256;
  constexpr static std::size_t max_string_size = kMaxAnswerText;

  Collector(Scalars& scalars, std::string& problem) : scalars_(scalars), problem_(problem) {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  ~Collector() { base::wipe(partial_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    path_sizes_.push_back(path_.size());
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    path_.resize(path_sizes_.back());
    path_sizes_.pop_back();
    return true;
  }
  bool on_array_begin(error_code& error) {
    if (path_sizes_.empty()) return refuse("is not a JSON object", error);
    ++arrays_;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --arrays_;
    return true;
  }
  bool on_key_part(std::string_view text, std::size_t, error_code&) { return gather(text); }
  bool on_key(std::string_view text, std::size_t, error_code& error) {
    gather(text);
    if (arrays_ > 0) {
      partial_.clear();
      return true;
    }
    path_.resize(path_sizes_.back());
    path_.push_back('/');
    for (const char c : partial_) path_.append(c == '~' ? "~0" : c == '/' ? "~1" : std::string_view(&c, 1));
    const bool is_new = seen_.insert(path_).second;
    if (!is_new)
      return refuse(fmt::format("has {} more than once", base::quotable(partial_, kLongestQuote)), error);
    partial_.clear();
    return seen_.size() <= kMaxMembers || refuse("has too many members", error);
  }
  bool on_string_part(std::string_view text, std::size_t, error_code&) { return gather(text); }
  bool on_string(std::string_view text, std::size_t, error_code& error) {
    gather(text);
    const bool going_on = put(FlatJson::Scalar(std::in_place_type<std::string>, partial_), error);
    base::wipe(partial_);
    return going_on;
  }
  bool on_number_part(std::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, std::string_view, error_code& error) {
    return put(static_cast<double>(number), error);
  }
  bool on_uint64(std::uint64_t number, std::string_view, error_code& error) {
    return put(static_cast<double>(number), error);
  }
  bool on_double(double number, std::string_view, error_code& error) { return put(number, error); }
  bool on_bool(bool truth, error_code& error) { return put(truth, error); }
  bool on_null(error_code& error) { return put(nullptr, error); }
  bool on_comment_part(std::string_view, error_code&) { return true; }
  bool on_comment(std::string_view, error_code&) { return true; }

 private:
  bool gather(std::string_view text) {
    if (partial_.capacity() < max_string_size) partial_.reserve(max_string_size);
    partial_.append(text);
    return true;
  }
  bool put(FlatJson::Scalar scalar, error_code& error) {
    if (path_sizes_.empty()) return refuse("is not a JSON object", error);
    if (arrays_ == 0) scalars_.insert_or_assign(path_, std::move(scalar));
    return true;
  }
  bool refuse(std::string problem, error_code& error) {
    problem_ = std::move(problem);
    error = boost::json::make_error_code(boost::json::error::exception);
    return false;
  }

  Scalars& scalars_;
  std::string& problem_;
  std::string path_;
  std::vector<std::size_t> path_sizes_;  ///< of path_, before each object that is open
  std::set<std::string> seen_;
  std::size_t arrays_ = 0;  ///< how many are open
  std::string partial_;     ///< a text that comes in pieces; never grows past its first reservation
};

}  // namespace

FlatJson::FlatJson(std::string_view text) {
  if (text.empty()) {
    problem_ = "is empty";
    return;
  }
  if (text.size() > kMaxAnswer) {
    problem_ = fmt::format("is larger than {} bytes", kMaxAnswer);
    return;
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Collector> parser(options, scalars_, problem_);
  error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!problem_.empty()) return;
  if (error) {
    problem_ = fmt::format("is not well-formed JSON ({})", error.message());
  } else if (text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
    problem_ = "is not well-formed JSON (something follows it)";
  }
}

FlatJson::~FlatJson() {
  for (auto& [pointer, scalar] : scalars_) {
    if (auto* text = std::get_if<std::string>(&scalar)) base::wipe(*text);
  }
}

const FlatJson::Scalar* FlatJson::find(std::string_view pointer) const {
  const auto found = scalars_.find(pointer);
  return found == scalars_.end() ? nullptr : &found->second;
}

std::string_view FlatJson::string(std::string_view pointer) const {
  const Scalar* scalar = find(pointer);
  const auto* text = scalar == nullptr ? nullptr : std::get_if<std::string>(scalar);
  return text == nullptr ? std::string_view() : *text;
}

}  // namespace rolegate::aws
