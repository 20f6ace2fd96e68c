"""Starting and stopping a lab from an ordinary user's process (the CLI, pytest)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Callable, Optional

from . import places
from .errors import LabError
from .processes import ProcessId


def _as_root(*arguments: str) -> list[str]:
    """The lab process's command. The import path is given inside python, because sudo drops PYTHONPATH."""
    start = f"import sys; sys.path.insert(0, {str(places.LAB_SOURCE)!r}); sys.dont_write_bytecode = True; " \
            "from servers.lab_process import main; sys.exit(main())"
    return ([] if os.geteuid() == 0 else ["sudo", "-n"]) + [places.PYTHON, "-c", start, *arguments]


def _owner() -> str:
    """Under sudo, the files belong to the user behind it."""
    return f"{os.environ.get('SUDO_UID', os.getuid())}:{os.environ.get('SUDO_GID', os.getgid())}"


class RunningLab:
    """A lab that lives until stop(). Without a folder it has a temporary one, which is deleted with the lab, and it
    ends when the process that holds this object does, however that comes about."""

    def __init__(self, folder: Optional[Path], *, progress: Callable[[str], None],
                 died: Callable[[str], None] = lambda text: None, world: Optional[Path] = None) -> None:
        attached = folder is None
        self.folder = folder.resolve() if folder else Path(tempfile.mkdtemp(prefix="rolegate-lab-files-"))
        _refuse_second(self.folder)
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        arguments = ["--dir", str(self.folder), "--owner", _owner()]
        arguments += ["--attached", "--temporary"] if attached else []
        arguments += ["--world", str(world.resolve())] if world else []
        try:
            with open(self.folder / "logs" / "lab.log", "wb") as log:
                self._process = subprocess.Popen(
                    _as_root(*arguments), stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=log, start_new_session=True, text=True)
        except FileNotFoundError as error:
            raise LabError(f"cannot start the lab: {error.filename} is missing; run as root, or install sudo") from None
        self._attached = attached
        try:
            self._wait_ready(progress)
        except BaseException:
            self.stop()
            raise
        if attached:
            threading.Thread(target=self._listen, args=(died,), daemon=True).start()
        else:
            assert self._process.stdout is not None
            self._process.stdout.close()
        self.description: dict = json.loads((self.folder / "lab.json").read_text(encoding="utf-8"))

    def _wait_ready(self, progress: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "ready":
                return
            if word == "failed":
                raise LabError(json.loads(rest))
            progress(rest)
        log = self.folder / "logs" / "lab.log"
        raise LabError(f"the lab process ended before it was ready; see {log}"
                       + ("" if os.geteuid() == 0 else " (it needs root: can this user run sudo without a password?)"))

    def _listen(self, died: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, rest = line.partition(" ")
            if word == "died":
                died(json.loads(rest))

    def stop(self) -> None:
        if self._attached and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                pass
            self._process.stdin = None
        stop(self.folder)
        self._process.wait(5)
        if self._attached:
            shutil.rmtree(self.folder, ignore_errors=True)


def stop(folder: Path) -> None:
    """Returns when nothing of the lab is left; harmless where there is none."""
    if not any((folder / name).exists() for name in ("process.json", "resources.jsonl", "lab.json")):
        return
    result = subprocess.run(_as_root("--stop", "--dir", str(folder.resolve())), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise LabError(f"stopping the lab in {folder} failed:\n{result.stdout}")


def process_of(folder: Path) -> Optional[ProcessId]:
    """The lab process of this folder, if it is alive."""
    try:
        saved = json.loads((folder / "process.json").read_text())
        process = ProcessId(saved["pid"], saved["start_time"])
    except (OSError, ValueError, KeyError):
        return None
    return process if process.alive() else None


def _refuse_second(folder: Path) -> None:
    process = process_of(folder)
    if process is not None:
        raise LabError(f"there is a lab in {folder} already (process {process.pid}); stop it with: "
                       f"{sys.argv[0]} down --dir {folder}")
    stop(folder)  # what a killed one left
