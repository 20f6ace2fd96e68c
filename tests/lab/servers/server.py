"""What all servers of the lab have in common: prepared, started, waited for, and what is said when they die."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .certificates import LabCertificates
from .errors import LabError, tail
from .ports import ReservedPort
from .processes import Account, spawn, wait_until
from .resources import Resources

START_SECONDS = 60  # far above what a start takes; a busy machine must not fail it


@dataclass(frozen=True)
class Context:
    """What every part of one lab shares."""

    lab_id: str
    run_folder: Path        # every user of the machine can reach it; deleted with the lab
    logs: Path
    owner: Account          # who asked for the lab: owns what stays, runs the AWS endpoint and the impostors
    certificates: LabCertificates
    pam_module: Path
    verifier_socket: Path
    resources: Resources
    progress: Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A server that has all it needs to be started. Preparing may happen in threads; starting may not, because a
    child dies with the thread that made it (PR_SET_PDEATHSIG), not with the process."""

    name: str
    command: list[str]
    account: Account
    log: Path
    ready: Callable[[], bool]
    stop_signal: int
    port: Optional[ReservedPort] = None
    directory: Optional[Path] = None
    environment: Optional[dict[str, str]] = None

    def start(self, resources: Resources) -> "Server":
        process = spawn(self.command, log=self.log, account=self.account, death_signal=self.stop_signal,
                        directory=self.directory, environment=self.environment)
        resources.add_process(self.name, process.pid, self.stop_signal)
        return Server(self, process)


@dataclass(frozen=True)
class Server:
    prepared: Prepared
    process: subprocess.Popen

    @property
    def name(self) -> str:
        return self.prepared.name

    def obituary(self) -> str:
        """Why it is no longer there, for people."""
        status, log = self.process.poll(), self.prepared.log
        end = f"was ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        return f"{self.name} (pid {self.process.pid}) {end}; its log is {log} and ends with:\n{tail(log)}"

    def wait_ready(self, check: Callable[[], None]) -> None:
        """`check` is called over and over, and ends the waiting by raising."""
        def settled() -> bool:
            check()
            if self.process.poll() is not None:
                raise LabError(self.obituary())
            return self.prepared.ready()

        if not wait_until(settled, START_SECONDS, 0.02):
            raise LabError(f"{self.name} is not ready after {START_SECONDS} s; its log is {self.prepared.log} and "
                           f"ends with:\n{tail(self.prepared.log)}")
        if self.prepared.port is not None:
            self.prepared.port.release()


def private_folder(parent: Path, name: str, account: Account) -> Path:
    folder = parent / name
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)
    return folder


def private_copy(source: Path, target: Path, account: Account) -> Path:
    """A key file must belong to the server that reads it, and to nobody else."""
    target.touch(mode=0o600)
    shutil.copyfile(source, target)
    os.chown(target, account.uid, account.gid)
    return target
