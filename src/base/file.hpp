#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace rolegate::base {

enum class FileErrc { not_found, unreadable, too_large, not_trusted };
[[nodiscard]] std::string_view code_name(FileErrc code);

/// The whole of a regular file. The bound keeps a path that names a device or somebody's disk image from
/// filling the memory. Errors name the path and the reason.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 1 << 20);

/// What somebody gives to this program at `path`, a file or a pipe: waits for whoever writes it. "-" is
/// standard input. Otherwise as read_file.
[[nodiscard]] Result<std::string> read_input(const std::string& path, std::size_t max_bytes);

/// "FILE cannot be opened: …", for the errno that open(2) gave.
[[nodiscard]] Error not_opened(const std::string& path, int error);

}  // namespace rolegate::base
