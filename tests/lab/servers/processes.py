"""Child processes that cannot outlive their parent, and pids that cannot be mistaken for another process.

A pid alone may belong to someone else by the time it is signalled, so processes are known by pid and start time.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Account:
    """A user of this machine to run a server as, with no supplementary groups."""

    uid: int
    gid: int


@dataclass(frozen=True)
class ProcessId:
    pid: int
    start_time: int  # clock ticks since boot, /proc/PID/stat field 22

    @staticmethod
    def of(pid: int) -> Optional["ProcessId"]:
        """None when there is no such process, or only its zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = stat[stat.rindex(")") + 2:].split()  # the name before it may hold anything, even ')'
        return None if fields[0] in "ZX" else ProcessId(pid, int(fields[19]))

    def alive(self) -> bool:
        return ProcessId.of(self.pid) == self

    def kill(self, number: int) -> None:
        if not self.alive():
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def wait_gone(self, seconds: float) -> bool:
        return wait_until(lambda: not self.alive(), seconds)


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = 0.01) -> bool:
    """Polls the condition; False when it does not hold within the bound."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def die_with_parent(number: int) -> None:
    """Must be called after any change of user, which clears the setting, and in a child of the main thread."""
    _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def spawn(command: Sequence[str], *, log: Path, account: Optional[Account] = None, death_signal: int = signal.SIGKILL,
          environment: Optional[Mapping[str, str]] = None, directory: Optional[Path] = None) -> subprocess.Popen:
    """Starts a server whose output goes to `log` and which gets `death_signal` when its parent dies.

    It has a session of its own, so that Ctrl-C reaches only the lab process, which then stops it in order.
    """
    parent = os.getpid()

    def in_child() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a blocked SIGTERM would be inherited
        die_with_parent(death_signal)
        if os.getppid() != parent:  # the parent died before the line above took hold
            os._exit(1)

    arguments: dict = {}
    if account is not None:
        arguments = {"user": account.uid, "group": account.gid, "extra_groups": []}
    with open(log, "ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                env=clean_environment(environment), cwd=directory or "/", start_new_session=True,
                                preexec_fn=in_child, **arguments)


def run(command: Sequence[str], *, account: Optional[Account] = None, **arguments) -> subprocess.CompletedProcess:
    """Runs a short command to its end, its output caught, for initdb and the like. It dies with the calling thread,
    through setpriv because this is called in threads, where a preexec_fn is not safe."""
    prefix = ["setpriv", "--pdeathsig", "KILL"]
    if account is not None:
        prefix += ["--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"]
    return subprocess.run([*prefix, "--", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", timeout=120,
                          env=clean_environment(None), **arguments)


def clean_environment(extra: Optional[Mapping[str, str]]) -> dict[str, str]:
    """What the servers see: nothing of the caller's AWS_*, PG* or MYSQL_* settings may change the lab."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **(extra or {})}
