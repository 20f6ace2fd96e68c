#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolegate::admin {

/// What a request is answered with.
struct HttpAnswer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< further ones: Allow, Retry-After
  bool close = false;  ///< what the client sends next cannot be told apart from a body
};

/// The status and a sentence.
[[nodiscard]] HttpAnswer refusal(unsigned status, std::string_view sentence);

}  // namespace rolegate::admin
