"""Starting the gateway, with and without a configuration of its own, from systemd too; and how it drains and ends."""

import contextlib
import os
import re
import signal
import socket
import sys
from pathlib import Path

import postgresql_wire as wire
import psycopg2
import pytest
from gateway import PASSWORD, USER
from postgresql_clients import PG, begin_waiting, connect, lock_held, logged_in, value
from raw_clients import MysqlClient
from servers.processes import wait_until

OTHER = "aurora_postgresql_password"


def is_closed(where):
    try:
        wire.Connection(where).close()
        return False
    except (ConnectionRefusedError, FileNotFoundError):
        return True


def last_bytes(connection):
    """The last thousand that come until the connection is closed."""
    seen = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            seen = (seen + part)[-1000:]
    return seen


# Start.


@pytest.mark.parametrize("names", ((PG,), (PG, OTHER)), ids=("one", "two"))
def test_serve_without_a_gateway_section(gateway, names):
    running = gateway({"gateway": None}, arguments=names)
    strings = re.findall(r"postgres(?:ql)?://[^\s'\"]+", running.stdout())
    assert len(strings) == len(names), running.stdout()
    for string, user in zip(strings, ("superset_iam_user", "plain")):
        connection = psycopg2.connect(string)
        assert value(connection, "SELECT current_user") == user
        assert value(connection, "SELECT current_database()") == "app"
        connection.close()
    assert PASSWORD not in running.stdout() and "plain-password" not in running.stdout()
    assert {what for what, address, _ in running.listeners() if not address.startswith("unix:")} <= {"the admin pages"}


def test_serve_with_nothing_to_listen_on_says_what_to_add(gateway):
    """Status 2: systemd need not try again."""
    running = gateway({"gateway": None}, ready=False)
    assert running.wait_exit() == 2
    assert str(running.config_file) in running.log() and "listen" in running.log()
    running.stop(status=2)


def test_serve_of_an_unknown_database_says_so(gateway):
    running = gateway({"gateway": None}, arguments=["no_such_database"], ready=False)
    assert running.wait_exit() == 2
    assert "no_such_database" in running.log()
    running.stop(status=2)


def test_socket_activation(gateway, tmp_path):
    """The sockets are open before the program runs: who connects early waits, and nobody is refused."""
    folder = Path(os.path.relpath(tmp_path)) if len(str(tmp_path)) > 80 else tmp_path
    tcp, unix = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
    unix.bind(str(folder / ".s.PGSQL.6432"))
    unix.listen()
    address = "{}:{}".format(*tcp.getsockname())
    early = wire.Connection(tcp.getsockname())
    early.send(wire.startup_message({"user": USER, "database": PG}))
    numbers = (unix.fileno(), tcp.fileno())
    running = gateway({"gateway": {"postgresql": {"listen": [address, f"unix:{tmp_path}"]}}}, pass_fds=numbers,
                      prefix=[sys.executable, str(Path(__file__).with_name("socket_activation.py")), *map(str, numbers), "--"])
    tcp.close()
    unix.close()
    assert early.receive().type == "R"
    early.close()
    for is_unix in (False, True):
        with connect(running, unix=is_unix) as connection:
            assert value(connection, "SELECT 1") == 1
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    assert (tmp_path / ".s.PGSQL.6432").is_socket(), "the socket's file is systemd's, not the gateway's"


def test_a_gateway_that_was_killed_is_no_hindrance_to_the_next(gateway):
    """Its unix socket lies there still, and nobody listens on it."""
    first = gateway()
    first.signal(signal.SIGKILL)
    assert first.wait_exit() == -signal.SIGKILL
    assert first.postgresql_socket().is_socket()
    second = gateway({"gateway": {"postgresql": {"listen": [f"unix:{first.folder}"]}}})
    with connect(second, unix=True) as connection:
        assert value(connection, "SELECT 1") == 1
    first.stop(status=-signal.SIGKILL)


def test_an_address_that_is_taken_is_named(gateway):
    host, port = gateway().postgresql_address()
    second = gateway({"gateway": {"postgresql": {"listen": [f"{host}:{port}"]}}}, ready=False)
    assert second.wait_exit() == 1
    assert f"{host}:{port}" in second.log() and "in use" in second.log()
    second.stop(status=1)


# Drain and end.


def test_a_drain_lets_a_query_finish_and_tells_the_idle(lab, gateway):
    running = gateway({"gateway": {"drain_timeout": "5s"}})
    with logged_in(running) as busy, logged_in(running) as idle:
        with lock_held(lab) as lock:
            begin_waiting(busy, lab, lock)
            running.signal(signal.SIGTERM)
            running.wait_notified("STOPPING=1")
            for where in (running.postgresql_address(), running.postgresql_socket()):
                assert wait_until(lambda: is_closed(where), 30), f"it still listens at {where}"
            status, page = running.readiness()
            assert status == 503 and not page["ready"] and page["draining"]
        assert b"done" in b"".join(message.body for message in busy.until_ready())
        assert not running.ended()
        busy.send(wire.framed("X", b""))
        assert busy.at_end()
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
