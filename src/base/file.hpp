#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rolegate::base {

enum class FileErrc { not_found, unreadable, too_large, not_trusted, unwritable };
[[nodiscard]] std::string_view code_name(FileErrc code);

/// The whole of a regular file. The bound keeps a path that names a device or somebody's disk image from
/// filling the memory. Errors name the path and the reason.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 1 << 20);

/// What somebody gives to this program at `path`, a file or a pipe: waits for whoever writes it. "-" is
/// standard input. Otherwise as read_file.
[[nodiscard]] Result<std::string> read_input(const std::string& path, std::size_t max_bytes);

/// "FILE cannot be opened: …", for the errno that open(2) gave.
[[nodiscard]] Error not_opened(const std::string& path, int error);

/// Puts a file with this text and mode in the place of what is at `path`: written beside it and renamed over
/// it, so that no reader ever sees half of it, nor after a crash.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view text, unsigned mode);

}  // namespace rolegate::base
