"""A way to a database that breaks on demand: cut, stopped after so many bytes, or closed on one side only.

    with Forwarder(lab.kinds["aurora_mysql"]["connect_port"]) as way:     # connect_to=127.0.0.1:{way.port}
        way.limit(to_client=100)    # from the next connection on, the client gets 100 bytes and no more
        way.change = edited         # … and, of the first that the server says, what edited() makes of it
        way.cut()                   # every connection is reset, on both sides
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Callable, Optional

from servers.processes import wait_until

BOUND_SECONDS = 30
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s


@dataclass
class Link:
    """One connection and its continuation."""

    client: socket.socket
    server: socket.socket
    limits: dict[str, Optional[int]]
    change: Optional[Callable[[bytes], bytes]] = None
    passed: dict[str, int] = field(default_factory=lambda: {"to_client": 0, "to_server": 0})
    client_ended: threading.Event = field(default_factory=threading.Event)
    cut: bool = False

    def start(self) -> None:
        for direction, source, sink in (("to_server", self.client, self.server), ("to_client", self.server, self.client)):
            threading.Thread(target=self._pump, args=(direction, source, sink), daemon=True).start()

    def _pump(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        limit = self.limits[direction]
        try:
            while True:
                # At its limit it goes on reading, so that the end of the source is still seen.
                data = source.recv(1 << 16)
                if not data:
                    break
                if self.change is not None and direction == "to_client" and not self.passed[direction]:
                    data = self.change(data)
                if limit is not None:
                    data = data[:max(0, limit - self.passed[direction])]
                if data:
                    self.passed[direction] += len(data)  # first: whoever has got them finds them counted
                    sink.sendall(data)
        except OSError:
            self.reset()
        if direction == "to_server":
            self.client_ended.set()
        if not self.cut:  # else a FIN would be faster than the RST
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self.cut = True
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
                # close() alone would leave the connection to the thread that is reading from it.
                end.shutdown(socket.SHUT_RD)
            end.close()


class Forwarder:
    def __init__(self, port: int) -> None:
        self._target = port
        self._limits: dict[str, Optional[int]] = {"to_client": None, "to_server": None}
        self.change: Optional[Callable[[bytes], bytes]] = None  # from the next connection on
        self._lock = threading.Lock()
        self.links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Forwarder":
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=BOUND_SECONDS)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                link = Link(client, server, dict(self._limits), self.change)
                self.links.append(link)
            link.start()

    def limit(self, to_client: Optional[int] = None, to_server: Optional[int] = None) -> None:
        """So many bytes, and then silence, on connections that come from now on."""
        self._limits = {"to_client": to_client, "to_server": to_server}

    def refuse(self) -> None:
        """Nobody listens any more: ECONNREFUSED."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self) -> None:
        """RST to both ends of every connection, as from a database host that crashed and came back."""
        with self._lock:
            for link in self.links:
                link.reset()

    def end_of_server(self) -> None:
        """FIN to the client of every connection, and nothing to the server: half-closed."""
        with self._lock:
            for link in self.links:
                with contextlib.suppress(OSError):  # one that is over already
                    link.client.shutdown(socket.SHUT_WR)

    def total(self, direction: str) -> int:
        return sum(link.passed[direction] for link in self.links)

    def wait_links(self, count: int) -> None:
        assert wait_until(lambda: len(self.links) >= count, BOUND_SECONDS), f"{len(self.links)} connections, not {count}"

    def wait_clients_gone(self) -> None:
        """Until the other side has closed every connection: what it must do when its own client has left."""
        def all_ended() -> bool:
            return all(link.client_ended.is_set() for link in self.links)

        assert wait_until(all_ended, BOUND_SECONDS), \
            f"{sum(not link.client_ended.is_set() for link in self.links)} of {len(self.links)} connections are still open"
