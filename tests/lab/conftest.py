"""Gives the lab's tests its fixtures; that this file lies here also puts tests/lab on the import path."""

import sys
from pathlib import Path

import lab_fixture

sys.path.insert(0, str(Path(__file__).resolve().parent / "tests"))
import aws_fixture  # noqa: E402

aws = aws_fixture.aws
running_aws = aws_fixture.running_aws
clean_environment = aws_fixture.clean_environment
lab = lab_fixture.lab
shared_lab = lab_fixture.shared_lab
