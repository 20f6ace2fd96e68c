"""Free loopback ports for servers that cannot bind port 0 themselves.

The port stays bound (not listening) while the server starts: with SO_REUSEADDR on both sides Linux lets the server
bind and listen on it, but gives it to nobody who asks for just any port. Closing first and hoping would be a race.
"""

from __future__ import annotations

import socket


class ReservedPort:
    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        """Call when the server listens."""
        self._socket.close()
