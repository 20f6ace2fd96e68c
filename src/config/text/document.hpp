#pragma once

#include <optional>
#include <string>

#include "config/text/node.hpp"

namespace rolegate::config {

/// Why a text could not be read as a whole.
struct SyntaxFault {
  Place place;
  std::string message;
  std::string remedy;
};

/// A text as a tree. Either `fault` is set, or `root` is (it is null too when a YAML text holds no document).
struct Document {
  NodePtr root;
  std::optional<SyntaxFault> fault;
};

}  // namespace rolegate::config
