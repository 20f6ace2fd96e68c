"""MySQL impostors (protocol 4.1, "Connection Phase" of the MySQL internals manual)."""

from __future__ import annotations

import ssl
from typing import Mapping

from .impostor_connection import Connection

ENGINE = "mysql"
MODES = ("valid_certificate", "password_before_tls", "cleartext_greeting_before_tls", "auth_switch_before_tls",
         "untrusted_certificate", "wrong_name", "expired_certificate", "injected_bytes",
         "stall_connect", "stall_greeting", "stall_tls", "stall_auth")

CLIENT_SSL = 0x800
# LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS, PLUGIN_AUTH,
# CONNECT_ATTRS, PLUGIN_AUTH_LENENC_DATA
CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000 | 0x100000 | 0x200000
SCRAMBLE = b"abcdefghijklmnopqrst"
SSL_REQUEST_SIZE = 32
CLEARTEXT_AT_ONCE = "cleartext_greeting_before_tls"


def packet(sequence: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence & 0xFF]) + payload


def greeting(with_tls: bool, plugin: bytes) -> bytes:
    flags = CAPABILITIES | (CLIENT_SSL if with_tls else 0)
    return packet(0, b"\x0a8.0.36\0" + (7).to_bytes(4, "little") + SCRAMBLE[:8] + b"\0"
                  + (flags & 0xFFFF).to_bytes(2, "little") + b"\x2d\x02\0" + (flags >> 16).to_bytes(2, "little")
                  + bytes([len(SCRAMBLE) + 1]) + bytes(10) + SCRAMBLE[8:] + b"\0" + plugin + b"\0")


def auth_switch(sequence: int) -> bytes:
    return packet(sequence, b"\xfemysql_clear_password\0")


REFUSAL = b"\xff" + (1045).to_bytes(2, "little") + b"#28000this was an impostor"


def serve(client: Connection, mode: str, contexts: Mapping[str, ssl.SSLContext]) -> None:
    if mode == "stall_greeting":
        client.stall("greeting")
    if mode == CLEARTEXT_AT_ONCE:
        client.send(greeting(False, b"mysql_clear_password"))
    elif mode == "password_before_tls":
        client.send(greeting(False, b"mysql_native_password"))
    else:
        # The injected packet has the number that a client expects which forgets to empty its buffer for TLS.
        client.send(greeting(True, b"mysql_native_password") + (auth_switch(3) if mode == "injected_bytes" else b""))
    sequence, payload = _read_packet(client, "response")
    if len(payload) == SSL_REQUEST_SIZE:
        client.record("tls_request", payload)
        if mode == "stall_tls":
            client.stall("tls")
        if mode == "auth_switch_before_tls":
            client.send(auth_switch(sequence + 1))
            _take_password(client)
            return
        client.start_tls(contexts[mode])
        sequence, payload = _read_packet(client, "response")
    # With the cleartext plugin named in the greeting, the password is inside this very packet.
    in_response = _authentication_of(payload) if mode == CLEARTEXT_AT_ONCE else None
    client.record("response", payload, password=in_response)
    if mode == "stall_auth":
        client.stall("authentication")
    client.send(auth_switch(sequence + 1))
    _take_password(client)


def _read_packet(client: Connection, stage: str) -> tuple[int, bytes]:
    head = client.receive(4, stage)
    if head[0] == 0x16 and head[1] == 3:  # a TLS record: a careful client goes on with its ClientHello
        client.record(stage, head)
        client.stall(stage)
    return head[3], client.receive(int.from_bytes(head[:3], "little"), stage)


def _take_password(client: Connection) -> None:
    sequence, payload = _read_packet(client, "password")
    client.record("password", payload, password=payload.rstrip(b"\0"))
    client.send(packet(sequence + 1, REFUSAL))


def _authentication_of(payload: bytes) -> bytes:
    """auth_response of a HandshakeResponse41: after 32 fixed bytes and the NUL-terminated user name."""
    rest = payload[payload.find(b"\0", 32) + 1:]
    if not rest:
        return b""
    size, start = rest[0], 1
    if size == 0xFC:
        size, start = int.from_bytes(rest[1:3], "little"), 3
    return rest[start:start + size].rstrip(b"\0")
