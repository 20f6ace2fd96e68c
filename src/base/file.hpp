#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace rolegate::base {

enum class FileErrc { not_found, unreadable, too_large };
[[nodiscard]] std::string_view code_name(FileErrc code);

/// The whole of a regular file. The bound keeps a path that names a device or somebody's disk image from
/// filling the memory. Errors name the path and the reason.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 1 << 20);

}  // namespace rolegate::base
