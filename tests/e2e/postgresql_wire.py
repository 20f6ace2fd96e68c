"""A PostgreSQL client that shows what other clients hide: every message as it came, byte for byte.

https://www.postgresql.org/docs/15/protocol-message-formats.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

BOUND_SECONDS = 30
PROTOCOL_3_0 = 196608
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103


@dataclass(frozen=True)
class Message:
    type: str
    body: bytes

    @property
    def raw(self) -> bytes:
        return framed(self.type, self.body)

    def fields(self) -> dict[str, str]:
        """Of an ErrorResponse or NoticeResponse: by their one-letter codes."""
        return {part[:1].decode(): part[1:].decode() for part in self.body.split(b"\0") if part}


def framed(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def startup_message(parameters: Mapping[str, str], protocol: int = PROTOCOL_3_0) -> bytes:
    body = struct.pack("!I", protocol)
    body += b"".join(text.encode() + b"\0" for pair in parameters.items() for text in pair) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


class Connection:
    """`where`: (host, port), or the path of a unix socket; `source`: the own address."""

    def __init__(self, where, source: Optional[str] = None) -> None:
        family = socket.AF_UNIX if isinstance(where, Path) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(BOUND_SECONDS)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(str(where) if isinstance(where, Path) else where)
        self.parameters: dict[str, str] = {}
        self.cancel_key: Optional[bytes] = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive_exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError(f"the peer closed after {len(data)} of {count} bytes")
            data += part
        return data

    def receive(self) -> Message:
        kind, length = struct.unpack("!cI", self.receive_exactly(5))
        return Message(kind.decode("latin-1"), self.receive_exactly(length - 4))

    def at_end(self) -> bool:
        """Whether the peer has closed, with nothing left to read."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def log_in(self, user: str, password: str, database: Optional[str] = None, protocol: int = PROTOCOL_3_0,
               **parameters: str) -> list[Message]:
        """Every message up to ReadyForQuery or an ErrorResponse; a password is given if SCRAM asks for it."""
        names = {"user": user, **({} if database is None else {"database": database}), **parameters}
        self.send(startup_message(names, protocol))
        scram = _Scram(password)
        seen = []
        while True:
            message = self.receive()
            seen.append(message)
            if message.type == "R":
                answer = scram.answer(message.body)
                if answer:
                    self.send(framed("p", answer))
            elif message.type == "S":
                name, value = message.body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            elif message.type == "K":
                self.cancel_key = message.body
            elif message.type in "EZ":
                return seen

    def prove(self, user: str, password: str, database: str) -> None:
        """Sends the proof of a password, and waits for no answer to it."""
        self.send(startup_message({"user": user, "database": database}))
        scram = _Scram(password)
        for _ in range(2):
            self.send(framed("p", scram.answer(self.receive().body) or b""))

    def query(self, sql: str) -> list[Message]:
        """A simple query and its answer up to ReadyForQuery."""
        self.send(framed("Q", sql.encode() + b"\0"))
        return self.until_ready()

    def until_ready(self) -> list[Message]:
        seen = [self.receive()]
        while seen[-1].type != "Z":
            seen.append(self.receive())
        return seen


def error_of(messages: list[Message]) -> Message:
    """The ErrorResponse with which a login ended."""
    assert messages[-1].type == "E", f"no error: {messages}"
    return messages[-1]


def send_cancel_request(where, key: bytes) -> None:
    """Returns once the server has closed, as it does when it has dealt with the request."""
    with Connection(where) as connection:
        connection.send(struct.pack("!II", 8 + len(key), CANCEL_REQUEST) + key)
        assert connection.at_end()


class _Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._first_bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
        self._server_signature = b""

    def answer(self, body: bytes) -> Optional[bytes]:
        """To an Authentication… message; None when none is due."""
        (kind,) = struct.unpack("!I", body[:4])
        if kind == 10:
            assert b"SCRAM-SHA-256\0" in body
            first = ("n,," + self._first_bare).encode()
            return b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first
        if kind == 11:
            return self._final(body[4:].decode())
        if kind == 12:
            signature: Any = dict(part.split("=", 1) for part in body[4:].decode().split(","))["v"]
            assert base64.b64decode(signature) == self._server_signature, "the server does not know the password"
            return None
        assert kind == 0, f"an authentication that is not SCRAM was asked for: {kind}"
        return None

    def _final(self, server_first: str) -> bytes:
        given = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(given["s"]), int(given["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = "c=biws,r=" + given["r"]
        signed = ",".join((self._first_bare, server_first, without_proof)).encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self._server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return (without_proof + ",p=" + base64.b64encode(proof).decode()).encode()
