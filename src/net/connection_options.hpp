#pragma once

namespace rolegate::net {

/// Connections have from the start what their TCP listener has when they come (tcp(7)): TCP_NODELAY and
/// keep-alive, without a call for each of a flood.
void set_options_of_connections(int listening_socket);

}  // namespace rolegate::net
