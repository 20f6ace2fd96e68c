"""A MySQL client that shows what other clients hide: every packet as it came, byte for byte.

https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

BOUND_SECONDS = 30
COM_QUIT, COM_QUERY, COM_PROCESS_KILL, COM_PING, COM_CHANGE_USER, COM_RESET_CONNECTION = 1, 3, 12, 14, 17, 31
COM_STMT_PREPARE, COM_STMT_EXECUTE = 22, 23

LONG_PASSWORD, CONNECT_WITH_DB, COMPRESS, LOCAL_FILES = 0x1, 0x8, 0x20, 0x80
PROTOCOL_41, SSL, TRANSACTIONS, SECURE_CONNECTION = 0x200, 0x800, 0x2000, 0x8000
MULTI_STATEMENTS, MULTI_RESULTS, PLUGIN_AUTH, CONNECT_ATTRS = 0x10000, 0x20000, 0x80000, 0x100000
DEPRECATE_EOF, ZSTD_COMPRESSION, QUERY_ATTRIBUTES = 0x1000000, 0x4000000, 0x8000000
BASE = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | MULTI_RESULTS | PLUGIN_AUTH


class ServerError(Exception):
    """An ERR packet."""

    def __init__(self, packet: "Packet") -> None:
        body = packet.payload
        self.code = int.from_bytes(body[1:3], "little")
        self.sqlstate = body[4:9].decode() if body[3:4] == b"#" else ""
        self.message = body[9 if self.sqlstate else 3:].decode("utf-8", "replace")
        self.sequence = packet.sequence
        super().__init__(f"{self.code} ({self.sqlstate}) {self.message}")


@dataclass(frozen=True)
class Packet:
    sequence: int
    payload: bytes

    def checked(self) -> "Packet":
        if self.payload[:1] == b"\xff":
            raise ServerError(self)
        return self


@dataclass(frozen=True)
class Greeting:
    version: str
    connection_id: int
    capabilities: int
    extended: int  # MariaDB's upper 32 bits
    scramble: bytes
    plugin: str


def framed(sequence: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence & 0xFF]) + payload


def native_answer(password: str, scramble: bytes) -> bytes:
    if not password:
        return b""
    inner = hashlib.sha1(password.encode()).digest()
    outer = hashlib.sha1(scramble + hashlib.sha1(inner).digest()).digest()
    return bytes(a ^ b for a, b in zip(inner, outer))


def sha2_answer(password: str, scramble: bytes) -> bytes:
    if not password:
        return b""
    inner = hashlib.sha256(password.encode()).digest()
    outer = hashlib.sha256(hashlib.sha256(inner).digest() + scramble).digest()
    return bytes(a ^ b for a, b in zip(inner, outer))


class Connection:
    """`where`: (host, port), or the path of a unix socket; `source`: the own address. Connected, and nothing more."""

    def __init__(self, where, source: Optional[str] = None) -> None:
        family = socket.AF_UNIX if isinstance(where, (str, Path)) else socket.AF_INET
        self.socket: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(BOUND_SECONDS)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(str(where) if isinstance(where, (str, Path)) else where)
        self._buffer = bytearray()
        self.greeting: Optional[Greeting] = None
        self.path = ""  # how caching_sha2_password went: "fast" or "full"; empty with another plugin

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, sequence: int, payload: bytes) -> None:
        self.socket.sendall(framed(sequence, payload))

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            part = self.socket.recv(1 << 18)
            if not part:
                raise EOFError(f"the server closed after {len(self._buffer)} of {count} bytes")
            self._buffer += part
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def receive(self) -> Packet:
        head = self._exactly(4)
        return Packet(head[3], self._exactly(int.from_bytes(head[:3], "little")))

    def unread(self) -> bytes:
        """What has come of the next packet, after one that did not come whole."""
        return bytes(self._buffer)

    def at_end(self) -> bool:
        """Whether the server has closed, with nothing left to read."""
        try:
            return not self._buffer and self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def greet(self) -> Greeting:
        """Reads the server's greeting; an ERR packet in its place is raised."""
        body = self.receive().checked().payload
        assert body[0] == 10, f"protocol version {body[0]}"
        end = body.index(b"\0", 1)
        number, first, low, _, _, high, size = struct.unpack("<I8sxHBHHB", body[end + 1:end + 22])
        rest = body[end + 22:]
        extended = int.from_bytes(rest[6:10], "little") if not low & LONG_PASSWORD else 0
        scramble, plugin = first + rest[10:10 + max(13, size - 8)].rstrip(b"\0"), rest[10 + max(13, size - 8):]
        self.greeting = Greeting(body[1:end].decode(), number, low | high << 16, extended, scramble,
                                 plugin.rstrip(b"\0").decode())
        return self.greeting

    def response(self, user: str, password: str, schema: Optional[str] = None, capabilities: int = BASE,
                 plugin: str = "mysql_native_password") -> bytes:
        """The payload of a HandshakeResponse41."""
        assert self.greeting is not None
        answer = (native_answer if plugin == "mysql_native_password" else sha2_answer)(password, self.greeting.scramble)
        flags = capabilities | (CONNECT_WITH_DB if schema else 0)
        return (struct.pack("<IIB23x", flags, 1 << 24, 45) + user.encode() + b"\0" + bytes([len(answer)]) + answer
                + (schema.encode() + b"\0" if schema else b"") + plugin.encode() + b"\0")

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """SSLRequest and TLS, behind the greeting."""
        self.send(1, struct.pack("<IIB23x", BASE | SSL, 1 << 24, 45))
        self.socket = context.wrap_socket(self.socket, server_hostname=host)

    def log_in(self, user: str, password: str, schema: Optional[str] = None, *, capabilities: int = BASE,
               plugin: str = "mysql_native_password", secure: bool = False) -> "Connection":
        """To the OK packet; an ERR packet is raised. `secure`: a password may be sent as it is (TLS, unix socket)."""
        if self.greeting is None:
            self.greet()
        self.send(2 if isinstance(self.socket, ssl.SSLSocket) else 1,
                  self.response(user, password, schema, capabilities, plugin))
        return self.finish_login(password, secure=secure)

    def finish_login(self, password: str, *, secure: bool = False, asked: Optional[Packet] = None) -> "Connection":
        """What comes behind the HandshakeResponse41, to the OK packet. `asked`: of that, what has been read already."""
        while True:
            packet = asked or self.receive().checked()
            asked = None
            kind, rest = packet.payload[:1], packet.payload[1:]
            if kind == b"\0":
                return self
            if kind == b"\xfe":
                plugin, scramble = rest.split(b"\0")[0].decode(), rest[rest.index(b"\0") + 1:].rstrip(b"\0")
                self.path = ""  # begins anew
                answer = native_answer if plugin == "mysql_native_password" else sha2_answer
                self.send(packet.sequence + 1, answer(password, scramble))
            elif packet.payload == b"\x01\x03":
                self.path = "fast"
            elif packet.payload == b"\x01\x04":
                self.path = "full"
                assert secure, "the server asks for the whole password"
                self.send(packet.sequence + 1, password.encode() + b"\0")
            else:
                raise AssertionError(f"not an answer of a login: {packet}")

    def prove(self, user: str, password: str, schema: str) -> None:
        """Sends a password by caching_sha2_password's full way, and waits for no answer to it."""
        self.greet()
        self.send(1, self.response(user, password, schema, plugin="caching_sha2_password"))
        packet = self.receive().checked()
        assert packet.payload == b"\x01\x04", packet
        self.send(packet.sequence + 1, password.encode() + b"\0")

    def command(self, code: int, argument: bytes = b"") -> Packet:
        """Sends it and gives the first packet of the answer; an ERR packet is raised."""
        self.send(0, bytes([code]) + argument)
        return self.receive().checked()

    def change_user(self, user: str, password: str, schema: str = "", *, secure: bool = False) -> "Connection":
        """As MariaDB Connector/C does it, to the OK packet; an ERR packet is raised."""
        assert self.greeting is not None
        answer = native_answer(password, self.greeting.scramble)
        self.send(0, bytes([COM_CHANGE_USER]) + user.encode() + b"\0" + bytes([len(answer)]) + answer + schema.encode()
                  + b"\0" + (45).to_bytes(2, "little") + b"mysql_native_password\0")
        return self.finish_login(password, secure=secure)

    def ping(self) -> None:
        assert self.command(COM_PING).payload[:1] == b"\0"

    def query(self, sql: str) -> list[list[Optional[str]]]:
        """The rows of a statement."""
        self.send(0, bytes([COM_QUERY]) + sql.encode())
        return list(self.result())

    def result(self) -> Iterator[list[Optional[str]]]:
        """The rows of the answer to a COM_QUERY, as they come (without CLIENT_DEPRECATE_EOF; of less than 16 MB)."""
        columns = self.receive().checked().payload[0]
        if columns == 0:
            return
        for _ in range(columns):
            self.receive()
        assert self.receive().payload[:1] == b"\xfe"
        while True:
            payload = self.receive().checked().payload
            if payload[:1] == b"\xfe" and len(payload) < 9:
                return
            yield _fields(payload, columns)


def _fields(payload: bytes, columns: int) -> list[Optional[str]]:
    fields: list[Optional[str]] = []
    place = 0
    for _ in range(columns):
        size, place = payload[place], place + 1
        if size == 0xFB:
            fields.append(None)
            continue
        if size == 0xFC:
            size, place = int.from_bytes(payload[place:place + 2], "little"), place + 2
        elif size == 0xFD:
            size, place = int.from_bytes(payload[place:place + 3], "little"), place + 3
        fields.append(payload[place:place + size].decode("utf-8", "replace"))
        place += size
    return fields
