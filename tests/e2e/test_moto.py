"""A second, foreign STS: moto's server, when it is installed."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

MOTO = importlib.util.find_spec("moto") is not None


@pytest.mark.skipif(not MOTO, reason="moto is not installed for this Python (Debian 12 has no package of it)")
def test_assume_role_against_moto(rolegate):
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
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
        server.terminate()
        server.wait(10)
