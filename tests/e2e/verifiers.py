"""Password verifiers as rolegate.yaml keeps them, made here by their definitions and not by `rolegate passwd`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os


def scram(password: str, iterations: int = 4096) -> str:
    """PostgreSQL's form of RFC 5803: SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def mysql_native(password: str) -> str:
    """What mysql_native_password stores: * and SHA1(SHA1(password)) in hexadecimal."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()


def both(password: str) -> str:
    return f"{scram(password)} {mysql_native(password)}"
