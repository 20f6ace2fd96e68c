#include "serve/socket_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

namespace rolegate::serve {
namespace {

enum class Errc { socket_folder_failed };
std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::socket_folder_failed:
      return "socket_folder_failed";
  }
  return {};
}

}  // namespace

base::Result<SocketFolder> SocketFolder::make(const base::Environment& environment) {
  std::string path = environment.get_or("XDG_RUNTIME_DIR", "/tmp") + "/rolegate-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return base::fail(Errc::socket_folder_failed,
                      fmt::format("No folder for sockets can be made at {}: {}.", path,
                                  std::generic_category().message(errno)),
                      "Set XDG_RUNTIME_DIR to a folder that can be written to.");
  }
  return SocketFolder(std::move(path));
}

SocketFolder::~SocketFolder() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

}  // namespace rolegate::serve
