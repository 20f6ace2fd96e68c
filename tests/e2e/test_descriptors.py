"""What Rolegate has open does not go along with the programs that it starts, or that a program with the library starts."""

import json
import os
import re
import stat
import subprocess

import pytest
from aws import world as default

PG = "aurora_postgresql_cross_account"
MYSQL = "aurora_mysql_cross_account"
REDSHIFT = "redshift_cluster_cross_account"
# Those that the shell had to list its folder are closed again when it comes to them.
OPEN_DESCRIPTORS = 'for fd in /proc/$$/fd/*; do [ -e "$fd" ] && ls -l "$fd"; done; true'


def beyond_the_standard_ones(text, allowed=()):
    """What is open as 3 and above, by number: but for files that are allowed, such as the shell's own script."""
    found = dict(re.findall(r"/fd/(\d+) -> (.*)$", text, re.MULTILINE))
    assert found.keys() >= {"0", "1", "2"}, text
    return {int(number): target for number, target in found.items()
            if int(number) > 2 and target not in [str(path) for path in allowed]}


@pytest.mark.parametrize("database", (PG, MYSQL, REDSHIFT))
def test_exec(rolegate, database):
    assert beyond_the_standard_ones(rolegate.ok("exec", database, "--", "sh", "-c", OPEN_DESCRIPTORS)) == {}


def test_exec_passes_on_what_was_there_before_it(lab, program_path):
    """As env(1) does: `<(…)` of a shell, a lock, a socket of a service manager."""
    reading, writing = os.pipe()
    os.write(writing, b"the user's own\n")
    os.close(writing)
    # Not the lowest free one, so that Rolegate's own lie below it as well as above.
    os.dup2(reading, 77)
    os.close(reading)
    try:
        done = subprocess.run([str(program_path), "exec", PG, "--", "sh", "-c", f"cat /dev/fd/77; {OPEN_DESCRIPTORS}"],
                              env=lab.environment(), capture_output=True, text=True, timeout=60, check=True, pass_fds=(77,))
    finally:
        os.close(77)
    assert done.stdout.startswith("the user's own\n")
    assert beyond_the_standard_ones(done.stdout).keys() == {77}


def test_connect(rolegate):
    folder = rolegate.folder / "bin"
    folder.mkdir()
    program = folder / "psql"
    # Asked for its version it says that of the real one.
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/psql --version\n{OPEN_DESCRIPTORS}\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    out = rolegate.ok("connect", PG, environment={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert beyond_the_standard_ones(out, allowed=[program]) == {}


def test_credential_process(rolegate):
    key, secret = default.SUPERSET_KEY
    keys = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret})
    seen = rolegate.folder / "seen"
    program = rolegate.folder / "keys"
    program.write_text(f"#!/bin/sh\n({OPEN_DESCRIPTORS}) > {seen}\necho '{keys}'\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    config = rolegate.folder / "aws-config"
    config.write_text(f"[profile process]\ncredential_process = {program}\n", encoding="utf-8")
    rolegate.ok("token", PG, profile="process", environment={"AWS_CONFIG_FILE": str(config)})
    assert beyond_the_standard_ones(seen.read_text(encoding="utf-8"), allowed=[program]) == {}
