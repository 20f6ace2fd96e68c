#include "net/connection_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/dialer.hpp"

namespace rolegate::net {

void set_options_of_connections(int listening_socket) {
  const int yes = 1;
  ::setsockopt(listening_socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  keep_alive(listening_socket);
}

}  // namespace rolegate::net
