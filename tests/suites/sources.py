"""Source packages of Debian: fetched and verified by apt, unpacked, and made ready to run, each once."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Iterator, Sequence

MIRROR = "http://deb.debian.org/debian"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
BOUND_SECONDS = 570


class Unavailable(Exception):
    """Why a suite cannot be run."""


def run(command: Sequence[str], folder: Path) -> str:
    """Its standard output."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=BOUND_SECONDS)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


class Sources:
    """Below a folder that stays, so that the next run finds what this one has fetched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def tree(self, package: str, release: str) -> Iterator[tuple[Path, bool]]:
        """The unpacked upstream source, and whether it is new; it stays only if the block makes it ready."""
        folder = self._folder / package
        ready = folder / "ready"
        new = not ready.exists()
        if new:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            run(["tar", "-xf", str(self._archive(package, release, folder))], folder)
        (tree,) = (entry for entry in folder.iterdir() if entry.is_dir() and entry.name != "node_modules")
        yield tree, new
        ready.touch()

    def _archive(self, package: str, release: str, folder: Path) -> Path:
        # Apt checks hashes against the release's signed index. A package may come in several archives; the one with the
        # tests is the main one, and the others may be missing from a mirror. What apt still lists as to be fetched is not there.
        apt = self._apt(release)
        wanted = [*apt, "--tar-only", "source", f"{package}/{release}"]
        subprocess.run([*wanted, "--download-only"], cwd=folder, capture_output=True, check=False, timeout=BOUND_SECONDS)
        missing = run([*wanted, "--print-uris"], folder)
        found = [path for path in folder.glob("*.orig.tar.*") if f" {path.name} " not in missing and path.suffix != ".asc"]
        if len(found) != 1:
            raise Unavailable(f"{package} of Debian {release} cannot be fetched:\n{missing}")
        return found[0]

    def _apt(self, release: str) -> list[str]:
        folder = self._folder / "apt" / release
        (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        entry = folder / "sources.list"
        entry.write_text(f"deb-src [signed-by={KEYS}] {MIRROR} {release} main\n", encoding="ascii")
        apt = ["apt-get", "-qq", "-o", f"Dir::Etc::SourceList={entry}", "-o", "Dir::Etc::SourceParts=/dev/null",
               "-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}"]
        run([*apt, "update"], folder)
        return apt
