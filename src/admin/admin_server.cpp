#include "admin/admin_server.hpp"

namespace rolegate::admin {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::admin_listen_failed:
      return "admin_listen_failed";
  }
  return {};
}

}  // namespace rolegate::admin
