#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/http/answer.hpp"

namespace rolegate::admin {

/// What stood in the place of a pattern's parameters, by name, not decoded: "id" → "7".
using Parameters = std::map<std::string, std::string, std::less<>>;

/// What a handler is asked. The views live as long as its call.
struct RoutedRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;  ///< behind the '?', not decoded
  Parameters parameters = {};
};

/// Makes an answer on a thread where it may wait, with a deadline of its own. What it throws becomes a 500.
using Job = std::move_only_function<HttpAnswer()>;
/// At once, or from a job.
using Reply = std::variant<HttpAnswer, Job>;
/// Called on the server's thread, and therefore never waits. What it throws becomes a 500.
using Handler = std::function<Reply(const RoutedRequest& request)>;

/// Which handler answers what. A pattern is a path; a segment in braces is a parameter, which stands for any
/// one segment that is not empty: "/api/v1/database/{id}". Where several patterns match a path, the one with
/// the fewest parameters does.
class Router {
 private:
  struct Resource {
    std::string pattern;
    std::size_t parameters = 0;
    std::map<std::string, Handler, std::less<>> handlers = {};  ///< by method
  };

 public:
  /// What is at a path. Lives as long as the router.
  class Found {
   public:
    /// Null: there is none for this method. GET's answers HEAD, too.
    [[nodiscard]] const Handler* handler(std::string_view method) const;
    /// "DELETE, GET, HEAD", as Allow has it (RFC 9110, section 10.2.1).
    [[nodiscard]] std::string methods() const;

    Parameters parameters = {};

   private:
    friend class Router;
    const Resource* resource_ = nullptr;
  };

  /// `method`: as HTTP writes it. For a method and pattern that there is already, the later handler counts.
  void add(std::string_view pattern, std::string method, Handler handler);
  /// `path` begins with a slash and has no query. Nothing: no pattern matches.
  [[nodiscard]] std::optional<Found> find(std::string_view path) const;
  /// For people who asked for something else: "/startup, /liveness and /metrics", in the order of add.
  [[nodiscard]] std::string list() const;

 private:
  std::vector<Resource> resources_;
};

}  // namespace rolegate::admin
