"""Guesses are counted, logged, and slow the next one, whoever waits for their answer; a probe is no guess."""

import contextlib
import socket
import struct
import subprocess
import threading
import time

import mysql_wire
import postgresql_wire
import pytest
import verifiers
from gateway import PASSWORD, USER, VERIFIER
from postgresql_clients import PG
from raw_clients import CLIENTS
from servers.processes import wait_until

MOST_AUTHENTICATING = 1000  # docs/gateway-operations.md; of all event loops together
# The longest that anybody has to wait for others of the same address, six seconds, and as much as a busy machine may take
# for the login.
IN_TIME_SECONDS = 20


class Postgresql:
    database = CLIENTS["postgresql"].password_database

    @staticmethod
    def connected(running, source=None):
        return postgresql_wire.Connection(running.postgresql_address(), source)

    @classmethod
    def log_in(cls, connection, user=USER, password=PASSWORD):
        """The code of the refusal; None when there is none."""
        last = connection.log_in(user, password, cls.database)[-1]
        return last.fields()["C"] if last.type == "E" else None

    @classmethod
    def begin_proof(cls, connection):
        """The first message of a proof, behind the server's request for one."""
        connection.send(postgresql_wire.startup_message({"user": USER, "database": cls.database}))
        connection.receive()
        connection.send(postgresql_wire.framed("p", b"SCRAM-SHA-256\0" + struct.pack("!I", 9) + b"n,,n=,r=x"))


class Mysql:
    database = CLIENTS["mysql"].password_database

    @staticmethod
    def connected(running, source=None):
        return mysql_wire.Connection(running.mysql_address(), source)

    @classmethod
    def log_in(cls, connection, user=USER, password=PASSWORD):
        try:
            connection.log_in(user, password, cls.database, plugin="caching_sha2_password", secure=True)
        except mysql_wire.ServerError as error:
            return error.code
        return None

    @classmethod
    def begin_proof(cls, connection):
        connection.greet()
        connection.send(1, connection.response(USER, "wrong", cls.database, plugin="caching_sha2_password"))


@pytest.fixture(name="protocol", params=(Postgresql, Mysql), ids=("postgresql", "mysql"))
def fixture_protocol(request):
    return request.param


def guess(running, protocol, times):
    """Wrong passwords, one after the other; nobody reads the answers."""
    already = guesses(running)
    for number in range(already + 1, already + times + 1):
        with protocol.connected(running) as connection:
            connection.prove(USER, f"guess {number}", protocol.database)
        running.wait_metric(number, "rolegate_refusals_total", reason="authentication")


def guesses(running):
    return int(running.metrics().value("rolegate_refusals_total", reason="authentication"))


def timed(action):
    began = time.monotonic()
    result = action()
    return time.monotonic() - began, result


def log_in(running, protocol, source=None, **who):
    with protocol.connected(running, source) as connection:
        return protocol.log_in(connection, **who)


def test_a_guess_counts_though_nobody_waits_for_its_answer(gateway, protocol):
    running = gateway()
    guess(running, protocol, 5)
    running.wait_metric(0, "rolegate_open_connections")  # and has its line: a reload would make two of them
    lines = running.audit_failures(5)
    assert {(line["reason"], line["user"]) for line in lines} == {("authentication_failed", USER)}
    assert [line.get("count") for line in lines] == [None, 4], "the first at once, the others in one line"
    assert lines[1]["first_time"] <= lines[1]["time"]


def test_guesses_slow_down_whoever_comes_next(gateway, protocol):
    """With a right password as with a wrong one, for users that exist and others; from that address only."""
    running = gateway({"gateway": {"users": [{"name": name, "password": VERIFIER, "databases": ["*"]} for name in (USER, "eve")]}})
    guess(running, protocol, 5)
    held = running.metrics().value("rolegate_logins_held_total")
    for user, password in ((USER, PASSWORD), ("eve", PASSWORD), (USER, PASSWORD), ("nobody", "wrong")):
        seconds, refused = timed(lambda user=user, password=password: log_in(running, protocol, user=user, password=password))
        assert bool(refused) == (user == "nobody")
        assert 2 <= seconds < IN_TIME_SECONDS, f"{user}, in spite of eve's own right password"
    assert running.metrics().value("rolegate_logins_held_total") == held + 4
    running.wait_log(r"warning logins from 127\.0\.0\.1 wait \S+ s each, because of failed authentications from there")
    assert log_in(running, protocol, source="127.0.0.2") is None
    assert running.metrics().value("rolegate_logins_held_total") == held + 4


def test_whoever_leaves_while_waiting_has_made_no_guess(gateway, protocol):
    running = gateway()
    guess(running, protocol, 5)
    probes = running.metrics().value("rolegate_probes_total")
    for _ in range(20):
        with protocol.connected(running) as connection:
            protocol.begin_proof(connection)
    running.wait_metric(probes + 20, "rolegate_probes_total")
    assert guesses(running) == 5
    running.audit_failures(5)


def test_nobody_is_locked_out_by_others_of_the_same_address(gateway, protocol):
    """As behind a load balancer: the guesser goes on with twenty connections at a time."""
    running = gateway()
    over = threading.Event()

    def go_on_guessing():
        while not over.is_set():
            with contextlib.suppress(OSError, EOFError):
                log_in(running, protocol, password="wrong")

    guessers = [threading.Thread(target=go_on_guessing) for _ in range(20)]
    for guesser in guessers:
        guesser.start()
    try:
        running.wait_metric(lambda count: count >= 10, "rolegate_refusals_total", reason="authentication")
        seconds, refused = timed(lambda: log_in(running, protocol))
        assert refused is None and seconds < IN_TIME_SECONDS
    finally:
        over.set()
        for guesser in guessers:
            guesser.join(30)


def test_invented_cancel_keys_are_guesses_too(gateway):
    running = gateway()
    for secret in range(5):
        postgresql_wire.send_cancel_request(running.postgresql_address(), struct.pack("!II", 1, secret))
    running.wait_metric(5, "rolegate_refusals_total", reason="cancel_key")
    seconds, refused = timed(lambda: log_in(running, Postgresql))
    assert refused is None and 2 <= seconds < IN_TIME_SECONDS


def test_a_cancel_that_comes_too_late_is_no_guess(gateway):
    running = gateway()
    for _ in range(5):
        with postgresql_wire.Connection(running.postgresql_address()) as late:
            (key,) = [message.body for message in late.log_in(USER, PASSWORD, PG) if message.type == "K"]
        running.wait_metric(0, "rolegate_sessions", database=PG)
        postgresql_wire.send_cancel_request(running.postgresql_address(), key)
    assert log_in(running, Postgresql) is None
    assert running.metrics().value("rolegate_refusals_total", reason="cancel_key") == 0
    assert running.metrics().value("rolegate_logins_held_total") == 0


# MySQL's clients are told at once that their first answer is not right, and asked for another one.

SHA2, NATIVE = "caching_sha2_password", "mysql_native_password"


def answer_wrongly(connection, user, plugin):
    """The packet that asks for more."""
    connection.greet()
    connection.send(1, connection.response(user, "wrong", Mysql.database, plugin=plugin))
    asked = connection.receive().checked()
    assert asked.payload == b"\x01\x04" if plugin == SHA2 else asked.payload.startswith(b"\xfe" + SHA2.encode()), asked
    return asked


def reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("plugin", (SHA2, NATIVE))
@pytest.mark.parametrize("user", ("alice", "eve", "nobody"))
def test_whoever_leaves_when_told_that_the_answer_is_wrong_has_guessed(gateway, user, plugin):
    """Whatever there was to compare it with: alice's password has been right before, eve's has not, nobody has none."""
    running = gateway({"gateway": {"users": [{"name": name, "password": VERIFIER, "databases": ["*"]} for name in (USER, "eve")]}})
    assert log_in(running, Mysql) is None
    for number in range(1, 6):
        with Mysql.connected(running) as connection:
            answer_wrongly(connection, user, plugin)
            reset(connection)
        running.wait_metric(number, "rolegate_refusals_total", reason="authentication")
    assert running.metrics().value("rolegate_probes_total") == 0
    lines = running.audit_failures(5)
    assert {(line["reason"], line["user"]) for line in lines} == {("authentication_failed", user)}


ENDINGS = {
    "closes": lambda connection, asked: connection.close(),
    "resets": lambda connection, asked: reset(connection),
    "quits": lambda connection, asked: connection.send(0, bytes([mysql_wire.COM_QUIT])),
    "sends no password": lambda connection, asked: connection.send(asked.sequence + 1, b"\0"),
    "sends what is no password": lambda connection, asked: connection.send(asked.sequence + 1, b"x"),
    "breaks the protocol": lambda connection, asked: connection.send(asked.sequence + 2, b""),
    "sends the same password": lambda connection, asked: connection.finish_login("wrong", secure=True, asked=asked),
}


@pytest.mark.parametrize("plugin", (SHA2, NATIVE))
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_guess_counts_once_however_its_login_ends(gateway, ending, plugin):
    running = gateway()
    with Mysql.connected(running) as connection:
        asked = answer_wrongly(connection, USER, plugin)
        with contextlib.suppress(mysql_wire.ServerError):
            ENDINGS[ending](connection, asked)
        running.wait_metric(1, "rolegate_refusals_total", reason="authentication")
    running.audit_failures(1, reason="authentication_failed")
    assert log_in(running, Mysql) is None
    assert running.metrics().value("rolegate_logins_held_total") == 0
    assert running.metrics().value("rolegate_probes_total") == 0
    assert guesses(running) == 1


def test_a_guess_counts_when_its_connection_makes_room_for_another(gateway):
    """From many addresses, so that none of them has to wait."""
    running = gateway()
    with contextlib.ExitStack() as stack:
        for number in range(MOST_AUTHENTICATING + 5):
            connection = stack.enter_context(Mysql.connected(running, f"127.0.1.{1 + number % 250}"))
            answer_wrongly(connection, USER, SHA2)
        assert guesses(running) >= 5
        assert running.metrics().value("rolegate_refusals_total", reason="too_many") == 0


def test_each_password_that_a_connection_tries_is_a_guess(gateway):
    running = gateway()
    with Mysql.connected(running) as connection:
        switch = answer_wrongly(connection, USER, NATIVE)
        connection.send(switch.sequence + 1, mysql_wire.sha2_answer("wrong too", switch.payload.rstrip(b"\0")[-20:]))
        asked = connection.receive()
        assert asked.payload == b"\x01\x04"
        connection.send(asked.sequence + 1, b"wrong again\0")
        with pytest.raises(mysql_wire.ServerError):
            connection.receive().checked()
    assert log_in(running, Mysql) is None
    assert running.metrics().value("rolegate_logins_held_total") == 1, "three failures, as if on three connections"


@pytest.mark.parametrize("plugin", (SHA2, NATIVE))
def test_an_answer_that_could_not_be_checked_is_no_failure_when_the_password_follows(gateway, plugin):
    """As after a start, or of a client that has answered for another plugin."""
    users = [f"user{number}" for number in range(4)]
    running = gateway({"gateway": {"users": [{"name": name, "password": verifiers.scram(PASSWORD), "databases": ["*"]} for name in users]}})
    for user in users:
        with Mysql.connected(running) as connection:
            connection.log_in(user, PASSWORD, Mysql.database, plugin=plugin, secure=True)
            assert connection.path == "full"
    running.audit_failures(0)
    assert guesses(running) == 0 and running.metrics().value("rolegate_logins_held_total") == 0


# Probes.

def postgresql_probe(data):
    def probe(running):
        with postgresql_wire.Connection(running.postgresql_address()) as connection:
            if data:
                connection.send(data)
                connection.socket.recv(1)
    return probe


def mysql_probe(*packets, reset=False):
    def probe(running):
        with mysql_wire.Connection(running.mysql_address()) as connection:
            connection.greet()
            connection.socket.sendall(b"".join(packets))
            if reset:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return probe


def connect_and_close(where):
    def probe(running):
        socket.create_connection(where(running), 10).close()
    return probe


def program(*command):
    def probe(running):
        host, port = running.postgresql_address()
        done = subprocess.run([*command, "-h", host, "-p", str(port), "-U", USER, "-d", Postgresql.database],
                              env={"PATH": "/usr/bin:/bin", "PGCONNECT_TIMEOUT": "10"}, capture_output=True, text=True,
                              timeout=30, check=False)
        assert "accepting connections" in done.stdout or "no password supplied" in done.stderr, done
    return probe


def without_password(running):
    with mysql_wire.Connection(running.mysql_address()) as connection, pytest.raises(mysql_wire.ServerError) as refused:
        connection.log_in(USER, "", Mysql.database, plugin="caching_sha2_password", secure=True)
    assert refused.value.code == 1045


SSL_REQUEST_OF_MYSQL = mysql_wire.framed(1, struct.pack("<IIB23x", mysql_wire.BASE | mysql_wire.SSL, 1 << 24, 45))
COM_QUIT = mysql_wire.framed(0, bytes([mysql_wire.COM_QUIT]))
PROBES = {
    "PostgreSQL: connect": connect_and_close(lambda running: running.postgresql_address()),
    "PostgreSQL: SSLRequest": postgresql_probe(struct.pack("!II", 8, postgresql_wire.SSL_REQUEST)),
    "PostgreSQL: StartupMessage": postgresql_probe(postgresql_wire.startup_message({"user": "nobody"})),
    "pg_isready": program("pg_isready", "-t", "30"),
    "psql, before it asks for a password": program("psql", "-w"),
    "MySQL: connect": connect_and_close(lambda running: running.mysql_address()),
    "MySQL: greeting": mysql_probe(),
    "MySQL: greeting, RST": mysql_probe(reset=True),
    "MySQL: SSLRequest": mysql_probe(SSL_REQUEST_OF_MYSQL),
    "MySQL: COM_QUIT": mysql_probe(COM_QUIT),
    "MySQL: no password": without_password,
}


@pytest.mark.parametrize("tls", (False, True), ids=("clear", "tls"))
@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_no_failure(gateway, server, probe, tls):
    both = {"cert": str(server.certificate), "key": str(server.key)}
    if not tls and probe == "MySQL: SSLRequest":
        pytest.skip("TLS is not offered")
    running = gateway({"gateway": {"postgresql": {"tls": both}, "mysql": {"tls": both}}} if tls else {})
    for _ in range(5):
        PROBES[probe](running)
    running.wait_metric(5, "rolegate_probes_total")
    running.audit_failures(0)
    assert guesses(running) == 0 and running.metrics().value("rolegate_logins_held_total") == 0


HAPROXY = """
global
  stats socket {folder}/haproxy.sock level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout check 5s
  default-server inter 200ms
backend pgsql
  option pgsql-check user {user}
  server gateway {postgresql} check
backend mysql
  option mysql-check
  server gateway {mysql} check
backend mysql_user
  option mysql-check user {user} post-41
  server gateway {mysql} check
"""


def test_haproxys_checks_are_no_failures(gateway):
    """They find the gateway up, also while guesses slow down everybody at the load balancer's address. (Its mysql-check
    with a user wants to be let in without a password, which the gateway never does: down, but no failure.)"""
    running = gateway()
    guess(running, Postgresql, 4)
    configuration = running.folder / "haproxy.cfg"
    configuration.write_text(HAPROXY.format(folder=running.folder, user=USER, postgresql="{}:{}".format(*running.postgresql_address()),
                                            mysql="{}:{}".format(*running.mysql_address())), encoding="utf-8")
    with subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as haproxy:
        try:
            def states():
                """By backend, of the last check that has ended: up or down, and how many there were."""
                with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
                    control.connect(str(running.folder / "haproxy.sock"))
                    control.sendall(b"show stat\n")
                    text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
                    rows = [line.split(",") for line in text.lstrip("# ").splitlines() if line]
                    status, result = rows[0].index("status"), rows[0].index("check_status")
                    return {row[0]: (row[status], row[result]) for row in rows if row[1] == "gateway"}
                return {}

            before = running.metrics().value("rolegate_probes_total")
            running.wait_metric(lambda count: count >= before + 30, "rolegate_probes_total")
            assert wait_until(lambda: states().get("mysql_user", ("",))[0].startswith("DOWN"), 30), states()
            assert {backend: state for backend, (state, _) in states().items()} == {"pgsql": "UP", "mysql": "UP", "mysql_user": "DOWN"}
        finally:
            haproxy.terminate()
    running.audit_failures(4, reason="authentication_failed")
    assert {line["reason"] for line in running.whole_audit()} == {"authentication_failed"}
