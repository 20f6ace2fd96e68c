"""Fixtures of the end-to-end tests: the lab's real servers, and the release program against them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "tests" / "lab" / "tests"), str(Path(__file__).resolve().parent)]

import lab_fixture  # noqa: E402
from program import Program  # noqa: E402

lab = lab_fixture.lab
shared_lab = lab_fixture.shared_lab


@pytest.fixture
def rolegate(lab, tmp_path) -> Program:
    """The program under test: ROLEGATE_PROGRAM, or what `make build` leaves behind."""
    path = Path(os.environ.get("ROLEGATE_PROGRAM", ROOT / "build" / "release" / "rolegate"))
    assert path.exists(), f"{path} is not there: run make build"
    return Program(path, lab, tmp_path)
