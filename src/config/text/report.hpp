#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/text/node.hpp"
#include "config/text/problem.hpp"

namespace rolegate::config {

/// A name as it is shown in a message: the text itself when it looks like a name, else its length only. Where
/// a name is expected there may be anything after a slip of the pen, such as a URI with its password.
[[nodiscard]] std::string shown(std::string_view name);
/// The same inside a sentence: "'eu-west-1'" or "a text of 26 bytes".
[[nodiscard]] std::string quoted(std::string_view name);

/// Collects the problems of one file, and the files that it names.
class Report {
 public:
  /// More are not collected: nobody reads them, and a file must not be able to fill the memory with them.
  static constexpr std::size_t kMaxProblems = 1000;

  explicit Report(std::string file) : file_(std::move(file)) {}

  /// What is reported from now on belongs to this database (as in Problem::database); empty: to none.
  void about(std::string database) { database_ = std::move(database); }
  void error(Place place, std::string field, std::string message, std::string remedy = {});
  void warning(Place place, std::string field, std::string message, std::string remedy = {});

  void names_file(Place place, std::string field, std::string path);

  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] bool full() const { return problems_.size() >= kMaxProblems; }
  /// All of them in the order of their lines.
  [[nodiscard]] std::vector<Problem> take();
  [[nodiscard]] std::vector<NamedFile> take_files() { return std::move(files_); }

 private:
  void add(Severity severity, Place place, std::string field, std::string message, std::string remedy);

  std::string file_;
  std::string database_;
  std::vector<Problem> problems_;
  std::vector<NamedFile> files_;
  std::size_t errors_ = 0;
};

}  // namespace rolegate::config
