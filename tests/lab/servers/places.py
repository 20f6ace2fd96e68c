"""Where things are: the source tree, the build folder, Debian's servers."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from .errors import LabError
from .processes import Account

LAB_SOURCE = Path(__file__).resolve().parent.parent        # tests/lab
PROJECT = LAB_SOURCE.parent.parent
BUILD = Path(os.environ.get("ROLEGATE_LAB_BUILD", PROJECT / "build" / "lab"))
PAM_SERVICES = Path("/etc/pam.d")
PYTHON = "/usr/bin/python3"                                 # Debian's, which has botocore and the drivers


def account_of(user: str) -> Account:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise LabError(f"there is no user '{user}' on this machine; scripts/install-dependencies lab installs "
                       "the server packages, which make it") from None
    return Account(entry.pw_uid, entry.pw_gid)


def program(path: str, package: str) -> str:
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is missing: scripts/install-dependencies lab installs {package}")
    return path
