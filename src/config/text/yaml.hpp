#pragma once

#include <string_view>

#include "config/text/document.hpp"

namespace rolegate::config {

/// Reads one YAML document. Nothing that `text` holds crashes, hangs or grows the process: it must be UTF-8
/// without control characters, its depth and weight are bounded (NodeBuilder), explicit tags, keys that are
/// no scalars and a second document are refused. Scalars are what the core schema of YAML 1.2 makes of them
/// (chapter 10.3): `true` is a boolean, `yes` is a string.
[[nodiscard]] Document read_yaml(std::string_view text);

}  // namespace rolegate::config
