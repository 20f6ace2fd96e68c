"""The record of every yes and no, with the precise reason.

Holds access key ids and ARNs, never a secret, a session token or a login token.
"""

import json
import threading

from .clock import iso8601


class Decisions:
    """Kept in memory and appended to a file, one JSON object per line."""

    def __init__(self, clock, path=None):
        self._clock = clock
        self._entries = []
        self._lock = threading.Lock()
        self._file = open(path, "a", encoding="utf-8", buffering=1) if path else None

    def record(self, operation, allowed, reason, identity=None, database=None, user=None,
               external_id_sent=None, request_id=None, **further):
        entry = {
            "time": iso8601(self._clock.now()), "operation": operation,
            "database": database, "user": user,
            "decision": "allow" if allowed else "deny", "reason": one_line(reason),
            "principal": identity.arn if identity else None,
            "access_key_id": identity.access_key_id if identity else None,
            "chain": list(identity.chain) if identity else [],
            "external_id_sent": external_id_sent, "request_id": request_id, **further}
        with self._lock:
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry) + "\n")

    def snapshot(self):
        with self._lock:
            return list(self._entries)

    def clear(self):
        """Forget the entries in memory; the file keeps its history."""
        with self._lock:
            self._entries.clear()


def one_line(text):
    """Reasons travel in line-based forms; control characters become '?'."""
    return "".join(c if c.isprintable() else "?" for c in text)[:1000]
