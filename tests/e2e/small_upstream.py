"""A database that does next to nothing, for thousands of sessions: it takes TLS and any password sent inside it, and
answers every query with `1` (PostgreSQL) or OK (MySQL). The lab's real servers would need a process or thread for each.

    small_upstream.py ENGINE CERTIFICATE KEY     # prints the port it listens on; ends with its standard input
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
import sys
from pathlib import Path
from typing import Iterator

GREETING_CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x800 | 0x2000 | 0x8000 | 0x10000 | 0x20000 | 0x80000 | 0x100000 | 0x200000


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


async def _postgresql(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    (size,) = struct.unpack("!I", await reader.readexactly(4))
    await reader.readexactly(size - 4)
    writer.write(_message(b"R", struct.pack("!I", 3)))  # AuthenticationCleartextPassword
    _, size = struct.unpack("!cI", await reader.readexactly(5))
    await reader.readexactly(size - 4)
    ready = _message(b"Z", b"I")
    writer.write(_message(b"R", bytes(4)) + _message(b"S", b"server_version\0" b"15.0\0")
                 + _message(b"S", b"client_encoding\0UTF8\0") + _message(b"S", b"DateStyle\0ISO, MDY\0") + _message(b"K", struct.pack("!II", 1, 2)) + ready)
    column = b"one\0" + struct.pack("!IHIHIH", 0, 0, 23, 4, 0xFFFFFFFF, 0)
    answer = (_message(b"T", struct.pack("!H", 1) + column) + _message(b"D", struct.pack("!HI", 1, 1) + b"1")
              + _message(b"C", b"SELECT 1\0") + ready)
    while True:
        kind, size = struct.unpack("!cI", await reader.readexactly(5))
        await reader.readexactly(size - 4)
        if kind == b"X":
            return
        writer.write(answer)


def _packet(sequence: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def _greeting() -> bytes:
    scramble = b"abcdefghijklmnopqrst"
    return _packet(0, b"\x0a8.0.36-small\0" + struct.pack("<I", 7) + scramble[:8] + b"\0"
                   + struct.pack("<HBHHB", GREETING_CAPABILITIES & 0xFFFF, 45, 2, GREETING_CAPABILITIES >> 16, 21)
                   + bytes(10) + scramble[8:] + b"\0mysql_native_password\0")


async def _read_packet(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return await reader.readexactly(int.from_bytes(head[:3], "little"))


async def _mysql(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_packet(reader)
    writer.write(_packet(3, b"\xfemysql_clear_password\0"))
    await _read_packet(reader)
    ok = bytes(3) + b"\2\0\0\0"
    writer.write(_packet(5, ok))
    while (await _read_packet(reader))[:1] != b"\x01":
        writer.write(_packet(1, ok))


async def _before_tls(loop: asyncio.AbstractEventLoop, engine: str, client: socket.socket) -> None:
    """To the request for TLS, and not a byte further: what comes behind it belongs to TLS."""
    rest = {"postgresql": 8, "mysql": 36}[engine]
    if engine == "mysql":
        await loop.sock_sendall(client, _greeting())
    while rest:
        part = await loop.sock_recv(client, rest)
        if not part:
            raise EOFError
        rest -= len(part)
    if engine == "postgresql":
        await loop.sock_sendall(client, b"S")


async def _session(engine: str, client: socket.socket, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    with client, contextlib.suppress(OSError, EOFError):
        await _before_tls(loop, engine, client)
        reader = asyncio.StreamReader()
        transport, protocol = await loop.connect_accepted_socket(lambda: asyncio.StreamReaderProtocol(reader), client,
                                                                 ssl=context)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            await (_postgresql if engine == "postgresql" else _mysql)(reader, writer)
        finally:
            writer.close()


async def _accept(engine: str, listener: socket.socket, context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    sessions = set()  # the loop itself does not hold on to its tasks
    while True:
        client, _ = await loop.sock_accept(listener)
        client.setblocking(False)
        session = loop.create_task(_session(engine, client, context))
        sessions.add(session)
        session.add_done_callback(sessions.discard)


async def _serve(engine: str, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if engine == "postgresql":  # as a real one has it: what TLS keeps for a session depends on both
        context.set_ecdh_curve("prime256v1")
        context.num_tickets = 0
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    accepting = asyncio.create_task(_accept(engine, listener, context))
    print(listener.getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    accepting.cancel()


@contextlib.contextmanager
def small_upstream(lab, engine: str) -> Iterator[int]:
    """Runs one; gives its port. It shows the certificate of the lab's databases."""
    folder = Path(lab.description["certificates"])
    process = subprocess.Popen([sys.executable, __file__, engine, str(folder / "server.crt"), str(folder / "server.key")],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    try:
        asyncio.run(_serve(*sys.argv[1:]))
    finally:
        sys.stdout.close()
