"""A PostgreSQL client is given the server's own process id, and a secret of the gateway's for cancelling."""

import struct

import postgresql_wire as wire
import psycopg2
import pytest
from gateway import PASSWORD, USER
from postgresql_clients import PG, connect, rows, value, wait_asleep

REDSHIFT = "redshift_cluster_cross_account"


def server_process(connection: wire.Connection) -> int:
    (row,) = (message for message in connection.query("SELECT pg_backend_pid()") if message.type == "D")
    return int(row.body[6:])


@pytest.mark.parametrize("database", (PG, REDSHIFT))
def test_the_process_id_is_the_servers_own(gateway, database):
    with connect(gateway(), database) as connection:
        assert connection.get_backend_pid() == value(connection, "SELECT pg_backend_pid()")


def test_ones_own_notifications_are_known_as_such(gateway):
    with connect(gateway()) as connection:
        rows(connection, "LISTEN channel; NOTIFY channel; SELECT 1")
        (notify,) = connection.notifies
        assert notify.pid == connection.get_backend_pid()


def test_the_process_id_ends_that_very_session(gateway):
    running = gateway()
    with connect(running) as victim, connect(running) as killer:
        assert value(killer, "SELECT pg_terminate_backend(%s)", (victim.get_backend_pid(),))
        with pytest.raises(psycopg2.OperationalError):
            rows(victim, "SELECT 1")
        assert value(killer, "SELECT 'alive'") == "alive"


@pytest.mark.parametrize("protocol, secret", ((0x30000, 4), (0x30002, 32)), ids=("3.0", "3.2"))
def test_a_cancel_needs_the_secret_too(gateway, protocol, secret):
    running = gateway()
    with connect(running) as watcher, wire.Connection(running.postgresql_address()) as connection:
        seen = connection.log_in(USER, PASSWORD, PG, protocol=protocol)
        assert seen[-1].type == "Z" and "v" not in [message.type for message in seen]
        key = connection.cancel_key
        (process,) = struct.unpack("!I", key[:4])
        assert process == server_process(connection) and len(key) == 4 + secret
        connection.send(wire.framed("Q", b"SELECT pg_sleep(600)\0"))
        wait_asleep(watcher, process)

        wrong_keys = (key[:-1] + bytes([key[-1] ^ 1]), key[:4] + bytes(secret), key[:8] if secret > 4 else key + bytes(28))
        for count, wrong in enumerate(wrong_keys, 1):
            wire.send_cancel_request(running.postgresql_address(), wrong)
            running.wait_metric(count, "rolegate_refusals_total", reason="cancel_key")
        wait_asleep(watcher, process)

        wire.send_cancel_request(running.postgresql_address(), key)
        (error,) = (message for message in connection.until_ready() if message.type == "E")
        assert error.fields()["C"] == "57014"


def test_a_newer_protocol_is_answered_with_the_newest_there_is(gateway):
    """libpq 19 asks for one that nobody speaks, to see whether servers negotiate."""
    with wire.Connection(gateway().postgresql_address()) as connection:
        first = connection.log_in(USER, PASSWORD, PG, protocol=0x3270F, **{"_pq_.test_protocol_negotiation": ""})[0]
        assert first == wire.Message("v", struct.pack("!II", 0x30002, 1) + b"_pq_.test_protocol_negotiation\0")
        assert len(connection.cancel_key) == 36
