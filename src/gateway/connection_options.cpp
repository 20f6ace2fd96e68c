#include "gateway/connection_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "gateway/dialer.hpp"

namespace rolegate::gateway {

void set_options_of_connections(int listening_socket) {
  const int yes = 1;
  ::setsockopt(listening_socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  keep_alive(listening_socket);
}

}  // namespace rolegate::gateway
