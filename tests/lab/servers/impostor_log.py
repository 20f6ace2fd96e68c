"""What the impostors saw: one JSON line per event, written by the impostors, read by tests.

A test that says "the client sent no token" asks `seen()` with the token itself, so that it does not depend on the
impostor having understood where in the stream the password was; `passwords()` gives what it did understand.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Optional


class Recorder:
    def __init__(self, file: Path) -> None:
        self._out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def event(self, **fields: object) -> None:
        line = json.dumps({"time": time.time(), **fields}, ensure_ascii=False) + "\n"
        with self._lock:
            os.write(self._out, line.encode())


def read(file: Path, engine: Optional[str] = None, mode: Optional[str] = None) -> list[dict]:
    """All events, or those of one impostor. The last line may still be in the making and is then left out."""
    try:
        lines = Path(file).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    events = [json.loads(line) for line in lines]
    return [event for event in events
            if engine in (None, event["engine"]) and mode in (None, event["mode"])]


def passwords(events: list[dict]) -> list[str]:
    return [event["password"] for event in events if event.get("password")]


def seen(events: list[dict], secret: str) -> bool:
    """Whether the secret's bytes reached an impostor at any stage, in TLS or not, also across two reads."""
    streams: dict[tuple, bytes] = {}
    for event in events:
        key = (event["engine"], event["mode"], event["connection"])
        streams[key] = streams.get(key, b"") + bytes.fromhex(event.get("hex", ""))
    return any(secret.encode() in stream for stream in streams.values())
