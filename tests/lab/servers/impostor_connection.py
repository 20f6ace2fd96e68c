"""One client's connection to an impostor: reads are recorded, TLS can be started in the middle."""

from __future__ import annotations

import socket
import ssl
from typing import Optional

from .impostor_log import Recorder

# A client that never hangs up must not keep a thread for ever; nothing waits for this in a passing test.
PATIENCE_SECONDS = 60


class ClientGone(Exception):
    """The client hung up, which is what a careful one does."""


class Connection:
    def __init__(self, client: socket.socket, recorder: Recorder, engine: str, mode: str, number: int) -> None:
        client.settimeout(PATIENCE_SECONDS)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = client
        self._recorder = recorder
        self._who = {"engine": engine, "mode": mode, "connection": number}
        self.in_tls = False

    def record(self, stage: str, data: bytes = b"", password: Optional[bytes] = None, **more: object) -> None:
        fields: dict[str, object] = {**self._who, "stage": stage, "in_tls": self.in_tls, **more}
        if data:
            fields["hex"] = data.hex()
        if password is not None:
            fields["password"] = password.decode("utf-8", "backslashreplace")
        self._recorder.event(**fields)

    def send(self, data: bytes) -> None:
        """One call, one segment: what is sent together arrives together."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise ClientGone from error

    def receive(self, size: int, stage: str) -> bytes:
        """Exactly `size` bytes; what came before a client hung up is recorded too."""
        data = b""
        while len(data) < size:
            try:
                part = self._socket.recv(size - len(data))
            except OSError:
                part = b""
            if not part:
                self.record(stage, data, hung_up=True)
                raise ClientGone
            data += part
        return data

    def start_tls(self, context: ssl.SSLContext) -> None:
        try:
            self._socket = context.wrap_socket(self._socket, server_side=True)
        except OSError as error:  # ssl.SSLError is one: the client refused our certificate, or just left
            self.record("tls", tls_failed=str(error))
            raise ClientGone from error
        self.in_tls = True
        self.record("tls", tls_version=self._socket.version())

    def stall(self, stage: str) -> None:
        """Answers nothing for as long as the client stays, and records all it says meanwhile."""
        self.record(stage, stalled=True)
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                self.record(stage, hung_up=True)
                raise ClientGone
            self.record(stage, data)

    def close(self) -> None:
        self._socket.close()
