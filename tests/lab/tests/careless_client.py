"""PostgreSQL and MySQL clients that make every mistake an impostor can profit from: they check no certificate, keep
what was buffered before TLS, and answer any request for a password at once.

They prove that the impostors would catch such a client; without that, "the impostor recorded nothing" says nothing.
"""

from __future__ import annotations

import socket
import ssl
import struct


class _Stream:
    """Reads with a buffer that, carelessly, survives the switch to TLS."""

    def __init__(self, port: int, patience: float) -> None:
        self.patience = patience
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.buffer = b""

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("the server hung up")
            self.buffer += part
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def start_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)


def postgresql(port: int, user: str, password: str, patience: float = 5) -> None:
    stream = _Stream(port, patience)
    with stream.socket:
        stream.socket.sendall(struct.pack("!ii", 8, 80877103))
        answer = stream.take(1)
        if answer == b"S":
            stream.start_tls()
        if answer in (b"S", b"N"):
            body = struct.pack("!i", 196608) + b"user\0" + user.encode() + b"\0\0"
            stream.socket.sendall(struct.pack("!i", len(body) + 4) + body)
            answer = stream.take(1)
        size = struct.unpack("!i", stream.take(4))[0]
        message = answer + stream.take(size - 4)
        assert message == b"R" + struct.pack("!i", 3), message
        secret = password.encode() + b"\0"
        stream.socket.sendall(b"p" + struct.pack("!i", len(secret) + 4) + secret)
        stream.take(1)  # the refusal
        stream.socket.close()


CLIENT_SSL = 0x800
# CONNECT_WITH_DB is left out; PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, PLUGIN_AUTH_LENENC_DATA
CAPABILITIES = 0x200 | 0x8000 | 0x80000 | 0x200000


def mysql(port: int, user: str, password: str, patience: float = 5) -> None:
    stream = _Stream(port, patience)
    secret = password.encode() + b"\0"
    with stream.socket:
        _, greeting = _packet(stream)
        version_end = greeting.index(b"\0", 1) + 1
        flags = int.from_bytes(greeting[version_end + 13:version_end + 15], "little")
        sequence = 1
        use_tls = flags & CLIENT_SSL
        start = struct.pack("<IIB23x", CAPABILITIES | use_tls, 1 << 24, 45)
        if use_tls:
            _send(stream, sequence, start)
            sequence += 1
            if not _answered_in_plain(stream):
                stream.start_tls()
        plugin = b"mysql_clear_password" if b"mysql_clear_password\0" in greeting else b"mysql_native_password"
        response = secret if plugin == b"mysql_clear_password" else b""
        length = bytes([len(response)]) if len(response) < 251 else b"\xfc" + struct.pack("<H", len(response))
        if not isinstance(stream.socket, ssl.SSLSocket) and use_tls:
            sequence -= 1  # the server spoke before TLS; its request is answered as if TLS were there
        else:
            _send(stream, sequence, start + user.encode() + b"\0" + length + response + plugin + b"\0")
        sequence, request = _packet(stream)
        assert request == b"\xfemysql_clear_password\0", request
        _send(stream, sequence + 1, secret)
        _packet(stream)  # the refusal
        stream.socket.close()


def _answered_in_plain(stream: _Stream) -> bool:
    """After an SSLRequest a server waits for the ClientHello. This client would even listen to one that does not."""
    if stream.buffer:
        return False  # bytes injected before TLS are read later, as if they had come inside it
    stream.socket.settimeout(0.3)
    try:
        stream.buffer = stream.socket.recv(65536)
    except TimeoutError:
        return False
    finally:
        stream.socket.settimeout(stream.patience)
    return bool(stream.buffer)


def _packet(stream: _Stream) -> tuple[int, bytes]:
    head = stream.take(4)
    return head[3], stream.take(int.from_bytes(head[:3], "little"))


def _send(stream: _Stream, sequence: int, payload: bytes) -> None:
    stream.socket.sendall(len(payload).to_bytes(3, "little") + bytes([sequence]) + payload)
