"""Runs the Java and Node.js programs of clients/ and gives what they print: one `name: value` a line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Mapping, Sequence

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).resolve().parent / "clients"
BOUND_SECONDS = 120
_UNREACHABLE = 75  # of scripts/install-test-clients

# Compiled on the fly, short-lived: no time for an optimising compiler or several garbage collectors.
_JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m")


def _run(command: Sequence[str], settings: Mapping[str, object]) -> dict[str, str]:
    """`settings` travel in the environment, where a password is no more visible than it must be."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "MYSQL_"))}
    environment = {**kept, **{name: str(value) for name, value in settings.items() if value is not None}}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        said, complaint = process.communicate(timeout=BOUND_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, complaint = process.communicate()
        pytest.fail(f"{command} had not ended after {BOUND_SECONDS} s; it had said:\n{said}\n{complaint}")
    assert process.returncode == 0, f"{command} ended with {process.returncode}\n{said}\n{complaint}"
    return dict(line.split(": ", 1) for line in said.splitlines())


def java(program: str, jar: str, *arguments: str, **settings: object) -> dict[str, str]:
    """Compiles and runs clients/PROGRAM with a JDBC driver of Debian's (`jar`: "postgresql.jar")."""
    path = Path("/usr/share/java") / jar
    assert path.exists(), f"{path} is not there: run scripts/install-dependencies lab"
    return _run([*_JAVA, "-cp", str(path), str(CLIENTS / program), *arguments], settings)


class Node:
    """Callable; the fixture `node` of conftest.py gives one, or skips the test when there are no drivers."""

    def __init__(self) -> None:
        done = subprocess.run([str(ROOT / "scripts" / "install-test-clients")], capture_output=True, text=True,
                              timeout=BOUND_SECONDS, check=False)
        if done.returncode == _UNREACHABLE:
            pytest.skip("the npm registry cannot be reached: " + done.stderr.strip().splitlines()[-1])
        assert done.returncode == 0, done.stderr

    def __call__(self, program: str, *arguments: str, **settings: object) -> dict[str, str]:
        modules = ROOT / "build" / "test-clients" / "node_modules"
        return _run(["node", str(CLIENTS / program), *arguments], {"NODE_PATH": modules, **settings})
