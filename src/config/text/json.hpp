#pragma once

#include <string_view>

#include "config/text/document.hpp"

namespace rolegate::config {

/// Reads one JSON value (RFC 8259) that was a string at `line` of the YAML file.
[[nodiscard]] Document read_json(std::string_view text, int line);

}  // namespace rolegate::config
