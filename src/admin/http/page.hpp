#pragma once

#include <string>
#include <string_view>

namespace rolegate::admin {

/// What a GET is answered with.
struct Page {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

/// The pages there are, by path. Used by the server's thread alone; may throw, which answers 500.
class Pages {
 public:
  virtual ~Pages() = default;
  /// `path` begins with a slash, is not decoded, and has no query.
  [[nodiscard]] virtual bool has(std::string_view path) const = 0;
  /// Only of a path that it has.
  [[nodiscard]] virtual Page get(std::string_view path) = 0;
  /// For people who asked for something else: "/startup, /liveness and so on".
  [[nodiscard]] virtual std::string list() const = 0;
};

}  // namespace rolegate::admin
