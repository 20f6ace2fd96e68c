"""How the lab's two Python servers are started: the AWS endpoint with the token verifier, and the impostors.

Both run as the user who asked for the lab, and say that they listen by writing a ready file.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from . import places
from .server import Context, Prepared

# The user's own: python must not leave __pycache__ folders of root in the source tree.
ENVIRONMENT = {"PYTHONPATH": str(places.LAB_SOURCE), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def prepare_aws(context: Context, world: dict, decisions: Path) -> tuple[Prepared, Path]:
    folder = context.verifier_socket.parent
    folder.mkdir(mode=0o755)
    document, ready = folder / "world.json", folder / "ready.json"
    document.write_text(json.dumps(world, indent=2), encoding="utf-8")
    for path in (folder, document):
        os.chown(path, context.owner.uid, context.owner.gid)
    localhost = context.certificates.localhost
    command = [places.PYTHON, "-m", "aws.main", "--world", str(document), "--log", str(decisions),
               "--socket", str(context.verifier_socket), "--ready", str(ready),
               "--tls-cert", str(localhost.certificate), "--tls-key", str(localhost.key)]
    return Prepared("aws", command, context.owner, context.logs / "aws.log", ready.exists, signal.SIGTERM,
                    directory=places.LAB_SOURCE, environment=ENVIRONMENT), ready


def prepare_impostors(context: Context, log: Path) -> tuple[Prepared, Path]:
    folder = context.run_folder / "impostors"
    folder.mkdir(mode=0o755)
    os.chown(folder, context.owner.uid, context.owner.gid)
    ready = folder / "ready.json"
    command = [places.PYTHON, "-m", "servers.impostor", "--folder", str(context.certificates.ca.parent),
               "--log", str(log), "--ready", str(ready)]
    return Prepared("impostors", command, context.owner, context.logs / "impostors.log", ready.exists,
                    signal.SIGTERM, directory=places.LAB_SOURCE, environment=ENVIRONMENT), ready
