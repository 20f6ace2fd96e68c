#include "config/text/report.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace rolegate::config {

namespace {

bool looks_like_a_name(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, plain);
}

}  // namespace

std::string shown(std::string_view name) {
  return looks_like_a_name(name) ? std::string(name) : fmt::format("({} bytes)", name.size());
}

std::string quoted(std::string_view name) {
  return looks_like_a_name(name) ? fmt::format("'{}'", name) : fmt::format("a text of {} bytes", name.size());
}

void Report::error(Place place, std::string field, std::string message, std::string remedy) {
  ++errors_;
  add(Severity::error, place, std::move(field), std::move(message), std::move(remedy));
}

void Report::warning(Place place, std::string field, std::string message, std::string remedy) {
  add(Severity::warning, place, std::move(field), std::move(message), std::move(remedy));
}

void Report::names_file(Place place, std::string field, std::string path) {
  files_.push_back({std::move(path), place.line, database_, std::move(field)});
}

void Report::add(Severity severity, Place place, std::string field, std::string message, std::string remedy) {
  if (full()) return;
  problems_.push_back({severity, file_, place.line, database_, std::move(field), std::move(message),
                       std::move(remedy), place.json_line});
}

std::vector<Problem> Report::take() {
  if (full()) {
    problems_.push_back({Severity::error,
                         file_,
                         0,
                         {},
                         {},
                         fmt::format("there are more than {} problems.", kMaxProblems),
                         "Solve these first.",
                         0});
  }
  // A multimap keeps equals in the order they came (std::stable_sort of libstdc++ 12 does not compile without
  // deprecation warnings under clang).
  std::multimap<std::pair<int, int>, Problem> by_line;
  for (Problem& problem : problems_) {
    const std::pair key(problem.line, problem.json_line);
    by_line.emplace(key, std::move(problem));
  }
  std::vector<Problem> out;
  for (auto& [key, problem] : by_line) out.push_back(std::move(problem));
  problems_.clear();
  return out;
}

}  // namespace rolegate::config
