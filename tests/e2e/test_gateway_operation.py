"""Running the gateway for long and with many clients: tokens that expire, databases and peers in trouble, limits."""

import contextlib
import os
import re
import resource
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import postgresql_wire as wire
import psycopg2
import pytest
import sqlalchemy
from gateway import PASSWORD, USER, database, lab_document
from postgresql_clients import PG, connect, logged_in, sessions_upstream, value
from servers.processes import wait_until
from shifted_clock import ShiftedClock

OTHER = "aurora_postgresql_password"
TOKEN_LIFETIME = 900
PATIENCE_SECONDS = 120  # for very many logins at once, on a busy machine


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


# Many clients, and much time.


def test_200_clients_at_once_assume_the_role_once(lab, gateway):
    # The slow answer keeps the call open while the others come.
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None, "fault": {"delay": 1}}])
    uri = lab.databases[PG]["sqlalchemy_uri"]
    running = gateway({"databases": [database(lab, PG, sqlalchemy_uri=f"{uri}&connect_timeout={PATIENCE_SECONDS}")]})
    everybody = threading.Barrier(200)

    def one():
        everybody.wait(PATIENCE_SECONDS)
        with connect(running, connect_timeout=PATIENCE_SECONDS) as connection:
            return value(connection, "SELECT current_user")

    with ThreadPoolExecutor(200) as threads:
        who = [client.result(PATIENCE_SECONDS) for client in [threads.submit(one) for _ in range(200)]]
    assert who == ["superset_iam_user"] * 200
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

    def stalling(timeout):
        return {"databases": [*lab_document(lab)["databases"], *(
            database(lab, PG, database_name=mode,
                     sqlalchemy_uri=lab.impostor_uri("postgresql", mode) + f"&connect_timeout={timeout}") for mode in modes)]}

    running = gateway(stalling(600))

    def seen(mode):
        return sum(event["stage"] == "connected" for event in lab.impostor_events("postgresql", mode))

    before = {mode: seen(mode) for mode in modes}
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(wire.Connection(running.postgresql_address())) for mode in modes for _ in range(6)]
        for connection, mode in zip(waiting, (mode for mode in modes for _ in range(6))):
            connection.prove(USER, PASSWORD, mode)
        # To stall_connect nobody gets through.
        assert wait_until(lambda: all(seen(mode) >= before[mode] + 6 for mode in modes[1:]), 30)
        with connect(running) as connection:
            assert value(connection, "SELECT 1") == 1

    running.write_configuration(stalling(2))
    running.reload()

    def attempt(mode):
        with wire.Connection(running.postgresql_address()) as connection:
            return wire.error_of(connection.log_in(USER, PASSWORD, mode)).fields()

    with ThreadPoolExecutor(24) as threads:
        for fields in threads.map(attempt, modes * 6):
            assert fields["C"] == "08001" and "in time" in fields["M"], fields
    assert {line["database"] for line in running.audit_failures(24, reason="connect_timeout")} == set(modes)


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
    earlier = sessions_upstream(lab)  # another test's, which may take a while to end
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
    assert wait_until(lambda: sessions_upstream(lab) <= earlier, 30)
    assert wait_until(lambda: descriptors(running) <= before, 30), f"{before} descriptors became {descriptors(running)}"
    assert {line["reason"] for line in running.audit_all(21, "session_close")} == {"client_lost", "client_closed"}


def test_out_of_descriptors_it_waits_and_goes_on(gateway):
    """Who comes meanwhile waits in the kernel's queue, or takes the place of one that has not logged in; who has a
    session keeps it."""
    running = gateway()
    if b"__asan_init" in running.program.read_bytes():  # built with UBSan too; TSan's runtime has UBSan's names
        pytest.skip("UBSan tests through a pipe whether an object can be read: without a descriptor it takes each for a bad one")
    with logged_in(running) as before:
        hard, held = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)[1], descriptors(running)
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (held + 6, hard))
        crowd = [wire.Connection(running.postgresql_address()) for _ in range(20)]
        running.wait_log("no connection can be accepted|file descriptors run low")
        assert before.query("SELECT 1")[-1].type == "Z"
        for connection in crowd:
            connection.close()
        assert wait_until(lambda: descriptors(running) <= held, 30), "what they held is not free again"
        with logged_in(running) as after:
            assert after.query("SELECT 1")[-1].type == "Z"


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
        with logged_in(running) as session:
            for _ in range(20):
                connection = refused.enter_context(wire.Connection(running.postgresql_address()))
                assert wire.error_of(connection.log_in(USER, PASSWORD, PG)).fields()["C"] == "53300"
            session.send(wire.framed("X", b""))
            assert session.at_end()  # its place is free before that
        with connect(running) as connection:
            assert value(connection, "SELECT 1") == 1


def test_idle_timeout(gateway):
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with logged_in(running) as connection:
        error = connection.receive()
        assert error.type == "E" and error.fields()["C"] == "57P05"
        assert connection.at_end()
    assert running.audit("session_close")["reason"] == "idle_timeout"
