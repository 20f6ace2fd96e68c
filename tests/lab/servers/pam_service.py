"""The PAM module (compiled from tests/lab/pam) and one service file per database and lab.

Both servers look services up in /etc/pam.d only. The names are unique per lab, the first line says which process
made the file, and sweep() removes those whose process was killed together with everything that would have cleaned up.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from . import places
from .errors import LabError
from .processes import Account, ProcessId, run
from .resources import Resources
from .templates import build_lock

PREFIX = "rolegate-lab-"
_OWNER = re.compile(r"# made by process (\d+) started (\d+), in (.+)")


def compile_module(run_folder: Path, owner: Account) -> Path:
    """The module, copied into the run folder, which every user can reach (a source tree often is not)."""
    source = places.LAB_SOURCE / "pam" / "pam_rolegate_lab.c"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise LabError("no C compiler (cc) for the lab's PAM module: scripts/install-dependencies lab installs gcc")
    with build_lock("pam", owner) as build:
        module = build / "pam_rolegate_lab.so"
        if not module.exists() or module.stat().st_mtime < source.stat().st_mtime:
            partial = module.with_suffix(".partial")
            result = run([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
                          "-o", str(partial), str(source), "-lpam"])
            if result.returncode != 0:
                raise LabError("the lab's PAM module does not compile (libpam0g-dev installed?):\n"
                               + result.stdout.decode("utf-8", "replace"))
            os.chown(partial, owner.uid, owner.gid)
            os.replace(partial, module)
        copy = run_folder / module.name
        shutil.copyfile(module, copy)
    copy.chmod(0o755)
    return copy


def install(lab_id: str, kind: str, module: Path, verifier_socket: Path, database: str, resources: Resources) -> str:
    """Writes /etc/pam.d/SERVICE and returns the service's name."""
    service = f"{PREFIX}{lab_id}-{kind}"
    file = places.PAM_SERVICES / service
    own = ProcessId.of(os.getpid())
    assert own is not None
    resources.add_path(file)
    file.write_text(f"# made by process {own.pid} started {own.start_time}, in {module.parent}\n"
                    f"auth required {module} socket={verifier_socket} database={database}\n"
                    f"account required {module}\n", encoding="utf-8")
    file.chmod(0o644)
    return service


def sweep() -> None:
    """Removes what labs have left that were killed with SIGKILL together with their watcher."""
    for file in places.PAM_SERVICES.glob(PREFIX + "*"):
        try:
            owner = _OWNER.match(file.read_text(encoding="utf-8"))
        except OSError:
            continue
        if owner and not ProcessId(int(owner[1]), int(owner[2])).alive():
            if Path(owner[3]).name.startswith(PREFIX):
                shutil.rmtree(owner[3], ignore_errors=True)
            file.unlink(missing_ok=True)
