"""Servers and clients of Debian sid, in the folder that scripts/test-newer fills, and the program between them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "tests" / "e2e"), str(Path(__file__).resolve().parent)]

from gateway import Gateway, gateways  # noqa: E402
from newer import Newer, NewerClients  # noqa: E402
from servers.certificates import Authority, KeyPair  # noqa: E402


@pytest.fixture(scope="session")
def program_path() -> Path:
    path = Path(os.environ.get("ROLEGATE_PROGRAM", ROOT / "build" / "release" / "rolegate"))
    assert path.exists(), f"{path} is not there: run make build"
    return path


@pytest.fixture(scope="session")
def newer(tmp_path_factory) -> Iterator[Newer]:
    """MySQL and PostgreSQL, running."""
    root = Path(os.environ.get("ROLEGATE_NEWER", ""))
    assert (root / "usr" / "sbin" / "mysqld").exists(), "run this with scripts/test-newer"
    servers = Newer(root, tmp_path_factory.mktemp("newer"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """For the gateway's own TLS."""
    return Authority(tmp_path_factory.mktemp("authority"), "ca", "The gateway's authority")


@pytest.fixture(scope="session")
def server(authority) -> KeyPair:
    """What the gateway shows its clients."""
    return authority.issue("gateway", ["localhost"], addresses=["127.0.0.1"])


@pytest.fixture
def gateway(newer, program_path, server) -> Iterator[Gateway]:
    """In front of both servers, with TLS offered to clients."""
    tls = {"cert": str(server.certificate), "key": str(server.key)}
    with gateways(program_path, newer) as start:
        yield start({"gateway": {"postgresql": {"tls": tls}, "mysql": {"tls": tls}}})


@pytest.fixture
def clients(newer, authority) -> Iterator[NewerClients]:
    """Runs programs of sid; files for them lie in a folder that they see under the same name."""
    made = NewerClients(newer, authority.file)
    try:
        yield made
    finally:
        shutil.rmtree(made.folder)


@pytest.fixture
def rolegate(newer, program_path) -> Callable[..., str]:
    """Runs the command line and gives its standard output."""
    return lambda *arguments: newer.rolegate(program_path, *arguments)
