"""Keys that are rotated or revoked while the gateway runs."""

import json

import psycopg2
import pytest
from aws import world as default
from gateway import database
from postgresql_clients import PG, connect, value

REVOKED = ("AKIAREVOKED000000000", "w" * 40)


def test_keys_that_a_program_printed_are_forgotten_at_a_reload(lab, gateway, tmp_path):
    printed = tmp_path / "keys"

    def rotate(keys):
        printed.write_text(json.dumps({"Version": 1, "AccessKeyId": keys[0], "SecretAccessKey": keys[1]}),
                           encoding="utf-8")

    files = {"AWS_CONFIG_FILE": tmp_path / "config", "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "credentials"}
    files["AWS_CONFIG_FILE"].write_text(f"[profile rotated]\ncredential_process = cat '{printed}'\n", encoding="utf-8")
    rotate(REVOKED)
    running = gateway({"databases": [database(lab, PG)]}, profile="rotated",
                      environment={name: str(path) for name, path in files.items()})
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**running.postgresql(PG))
    rotate(default.SUPERSET_KEY)
    running.reload()
    with connect(running, PG) as connection:
        assert value(connection, "SELECT 1") == 1
