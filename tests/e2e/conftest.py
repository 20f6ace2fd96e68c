"""Fixtures of the end-to-end tests: the lab's real servers, and the release program against them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "tests" / "lab" / "tests"), str(Path(__file__).resolve().parent)]

import lab_fixture  # noqa: E402
from client_programs import Node  # noqa: E402
from gateway import Gateway, gateways  # noqa: E402
from program import Program  # noqa: E402
from servers.certificates import Authority, KeyPair  # noqa: E402

lab = lab_fixture.lab
shared_lab = lab_fixture.shared_lab


@pytest.fixture(scope="session")
def program_path() -> Path:
    """The program under test: ROLEGATE_PROGRAM, or what `make build` leaves behind."""
    path = Path(os.environ.get("ROLEGATE_PROGRAM", ROOT / "build" / "release" / "rolegate"))
    assert path.exists(), f"{path} is not there: run make build"
    return path


@pytest.fixture
def rolegate(lab, program_path, tmp_path) -> Program:
    return Program(program_path, lab, tmp_path)


@pytest.fixture
def gateway(lab, program_path) -> Iterator[Callable[..., Gateway]]:
    """A function that starts `rolegate serve` against the lab (gateway.py says how it is used)."""
    with gateways(program_path, lab) as start:
        yield start


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    """For the gateway's own TLS."""
    return Authority(tmp_path_factory.mktemp("authority"), "ca", "The gateway's authority")


@pytest.fixture(scope="module")
def server(authority) -> KeyPair:
    """What the gateway shows its clients."""
    return authority.issue("gateway", ["localhost"], addresses=["127.0.0.1"])


@pytest.fixture(scope="session")
def node() -> Node:
    """Runs a program of clients/ under Node.js, with the drivers that scripts/install-test-clients installs."""
    return Node()
