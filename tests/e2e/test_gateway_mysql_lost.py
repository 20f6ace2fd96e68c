"""What drivers and pools make of a connection that is lost behind the gateway: the same as of one that is lost directly."""

import contextlib
import subprocess

import pymysql
import pytest
import sqlalchemy
from client_programs import Node
from gateway import PASSWORD, USER
from gateway_mysql import value, with_tls
from mysql_clients import SOURCES, Target, named
from servers import users
from servers.processes import wait_until

BOUND_SECONDS = 30
DATABASE = "aurora_mysql_password"
PROGRAMS = {"php": ["php", str(SOURCES / "lost_connection.php")], "perl": ["perl", str(SOURCES / "lost_connection.pl")],
            "mysql2": ["node", str(SOURCES / "lost_connection.js")]}


def direct(lab) -> Target:
    kind = lab.kinds["aurora_mysql"]
    return Target(users.PLAIN_USER, users.PLAIN_PASSWORD, kind["database"], "127.0.0.1", kind["connect_port"],
                  ca=str(lab.ca))


def through(running, ca: str = "") -> Target:
    host, port = running.mysql_address()
    return Target(USER, PASSWORD, DATABASE, host, port, ca=ca)


class Driver:
    """A program with a connection that has answered once."""

    def __init__(self, name: str, target: Target) -> None:
        if name == "mysql2":
            Node()
        self.process = subprocess.Popen(PROGRAMS[name], env=target.environment(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        assert first.startswith("id="), self.process.communicate()[1]
        self.id = named(first)["id"]

    def outcome(self) -> str:
        """Of its next statement."""
        said, complaint = self.process.communicate("\n", timeout=2 * BOUND_SECONDS)
        assert self.process.returncode == 0, complaint
        found = named(said)
        assert found.get("afterwards", "answered") == "answered"
        return found["outcome"]

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


class Pool:
    """SQLAlchemy's, which asks each connection that it lends whether it is still there."""

    def __init__(self, target: Target) -> None:
        self._engine = sqlalchemy.create_engine(
            "mysql+pymysql://", creator=lambda: pymysql.connect(**target.pymysql(ssl={"check_hostname": False} if target.ca else None)),
            pool_size=1, max_overflow=0, pool_pre_ping=True)
        self.id = self._only("SELECT CONNECTION_ID()")

    def _only(self, sql: str) -> str:
        with self._engine.connect() as connection:
            return str(connection.execute(sqlalchemy.text(sql)).scalar_one())

    def outcome(self) -> str:
        try:
            return "answered" if self._only("SELECT 1") == "1" else "wrong"
        except sqlalchemy.exc.DBAPIError as error:
            return str(error.orig)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def driver(name: str, target: Target):
    return Pool(target) if name == "sqlalchemy" else Driver(name, target)


def kill(lab, number: str) -> None:
    with contextlib.closing(pymysql.connect(**direct(lab).pymysql(ssl={"check_hostname": False}))) as connection:
        connection.cursor().execute(f"KILL {number}")
        assert wait_until(lambda: value(connection, "SELECT COUNT(*) FROM information_schema.processlist "
                                                    f"WHERE ID = {number}") == 0, BOUND_SECONDS)


# Each driver's word for a lost connection; those that connect again just go on.
LOST = {"php": "2006 MySQL server has gone away", "perl": "answered", "mysql2": "PROTOCOL_CONNECTION_LOST",
        "sqlalchemy": "answered"}


@pytest.mark.parametrize("name", LOST)
def test_the_database_ends_the_session(lab, gateway, name):
    running = gateway(with_tls(lab))
    found = {}
    for way, target in (("direct", direct(lab)), ("tls", through(running, str(lab.ca))), ("clear", through(running))):
        with driver(name, target) as client:
            kill(lab, client.id)
            if way != "direct":
                running.audit_all(1 if way == "tls" else 2, "session_close", reason="database_closed")
            found[way] = client.outcome()
    # The lab's database takes nobody without TLS, and cuts it as it closes: Connector/C calls that 2026.
    assert found.pop("direct") in (LOST[name], "2026" if name == "perl" else None)
    assert found == {"tls": LOST[name], "clear": LOST[name]}


@pytest.mark.parametrize("name", LOST)
def test_the_gateway_restarts(gateway, name):
    first = gateway()
    host, port = first.mysql_address()
    with driver(name, through(first)) as client:
        first.stop()
        gateway({"gateway": {"mysql": {"listen": [f"{host}:{port}"]}}})
        assert client.outcome() == LOST[name]


# mysql2 gives the number; DBD::MariaDB does not know it, and connects again one statement later.
IDLE = {**LOST, "mysql2": "4031", "perl": "4031"}


@pytest.mark.parametrize("name", IDLE)
def test_the_session_was_idle_for_too_long(gateway, name):
    """The error is MySQL's own, with the sequence id that MySQL gives it."""
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with driver(name, through(running)) as client:
        running.audit("session_close", reason="idle_timeout")
        assert client.outcome() == IDLE[name]


def test_a_running_statement_is_not_idle(gateway):
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with contextlib.closing(pymysql.connect(**running.mysql(DATABASE))) as connection:
        assert value(connection, "SELECT SLEEP(3)") == 0
        assert value(connection, "SELECT 1") == 1
        running.audit("session_close", reason="idle_timeout")
        with pytest.raises(pymysql.err.OperationalError) as error:
            value(connection, "SELECT 1")
        assert error.value.args[0] in (2006, 2013, 4031)
