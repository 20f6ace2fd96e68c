"""The list of what must not outlive a lab: processes, PAM files, its run folder.

Each entry is written to a file *before* the thing exists (a process: right after), so that whoever cleans up, the lab
process itself, its watcher, or `lab down` after both were killed, needs nothing but this file. Cleaning up twice is
harmless.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

from .processes import ProcessId, wait_until


class Resources:
    def __init__(self, file: Path) -> None:
        self.file = file

    def _append(self, entry: dict) -> None:
        with open(self.file, "a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")

    def add_process(self, name: str, pid: int, stop_signal: int) -> None:
        known = ProcessId.of(pid)
        if known is not None:
            self._append({"process": name, "pid": pid, "start_time": known.start_time, "signal": int(stop_signal)})

    def add_path(self, path: Path) -> None:
        self._append({"path": str(path)})

    def entries(self) -> list[dict]:
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            try:
                entries.append(json.loads(line))
            except ValueError:  # the writer was killed within a line; nothing was made for it yet
                continue
        return entries

    def clean_up(self) -> None:
        entries = self.entries()
        processes = [(ProcessId(e["pid"], e["start_time"]), e["signal"]) for e in entries if "process" in e]
        for process, number in processes:
            process.kill(number)
        for process, _ in processes:
            if not process.wait_gone(5):
                process.kill(signal.SIGKILL)
                process.wait_gone(5)
        for entry in reversed(entries):
            if "path" in entry:
                remove(Path(entry["path"]))
        self.file.unlink(missing_ok=True)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # More than once: an initdb that is dying at this moment may still add a file.
        wait_until(lambda: shutil.rmtree(path, ignore_errors=True) or not path.exists(), 5, 0.05)
    else:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
