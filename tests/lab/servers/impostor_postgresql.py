"""PostgreSQL impostors (protocol 3.0, chapter 55 of the manual): each breaks one rule to get at the password."""

from __future__ import annotations

import ssl
import struct
from typing import Mapping

from .impostor_connection import Connection

ENGINE = "postgresql"
MODES = ("valid_certificate", "password_before_tls", "password_instead_of_tls", "untrusted_certificate",
         "wrong_name", "expired_certificate", "injected_bytes",
         "stall_connect", "stall_greeting", "stall_tls", "stall_auth")

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
ASK_CLEARTEXT_PASSWORD = b"R" + struct.pack("!ii", 8, 3)
REFUSAL_FIELDS = b"SFATAL\0VFATAL\0C28000\0Mthis was an impostor\0\0"
REFUSAL = b"E" + struct.pack("!i", 4 + len(REFUSAL_FIELDS)) + REFUSAL_FIELDS


def serve(client: Connection, mode: str, contexts: Mapping[str, ssl.SSLContext]) -> None:
    code = _read_start(client)
    if code == SSL_REQUEST:
        if mode == "stall_greeting":
            client.stall("tls_answer")
        if mode == "password_instead_of_tls":
            client.send(ASK_CLEARTEXT_PASSWORD)
            _take_password(client)
            return
        if mode == "password_before_tls":
            client.send(b"N")
        else:
            client.send(b"S" + (ASK_CLEARTEXT_PASSWORD if mode == "injected_bytes" else b""))
            if mode == "stall_tls":
                client.stall("tls")
            client.start_tls(contexts[mode])
        _read_start(client)
    if mode == "stall_auth":
        client.stall("authentication")
    client.send(ASK_CLEARTEXT_PASSWORD)
    _take_password(client)


def _read_start(client: Connection) -> int:
    """SSLRequest or StartupMessage; a GSSENCRequest before it is declined, as a server without Kerberos does."""
    while True:
        head = client.receive(8, "start")
        size, code = struct.unpack("!ii", head)
        body = client.receive(min(max(size - 8, 0), 1 << 20), "start")
        if code == GSSENC_REQUEST:
            client.send(b"N")
            continue
        client.record("tls_request" if code == SSL_REQUEST else "startup", head + body)
        return code


def _take_password(client: Connection) -> None:
    head = client.receive(5, "password")
    if head[:1] != b"p":  # TLS (a careful client goes on with its ClientHello), or anything else
        client.record("password", head)
        client.stall("password")
    size = struct.unpack("!i", head[1:])[0]
    body = client.receive(min(max(size - 4, 0), 1 << 20), "password")
    client.record("password", head + body, password=body.rstrip(b"\0"))
    client.send(REFUSAL)
