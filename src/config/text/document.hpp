#pragma once

#include <optional>
#include <string>
#include <string_view>

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

/// Reads one YAML document. Nothing that `text` holds crashes, hangs or grows the process: it must be UTF-8
/// without control characters, its depth and weight are bounded (NodeBuilder), explicit tags, keys that are
/// no scalars and a second document are refused. Scalars are what the core schema of YAML 1.2 makes of them
/// (chapter 10.3): `true` is a boolean, `yes` is a string.
[[nodiscard]] Document read_yaml(std::string_view text);

/// Reads one JSON value (RFC 8259) that was a string at `line` of the YAML file.
[[nodiscard]] Document read_json(std::string_view text, int line);

}  // namespace rolegate::config
