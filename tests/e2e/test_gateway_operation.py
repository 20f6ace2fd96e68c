"""Running the gateway: start, reload, drain, sockets of systemd, many clients, databases that are in trouble."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import postgresql_wire as wire
import psycopg2
import pytest
import sqlalchemy
from gateway import PASSWORD, USER, VERIFIER, database, lab_document
from postgresql_clients import PG, connect, directly, lock_held, psql, value, wait_for_waiters
from servers.processes import wait_until
from shifted_clock import ShiftedClock

OTHER = "aurora_postgresql_password"
TOKEN_LIFETIME = 900


def logged_in(running, database=PG):
    """A connection of postgresql_wire that is idle in its session."""
    connection = wire.Connection(running.postgresql_address())
    assert connection.log_in(USER, PASSWORD, database)[-1].type == "Z"
    return connection


def begin_waiting(connection, lab, lock):
    """Sends a query that runs until the lock is free, and waits until it does."""
    connection.send(wire.framed("Q", f"SELECT pg_advisory_lock({lock}), 'done'\0".encode()))
    wait_for_waiters(lab, lock)


def is_closed(where):
    try:
        wire.Connection(where).close()
        return False
    except (ConnectionRefusedError, FileNotFoundError):
        return True


# Silent peers.

def timer_of(local, remote):
    """Of a TCP connection, as /proc/net/tcp has it: 2 is the keep-alive timer."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if [int(address.rpartition(":")[2], 16) for address in fields[1:3]] == [local, remote]:
            return int(fields[5].partition(":")[0], 16)
    return None


def test_the_kernel_asks_whether_a_silent_client_is_still_there(gateway):
    running = gateway()
    with logged_in(running) as client:
        ports = running.postgresql_address()[1], client.socket.getsockname()[1]
        assert wait_until(lambda: timer_of(*ports) == 2, 10), timer_of(*ports)


# The end.


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
        seen = b""
        with contextlib.suppress(ConnectionResetError):
            while part := slow.socket.recv(1 << 20):
                seen = (seen + part)[-1000:]
        assert seen.strip(b"x") == b""
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


# Reload.


def test_reload_adds_a_user_a_database_and_a_listener(lab, gateway):
    running = gateway({"databases": [database(lab, PG)]})
    bob = {"name": "bob", "password": VERIFIER, "databases": ["added"]}
    with logged_in(running) as before:
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(**running.postgresql("added", user="bob"))
        running.write_configuration({
            "databases": [database(lab, PG), database(lab, OTHER, database_name="added", listen=["127.0.0.1:0"])],
            "gateway": {"users": [*running.document["gateway"]["users"], bob]}})
        running.reload()
        with connect(running, "added", user="bob") as connection:
            assert value(connection, "SELECT current_user") == "plain"
        with connect(running, "app", user="bob", listener="added") as connection:
            assert value(connection, "SELECT current_database()") == "app"
        with pytest.raises(psycopg2.OperationalError, match="does not exist"):
            psycopg2.connect(**running.postgresql(PG, user="bob"))
        assert before.query("SELECT 1")[-1].type == "Z"
    assert running.metrics().value("rolegate_reloads_total", outcome="ok") == 1


def test_reload_takes_away_what_the_configuration_no_longer_has(lab, gateway):
    """From new sessions; those that are there keep what they have."""
    running = gateway({"databases": [database(lab, PG, listen=["127.0.0.1:0"]), database(lab, OTHER)]})
    own = running.postgresql_address(listener=PG)
    with logged_in(running) as before, lock_held(lab) as lock:
        begin_waiting(before, lab, lock)
        running.write_configuration({"databases": [database(lab, OTHER)],
                                     "gateway": {"users": [{"name": "bob", "password": VERIFIER, "databases": ["*"]}]}})
        running.reload()
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**running.postgresql(OTHER))
        with pytest.raises(psycopg2.OperationalError, match="does not exist"):
            psycopg2.connect(**running.postgresql(PG, user="bob"))
        with pytest.raises(ConnectionRefusedError):
            wire.Connection(own)
        # Cancelling is part of what the session has.
        wire.send_cancel_request(running.postgresql_address(), before.cancel_key)
        assert [message.fields()["C"] for message in before.until_ready() if message.type == "E"] == ["57014"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_reload_that_brings_the_first_users_lets_them_in_by_the_unix_socket(gateway):
    """Until then it is the owner's alone."""
    running = gateway({"gateway": {"users": None}})
    assert psql(running, "-c", "SELECT 1", unix=True, as_user="nobody").returncode == 2
    running.write_configuration()
    running.reload()
    done = psql(running, "-c", "SELECT 1", unix=True, as_user="nobody")
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    running.write_configuration({"gateway": {"users": None}})
    running.reload()
    assert psql(running, "-c", "SELECT 1", unix=True, as_user="nobody").returncode == 2


@pytest.mark.parametrize("broken, complaint", (
    ("databases: [", r"rolegate\.yaml:\d+"),
    ({"gateway": {"max_sessions": "many"}}, "max_sessions"),
    ({"gateway": {"users": [{"name": USER, "password": "secret-that-is-no-verifier", "databases": ["*"]}]}}, "password"),
    ({"gateway": {"postgresql": {"tls": {"cert": "/no/such/file", "key": "/no/such/file"}}}}, "/no/such/file"),
    ({"gateway": {"postgresql": {"listen": ["192.0.2.1:6432"]}}}, r"192\.0\.2\.1:6432"),
    ({"databases": [{"database_name": PG, "sqlalchemy_uri": "postgresql://"},
                    {"database_name": "whole", "sqlalchemy_uri": "postgresql://u@db.example.com/shop"}]}, "sqlalchemy_uri"),
    ({"admin": {"listen": "nowhere"}}, r"admin\.listen")),
    ids=("no_yaml", "wrong_field", "bad_verifier", "no_certificate", "foreign_address", "broken_database", "broken_admin"))
def test_an_invalid_file_changes_nothing_and_says_why(gateway, broken, complaint):
    running = gateway()
    with logged_in(running) as before:
        if isinstance(broken, str):
            running.write_configuration_text(broken)
        else:
            running.write_configuration(broken)
        running.reload()
        running.wait_log(complaint)
        assert running.metrics().value("rolegate_reloads_total", outcome="failed") == 1
        assert "secret-that-is-no-verifier" not in running.log()
        assert before.query("SELECT 1")[-1].type == "Z"
        for unix in (False, True):
            with connect(running, unix=unix) as connection:
                assert value(connection, "SELECT 1") == 1
        # And mended, it counts.
        running.write_configuration({"gateway": {"users": [{"name": "bob", "password": VERIFIER, "databases": ["*"]}]}})
        running.reload()
        with connect(running, user="bob") as connection:
            assert value(connection, "SELECT 1") == 1


def test_reload_opens_the_audit_log_again(gateway):
    """As a log rotation needs it."""
    running = gateway()
    with connect(running):
        pass
    running.audit("session_close")
    rotated = running.audit_file.rename(running.folder / "audit.1")
    running.reload()
    with connect(running):
        pass
    running.audit("session_close")
    assert len(running.audit_lines()) == 2 and len(rotated.read_text(encoding="utf-8").splitlines()) == 2


# systemd.


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


# The five-minute start.


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


def test_serve_of_an_unknown_database_says_so(gateway):
    running = gateway({"gateway": None}, arguments=["no_such_database"], ready=False)
    assert running.wait_exit() == 2
    assert "no_such_database" in running.log()
    running.stop(status=2)


# Many clients, and much time.


def test_200_clients_at_once_assume_the_role_once(lab, gateway):
    # The slow answer keeps the call open while the others come.
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None, "fault": {"delay": 1}}])
    running = gateway()
    settings = running.postgresql()

    async def one():
        connection = await asyncpg.connect(host=settings["host"], port=settings["port"], user=USER, password=PASSWORD,
                                           database=PG, ssl=False, timeout=60)
        who = await connection.fetchval("SELECT current_user")
        await connection.close()
        return who

    async def check():
        return await asyncio.gather(*(one() for _ in range(200)))

    assert asyncio.run(asyncio.wait_for(check(), 120)) == ["superset_iam_user"] * 200
    assert lab.calls()["sts:AssumeRole"] == 1
    assert running.metrics().value("rolegate_assume_role_calls_total") == 1
    assert running.metrics().value("rolegate_logins_total", database=PG, outcome="ok") == 200
    running.wait_metric(0, "rolegate_sessions", database=PG)


def pool_of(running, size=2):
    settings = running.postgresql(PG)
    url = sqlalchemy.engine.URL.create("postgresql+psycopg2", USER, PASSWORD, settings["host"], settings["port"], PG,
                                       {"sslmode": "disable"})
    return sqlalchemy.create_engine(url, pool_size=size, max_overflow=0)


def backend(connection):
    return connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar()


def test_a_pool_outlives_its_tokens_and_credentials(lab, gateway, tmp_path):
    """Through five token lifetimes, past the end of the role credentials' hour: the session that was there goes on,
    and the pool opens new ones."""
    clock = ShiftedClock(lab, tmp_path)
    running = gateway(environment=clock.environment)
    engine = pool_of(running)
    with engine.connect() as lasting:
        first, seen = backend(lasting), set()
        for lifetime in range(6):
            clock.shift(lifetime * (TOKEN_LIFETIME + 1))
            with engine.connect() as another:
                seen.add(backend(another))
                another.invalidate()  # the pool opens another one next time
            assert backend(lasting) == first
    engine.dispose()
    assert len(seen) == 6
    assert lab.calls()["sts:AssumeRole"] >= 2
    assert {entry["decision"] for entry in lab.decisions()} == {"allow"}


def test_control_the_lab_refuses_a_token_that_is_too_old(lab, gateway):
    """With the lab's clock alone moved on, each token comes too late: the test above would notice."""
    running = gateway()
    with connect(running):  # from now on the role credentials are there
        pass
    lab.shift_clock(TOKEN_LIFETIME + 1)
    with wire.Connection(running.postgresql_address()) as connection:
        assert wire.error_of(connection.log_in(USER, PASSWORD, PG)).fields()["C"] == "28000"
    assert any("the token expired" in entry["reason"] for entry in lab.decisions() if entry["operation"] == "rds-db:connect")


# One that is in trouble does not hold up the others.


def test_nothing_waits_for_sts(lab, gateway):
    """Neither the start nor a session that needs no role."""
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None, "fault": {"delay": 20}}])
    running = gateway()
    waiting = [wire.Connection(running.postgresql_address()) for _ in range(8)]
    for connection in waiting:
        connection.send(wire.startup_message({"user": USER, "database": PG}))
    with connect(running, OTHER) as connection:
        assert value(connection, "SELECT 1") == 1
    for connection in waiting:
        connection.close()


def test_a_database_that_stalls_holds_up_no_other(lab, gateway):
    """In each step of the way to it; and whoever waits for it is told after connect_timeout."""
    modes = ("stall_connect", "stall_greeting", "stall_tls", "stall_auth")
    stalling = [database(lab, PG, database_name=mode, sqlalchemy_uri=lab.impostor_uri("postgresql", mode) + "&connect_timeout=5")
                for mode in modes]
    running = gateway({"databases": [*lab_document(lab)["databases"], *stalling]})

    def seen(mode):
        return sum(event["stage"] == "connected" for event in lab.impostor_events("postgresql", mode))

    before = {mode: seen(mode) for mode in modes}

    def attempt(mode):
        with wire.Connection(running.postgresql_address()) as connection:
            return wire.error_of(connection.log_in(USER, PASSWORD, mode)).fields()

    with ThreadPoolExecutor(24) as threads:
        attempts = {mode: [threads.submit(attempt, mode) for _ in range(6)] for mode in modes}
        # To stall_connect nobody gets through.
        assert wait_until(lambda: all(seen(mode) >= before[mode] + 6 for mode in modes[1:]), 30)
        with connect(running) as connection:
            assert value(connection, "SELECT 1") == 1
        assert not any(attempt.done() for each in attempts.values() for attempt in each), "the stall was over too soon"
        for mode in modes:
            for fields in (attempt.result(60) for attempt in attempts[mode]):
                assert fields["C"] == "08001" and "in time" in fields["M"], fields
    assert {line["database"] for line in running.audit_all(24, "session_fail")} == set(modes)


def test_a_broken_database_is_named_and_the_others_are_served(lab, gateway):
    broken = database(lab, PG, database_name="broken", encrypted_extra={"aws_iam": {"region": None}})
    running = gateway({"databases": [broken, *lab_document(lab)["databases"]]})
    assert re.search("broken.*region|region.*broken", running.log())
    with connect(running) as connection:
        assert value(connection, "SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError, match="rolegate config check"):
        psycopg2.connect(**running.postgresql("broken"))


def test_a_server_process_that_is_terminated(gateway):
    """The server's last words reach the client as they are."""
    running = gateway()
    with logged_in(running) as victim, connect(running) as other:
        (row,) = (message for message in victim.query("SELECT pg_backend_pid()") if message.type == "D")
        assert value(other, "SELECT pg_terminate_backend(%s)", (int(row.body[6:]),))
        fields = victim.receive().fields()
        assert (fields["C"], fields["M"]) == ("57P01", "terminating connection due to administrator command")
        assert victim.at_end()
        assert value(other, "SELECT 1") == 1
    reasons = sorted(line["reason"] for line in running.audit_all(2, "session_close"))
    assert reasons == ["client_closed", "database_closed"]


def descriptors(running):
    return len(os.listdir(f"/proc/{running.pid}/fd"))


def test_a_client_that_vanishes_leaves_nothing_behind(lab, gateway):
    running = gateway()
    with connect(running):  # what is opened once and kept is there from now on
        pass
    running.wait_metric(0, "rolegate_open_connections")
    before = descriptors(running)
    connections = [logged_in(running) for _ in range(20)]
    running.wait_metric(20, "rolegate_sessions", database=PG)
    for connection in connections:  # a reset, as of a machine that crashed and came back
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    running.wait_metric(0, "rolegate_sessions", database=PG)
    running.wait_metric(0, "rolegate_open_connections")
    with directly(lab) as watcher:
        left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'superset_iam_user'"
        assert wait_until(lambda: value(watcher, left) == 0, 30)
    assert wait_until(lambda: descriptors(running) <= before, 30), f"{before} descriptors became {descriptors(running)}"
    assert {line["reason"] for line in running.audit_all(21, "session_close")} == {"client_lost", "client_closed"}


def test_max_sessions(gateway):
    running = gateway({"gateway": {"max_sessions": 2}})
    with connect(running), logged_in(running) as second:
        with wire.Connection(running.postgresql_address()) as third:
            assert wire.error_of(third.log_in(USER, PASSWORD, PG)).fields()["C"] == "53300"
        second.send(wire.framed("X", b""))
        assert second.at_end()
        second.close()
        running.wait_metric(1, "rolegate_open_connections")
        with connect(running) as connection:
            assert value(connection, "SELECT 1") == 1
    assert running.metrics().value("rolegate_refusals_total", reason="too_many") == 1


def test_those_who_were_refused_take_up_no_room(gateway):
    """However many try while there is none, and leave their connections open."""
    running = gateway({"gateway": {"max_sessions": 1}})
    with contextlib.ExitStack() as refused:
        with logged_in(running):
            for _ in range(20):
                connection = refused.enter_context(wire.Connection(running.postgresql_address()))
                assert wire.error_of(connection.log_in(USER, PASSWORD, PG)).fields()["C"] == "53300"
        running.audit("session_close")
        with connect(running) as connection:
            assert value(connection, "SELECT 1") == 1


def test_idle_timeout(gateway):
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with logged_in(running) as connection:
        error = connection.receive()
        assert error.type == "E" and error.fields()["C"] == "57P05"
        assert connection.at_end()
    assert running.audit("session_close")["reason"] == "idle_timeout"


def test_a_login_that_is_never_finished_ends_after_ten_seconds(lab, gateway):
    running = gateway()
    with wire.Connection(running.postgresql_address()) as silent, wire.Connection(running.postgresql_address()) as half, \
            wire.Connection(running.postgresql_address()) as asked:
        half.send(wire.startup_message({"user": USER, "database": PG})[:20])
        asked.send(wire.startup_message({"user": USER, "database": PG}))
        assert asked.receive().type == "R"
        for connection in (silent, half, asked):
            seen = b""
            while part := connection.socket.recv(4096):
                seen += part
            assert seen == b"" or b"C08006\0" in seen
    assert running.metrics().value("rolegate_refusals_total", reason="timeout") == 3
    assert lab.decisions() == []
