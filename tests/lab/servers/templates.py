"""Initialised, empty data folders, made once and kept as tar files in the build folder.

initdb takes a second or two per server and gives the same result every time; unpacking takes a tenth of that.
A tar file and not a folder, because the data folder belongs to the database's user and a build folder that its owner
cannot delete is a nuisance. The key holds everything the result depends on, so a new server package or a changed
set-up script makes a new template and the old one is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from . import places
from .errors import LabError
from .processes import Account, run


@contextmanager
def build_lock(name: str, owner: Account) -> Iterator[Path]:
    """The build folder, with other labs that are starting at this moment kept out."""
    for folder in (places.BUILD.parent, places.BUILD):
        if not folder.is_dir():
            folder.mkdir(mode=0o755, exist_ok=True)
            os.chown(folder, owner.uid, owner.gid)
    with open(places.BUILD / f".{name}.lock", "a", encoding="utf-8") as lock:
        os.fchown(lock.fileno(), owner.uid, owner.gid)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield places.BUILD


def unpack(name: str, depends_on: list[str], target: Path, account: Account, owner: Account,
           initialise: Callable[[Path], None], progress: Callable[[str], None]) -> None:
    """Fills the existing folder `target`, which belongs to `account`, from the template; makes the template first
    when there is none: `initialise` gets an empty folder that `account` owns."""
    key = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()[:16]
    with build_lock(name, owner) as build:
        template = build / f"{name}-{key}.tar"
        if not template.exists():
            progress(f"preparing the data folder of {name}, once")
            _make(template, target.parent / "template", account, owner, initialise)
            for old in build.glob(f"{name}-*.tar"):
                if old != template:
                    old.unlink()
        archive = open(template, "rb")
    with archive:
        result = run(["tar", "-x", "-C", str(target)], account=account, stdin=archive)
    if result.returncode != 0:
        raise LabError(f"cannot unpack {template}: {result.stdout.decode('utf-8', 'replace')}")


def _make(template: Path, scratch: Path, account: Account, owner: Account,
          initialise: Callable[[Path], None]) -> None:
    # Beside the data folder, which goes with the lab, and not in the build folder, which the server may not reach.
    scratch.mkdir(mode=0o700)
    os.chown(scratch, account.uid, account.gid)
    initialise(scratch)
    partial = template.with_suffix(".partial")
    result = run(["tar", "-c", "-f", str(partial), "-C", str(scratch), "."])
    if result.returncode != 0:
        raise LabError(f"cannot write {partial}: {result.stdout.decode('utf-8', 'replace')}")
    os.chown(partial, owner.uid, owner.gid)
    os.replace(partial, template)
    shutil.rmtree(scratch, ignore_errors=True)
