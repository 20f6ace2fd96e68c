#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rolegate::base {

/// Whether the path names a descriptor that whoever started this process has opened for it.
[[nodiscard]] bool is_inherited(std::string_view path);

/// Whether nobody but this process's user and root can have written the file at `path`, or can put another in
/// its place: they own it and every folder and symbolic link on the way to it, and nobody else may write it
/// or those folders. In a folder with the sticky bit (/tmp) others may make files of their own and touch
/// nobody else's, so there their own are what is refused. On a read-only mount nobody may write a folder,
/// whatever its mode. A group may write when it is its owner's private one, as Debian's ssh has it: of the
/// same name, with no other member, nor any other account in /etc/passwd whose primary group it is.
///
/// For a relative path the folders are those from the current one on. What was opened by whoever started this
/// process (/dev/stdin, /dev/fd/N) is not judged, nor is the mode of a device. Errors: file_not_trusted,
/// which names owner, mode and the command that mends it; not_found or unreadable as read_file's. Whoever
/// could exchange the file between this and opening it would have been found here.
[[nodiscard]] Result<void> check_file_trust(const std::string& path);

}  // namespace rolegate::base
