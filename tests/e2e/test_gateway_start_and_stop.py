"""Starting the gateway, with and without a configuration of its own, from systemd too."""

import os
import re
import signal
import socket
from pathlib import Path

import postgresql_wire as wire
import psycopg2
import pytest
from gateway import PASSWORD, USER
from postgresql_clients import PG, connect, value
from socket_activation import passing_on

OTHER = "aurora_postgresql_password"


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
    running = gateway({"gateway": {"postgresql": {"listen": [address, f"unix:{tmp_path}"]}}},
                      **passing_on(unix.fileno(), tcp.fileno()))
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
