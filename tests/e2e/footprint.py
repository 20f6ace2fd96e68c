"""What a gateway holds: descriptors, connections, memory. After a fault it must hold what it held before."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Iterator

from gateway import Gateway
from servers.processes import wait_until

BOUND_SECONDS = 45  # a database has 30 s to end a session whose client has gone


def descriptors(running: Gateway) -> int:
    return len(os.listdir(f"/proc/{running.pid}/fd"))


def memory_kb(running: Gateway, name: str = "VmRSS") -> int:
    """VmRSS, or VmHWM: the most that it ever was."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{running.pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found
    return int(found[1])


def sanitized(running: Gateway) -> bool:
    """A sanitizer keeps freed memory for a while: nothing can be said about how much there is."""
    return any(name in running.program.read_bytes() for name in (b"__asan_init", b"__tsan_init"))


@contextlib.contextmanager
def back_to_normal(running: Gateway, client) -> Iterator[None]:
    """Runs the block between two sessions that work, and one that lives through it; nothing may be left of the block
    afterwards, and the session in the middle must have noticed nothing. `client`: a class of raw_clients.py."""
    with contextlib.closing(client.connected(running).log_in(client.password_database)) as witness:
        assert witness.alive()
        # What is opened once and kept: connections to AWS.
        with contextlib.closing(client.connected(running).log_in(client.cross_account)) as first:
            assert first.alive()
        running.wait_metric(1, "rolegate_open_connections")
        before = descriptors(running)
        yield
        assert witness.alive(), "a session that had nothing to do with it is broken"
        with contextlib.closing(client.connected(running).log_in(client.password_database)) as another:
            assert another.alive()
        assert wait_until(lambda: descriptors(running) <= before, BOUND_SECONDS, 0.05), \
            f"{descriptors(running)} descriptors, {before} before"
        running.wait_metric(1, "rolegate_open_connections", BOUND_SECONDS)
        running.wait_metric(0, "rolegate_authenticating_connections")
        running.wait_metric(1, "rolegate_sessions")
    running.wait_metric(0, "rolegate_open_connections")
    running.wait_metric(0, "rolegate_sessions")
