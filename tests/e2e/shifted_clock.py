"""A wall clock that a test moves for the program under test, together with that of the lab (shifted_clock.c)."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shifted_clock.c")


class ShiftedClock:
    """Moves the lab's clock and that of every program that runs with `environment`."""

    def __init__(self, lab, folder: Path) -> None:
        self._lab = lab
        self._file = folder / "offset"
        library = folder / "shifted_clock.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True, timeout=60)
        self._write(0)
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(self._file)}

    def shift(self, seconds: int) -> None:
        """To now + seconds."""
        self._lab.shift_clock(seconds)
        self._write(seconds)

    def _write(self, seconds: int) -> None:
        with open(self._file, "r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("l", seconds))
