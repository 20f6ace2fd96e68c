"""Gives the lab's tests its fixtures; that this file lies here also puts tests/lab on the import path."""

import lab_fixture

lab = lab_fixture.lab
shared_lab = lab_fixture.shared_lab
