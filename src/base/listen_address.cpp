#include "base/listen_address.hpp"

namespace rolegate::base {

bool is_local(const ListenAddress& address) {
  return address.is_unix || address.host.starts_with("127.") || address.host == "::1";
}

}  // namespace rolegate::base
