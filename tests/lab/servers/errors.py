"""The one exception of the lab whose message is meant for people."""

from __future__ import annotations

from pathlib import Path


class LabError(Exception):
    """Says what went wrong and, where that is known, what to do about it."""


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error message that saves a second look."""
    try:
        with open(path, "rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 16384))
            text = log.read().decode("utf-8", "replace")
    except OSError as error:
        return f"  (no log: {error})"
    return "\n".join("  " + line for line in text.splitlines()[-lines:]) or "  (the log is empty)"
