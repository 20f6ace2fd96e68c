"""How the gateway drains and ends: what is under way may finish, and can be cancelled and killed until it does."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

import mysql_wire
import postgresql_wire as wire
import pymysql
import pytest
import verifiers
from gateway import PASSWORD, USER
from gateway_mysql import Sleeper, connected, wait_running
from gateway_mysql import value as mysql_value
from postgresql_clients import PG, begin_waiting, connect, lock_held, logged_in, sleeping, value, wait_asleep
from raw_clients import CLIENTS, MysqlClient, Refused
from servers.processes import wait_until
from socket_activation import passing_on

SHUTDOWN_IN_PROGRESS = 1053
DATABASES = {engine: client.password_database for engine, client in CLIENTS.items()}
SLEEP = "SELECT SLEEP(60) + 0x6472"


def last_bytes(connection):
    """The last thousand that come until the connection is closed."""
    seen = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            seen = (seen + part)[-1000:]
    return seen


def refusal(where):
    """What a PostgreSQL client is told that comes to log in."""
    with wire.Connection(where) as newcomer:
        error = newcomer.log_in(USER, PASSWORD, PG)[-1]
        assert error.type == "E" and newcomer.at_end()
        return error


def open_files(running):
    """Their names."""
    names = set()
    for descriptor in Path(f"/proc/{running.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            names.add(os.readlink(descriptor))
    return names


def begin_draining(running):
    running.signal(signal.SIGTERM)
    running.wait_notified("STOPPING=1")


# What is under way.


def test_a_drain_lets_a_query_finish_and_tells_the_idle(lab, gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with logged_in(running) as busy, logged_in(running) as idle:
        with lock_held(lab) as lock:
            begin_waiting(busy, lab, lock)
            begin_draining(running)
            for where in (running.postgresql_address(), running.postgresql_socket()):
                assert refusal(where).fields()["C"] == "57P03"
            status, page = running.readiness()
            assert status == 503 and not page["ready"] and page["draining"]
        assert b"done" in b"".join(message.body for message in busy.until_ready())
        assert not running.ended()
        busy.send(wire.framed("X", b""))
        assert busy.at_end()
        running.signal(signal.SIGTERM)  # again: as if the time were over
        error = idle.receive()
        assert error.type == "E" and error.fields()["C"] == "57P01"
        assert idle.at_end()
    assert running.wait_exit() == 0
    assert [line["reason"] for line in running.audit_all(2, "session_close")] == ["client_closed", "shutdown"]


def test_a_drain_ends_at_its_timeout(lab, gateway):
    """A query that does not end by then is cut off, with a proper message: nothing of its answer has come yet."""
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with logged_in(running) as busy, lock_held(lab) as lock:
        begin_waiting(busy, lab, lock)
        running.signal(signal.SIGTERM)
        error = busy.receive()
        assert error.type == "E" and error.fields()["C"] == "57P01"
        assert busy.at_end()
        assert running.wait_exit() == 0
    assert running.audit("session_close")["reason"] == "shutdown"


def test_a_drain_writes_nothing_into_the_middle_of_an_answer(gateway):
    """A client that does not read leaves one half sent; an error would be read as a part of it."""
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with logged_in(running) as slow:
        slow.send(wire.framed("Q", b"SELECT repeat('x', 500000000)\0"))
        assert slow.receive().type == "T"
        running.signal(signal.SIGTERM)
        assert running.audit("session_close")["reason"] == "shutdown"
        assert last_bytes(slow.socket).strip(b"x") == b""
    assert running.wait_exit() == 0


def test_a_drain_writes_nothing_into_the_middle_of_a_mysql_answer(gateway):
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with contextlib.closing(MysqlClient.connected(running).log_in(MysqlClient.password_database)) as slow:
        slow.ask(MysqlClient.large)
        slow.wire.receive()
        running.signal(signal.SIGTERM)
        assert running.audit("session_close")["reason"] == "shutdown"
        seen = last_bytes(slow.socket)
        assert b"z" in seen and b"#08S01" not in seen
    assert running.wait_exit() == 0


# Cancels and kills.


def own_listener(gateway, _):
    return gateway({"gateway": {"drain_timeout": "1h"}})


def inherited_listener(gateway, stack):
    """As systemd's socket unit passes one on."""
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    address = "{}:{}".format(*listening.getsockname())
    return gateway({"gateway": {"drain_timeout": "1h", "postgresql": {"listen": [address]}}}, **passing_on(listening.fileno()))


@pytest.mark.parametrize("start", (own_listener, inherited_listener))
def test_what_is_under_way_can_be_cancelled_while_the_gateway_drains(gateway, start):
    with contextlib.ExitStack() as stack:
        running = start(gateway, stack)
        client, watcher = stack.enter_context(connect(running)), stack.enter_context(connect(running))
        server = value(client, "SELECT pg_backend_pid()")
        with sleeping(client) as (asleep,):
            wait_asleep(watcher, server)
            begin_draining(running)
            client.cancel()
            assert asleep.result(30) == "57014"
            assert value(client, "SELECT 1") == 1, "a cancelled query does not end its session"
    assert running.wait_exit() == 0


def test_a_wrong_cancel_key_counts_while_the_gateway_drains(gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with logged_in(running):
        begin_draining(running)
        wire.send_cancel_request(running.postgresql_address(), b"\0\0\0\1\0\0\0\2")
        running.wait_metric(1, "rolegate_refusals_total", reason="cancel_key")


def test_pg_isready_says_that_a_draining_gateway_takes_nobody(lab, gateway):
    """No failure: nobody has shown a password, so the audit log has no line of it."""
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with logged_in(running):
        begin_draining(running)
        host, port = running.postgresql_address()
        asked = subprocess.run(["pg_isready", "-t", "30", "-h", host, "-p", str(port), "-U", USER, "-d", PG], env=lab.environment(), text=True,
                               capture_output=True, timeout=30, check=False)
        assert (asked.returncode, "rejecting connections" in asked.stdout) == (1, True), asked
        running.wait_metric(1, "rolegate_refusals_total", reason="draining")
    assert running.wait_exit() == 0
    assert [line["event"] for line in running.audit_lines()] == ["session_open", "session_close"]


def test_a_mysql_statement_can_be_killed_while_the_gateway_drains(gateway):
    """By whatever connection, whether or not it names a database; anything but a KILL is told to come again."""
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with connected(running) as watcher, Sleeper(running, SLEEP) as sleeper:
        wait_running(watcher, SLEEP)
        begin_draining(running)
        for schema, command in ((None, b"\x03SELECT 1"), ("aurora_mysql_password", b"\x0e"), (None, b"\x0c\1\0\0\0")):
            with mysql_wire.Connection(running.mysql_address()) as newcomer:
                newcomer.log_in(USER, PASSWORD, schema, secure=True)
                newcomer.send(0, command)
                with pytest.raises(mysql_wire.ServerError) as error:
                    newcomer.receive().checked()
                assert error.value.code == SHUTDOWN_IN_PROGRESS and newcomer.at_end()
        wait_running(watcher, SLEEP)
        with mysql_wire.Connection(running.mysql_address()) as killer:
            killer.log_in(USER, PASSWORD, "aurora_mysql_password", secure=True)
            killer.query(f"KILL QUERY {sleeper.id}")
        assert sleeper.code() == 1317
        assert mysql_value(sleeper.connection, "SELECT 1") == 1
    assert running.wait_exit() == 0


def test_mysql_users_without_sessions_are_told_when_they_log_in(gateway):
    users = [{"name": name, "password": verifiers.both(PASSWORD), "databases": ["*"]} for name in (USER, "bob")]
    running = gateway({"gateway": {"drain_timeout": "1h", "users": users}})
    with connected(running):
        begin_draining(running)
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connected(running, user="bob", init_command=None, autocommit=None)
        assert refused.value.args[0] == SHUTDOWN_IN_PROGRESS


def test_mysql_clients_are_told_at_once_where_there_is_nothing_to_kill(gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with logged_in(running):
        begin_draining(running)
        with mysql_wire.Connection(running.mysql_address()) as newcomer, pytest.raises(mysql_wire.ServerError) as error:
            newcomer.greet()
        assert error.value.code == SHUTDOWN_IN_PROGRESS


@pytest.mark.parametrize("engine", CLIENTS)
def test_who_has_not_logged_in_before_the_drain_is_too_late(gateway, engine):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with contextlib.ExitStack() as stack:
        awaited = stack.enter_context(contextlib.closing(CLIENTS[engine].connected(running).log_in(DATABASES[engine])))
        early = stack.enter_context(contextlib.closing(CLIENTS[engine].connected(running)))
        running.wait_metric(1, "rolegate_authenticating_connections")
        begin_draining(running)
        with pytest.raises(Refused) as refused:
            early.log_in(DATABASES[engine])
            early.query("SELECT 1")
        assert refused.value.code in ("57P03", SHUTDOWN_IN_PROGRESS)
        assert awaited.alive()
    assert running.wait_exit() == 0


def test_a_drain_does_not_wait_for_who_has_not_logged_in(gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with wire.Connection(running.postgresql_address()) as silent:
        running.wait_metric(1, "rolegate_authenticating_connections")
        running.signal(signal.SIGTERM)
        assert running.wait_exit() == 0
        assert silent.receive().fields()["C"] == "57P01"


def test_the_audit_log_is_opened_anew_while_the_gateway_drains(gateway, tmp_path):
    audit, rotated = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    running = gateway({"gateway": {"drain_timeout": "1h", "audit_log": str(audit)}})
    with logged_in(running):
        assert wait_until(lambda: "session_open" in audit.read_text(encoding="utf-8"), 30)
        begin_draining(running)
        audit.rename(rotated)
        running.signal(signal.SIGHUP)
        assert wait_until(lambda: str(rotated) not in open_files(running), 30)
    assert running.wait_exit() == 0
    assert "session_close" in audit.read_text(encoding="utf-8")
    assert "session_close" not in rotated.read_text(encoding="utf-8")


def test_a_drain_does_not_wait_for_who_came_during_it(gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with contextlib.ExitStack() as stack:
        awaited = stack.enter_context(contextlib.closing(MysqlClient.connected(running).log_in("aurora_mysql_password")))
        begin_draining(running)
        killer = stack.enter_context(mysql_wire.Connection(running.mysql_address()))
        killer.log_in(USER, PASSWORD, secure=True)
        killer.query(f"KILL QUERY {awaited.wire.greeting.connection_id}")  # a session of its own from now on
        silent = stack.enter_context(wire.Connection(running.postgresql_address()))
        running.wait_metric(1, "rolegate_authenticating_connections")
        awaited.close()
        assert running.wait_exit() == 0
        assert killer.at_end()
        assert silent.receive().fields()["C"] == "57P01" and silent.at_end()


# The end.


def test_without_sessions_a_drain_ends_at_once(gateway):
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    with connect(running) as connection:
        assert value(connection, "SELECT 1") == 1
    running.audit("session_close")
    running.stop()


def test_the_sockets_of_a_gateway_that_ended_are_gone(gateway):
    running = gateway()
    sockets = (running.postgresql_socket(), running.mysql_socket())
    assert all(path.is_socket() for path in sockets)
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    assert not any(path.exists() for path in sockets)
