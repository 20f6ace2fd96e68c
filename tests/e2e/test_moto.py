"""A second, foreign STS: moto's server, wherever on this machine it is installed."""

import glob
import json
import os
import re
import subprocess
from typing import Optional

import pytest


def _python_with_moto() -> Optional[str]:
    """Debian 12 has no package of moto: any Python of the machine that can import it will do, not only the one that
    runs these tests."""
    folders = os.get_exec_path() + glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin")) + glob.glob("/opt/*/bin")
    tried = set()
    for folder in folders:
        python = os.path.join(folder, "python3")
        if not os.access(python, os.X_OK) or os.path.realpath(python) in tried:
            continue
        tried.add(os.path.realpath(python))
        if subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('moto') is None)"],
                          capture_output=True, check=False, timeout=60).returncode == 0:
            return python
    return None


def test_assume_role_against_moto(rolegate):
    python = _python_with_moto()
    if python is None:
        pytest.skip("no Python of this machine has moto (Debian 12 has no package of it)")
    server = subprocess.Popen([python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        port = None
        for line in server.stderr:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                port = found.group(1)
                break
        assert port, "moto's server ended without saying its port"
        config = rolegate.config(rolegate.database("aurora_postgresql_cross_account"))
        environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "testing",
                       "AWS_SECRET_ACCESS_KEY": "testing", "PATH": os.environ["PATH"]}
        answer = json.loads(rolegate.ok("token", "--json", "db", config=config, environment=environment, without=("AWS_PROFILE",)))
        assert "X-Amz-Security-Token" in answer["password"]
    finally:
        server.kill()  # asked to terminate, it waits for connections that are kept alive
        server.wait(10)
