"""Clients that vanish, dawdle, stop in the middle or come in their thousands cost the gateway a bounded time and nothing
that lasts, and nobody else anything.
"""

import contextlib
import os
import resource
import select
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mysql_wire
import postgresql_wire
import pytest
from footprint import back_to_normal, descriptors, memory_kb, sanitized
from forwarder import Forwarder
from gateway import BOUND_SECONDS, PASSWORD, USER, VERIFIER, database, merged
from raw_clients import CLIENTS, ENGINES, Refused, reset
from servers.processes import wait_until
from test_gateway_faults import port_of, through, warm, with_databases

START_SECONDS = 10  # what a client has for its login
TOO_SLOW = {"postgresql": "08006", "mysql": 1159}
MOST_WAITING = 1000  # connections that have not authenticated (docs/gateway-operations.md)


@pytest.fixture(params=ENGINES)
def client(request):
    return CLIENTS[request.param]


def tls_for_clients(lab, client):
    folder = Path(lab.description["certificates"])
    return {"gateway": {client.engine: {"tls": {"cert": str(folder / "localhost.crt"), "key": str(folder / "localhost.key")}}}}


# Vanishing.

def half_of_the_first_message(raw, client):
    message = raw.first_message(client.cross_account)
    raw.socket.sendall(message[:len(message) // 2])


def in_the_middle_of_tls(raw, client):
    """A ClientHello, its first half."""
    if client.engine == "postgresql":
        raw.wire.send((8).to_bytes(4, "big") + postgresql_wire.SSL_REQUEST.to_bytes(4, "big"))
        assert raw.socket.recv(1) == b"S"
    else:
        raw.first_message(client.cross_account)  # reads the greeting
        raw.wire.send(1, (0x200 | 0x800 | 0x8000 | 0x80000).to_bytes(4, "little") + bytes(28))
    hello = ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    raw.socket.sendall(hello.read()[:100])


BEFORE_THE_LOGIN = {
    "nothing said": lambda raw, client: None,
    "half of the first message": half_of_the_first_message,
    "in the middle of TLS": in_the_middle_of_tls,
    "asked for a password": lambda raw, client: raw.begin(client.cross_account),
}


@pytest.mark.parametrize("leave", (reset, lambda raw: raw.close()), ids=("RST", "FIN"))
@pytest.mark.parametrize("stage", BEFORE_THE_LOGIN)
def test_vanishes_before_it_has_logged_in(lab, gateway, client, stage, leave):
    running = gateway({**tls_for_clients(lab, client)})
    with back_to_normal(running, client):
        calls = lab.calls()["rds-db:connect"]
        for _ in range(20):
            raw = client.connected(running)
            BEFORE_THE_LOGIN[stage](raw, client)
            leave(raw)
        assert lab.calls()["rds-db:connect"] == calls
    assert [line for line in running.whole_audit() if line.get("reason") == "startup_timeout"] == []


@pytest.mark.parametrize("leave", (reset, lambda raw: raw.close()), ids=("RST", "FIN"))
def test_vanishes_while_the_database_is_being_logged_in_to(lab, gateway, client, leave):
    """The login is given up; its connection to the database does not stay."""
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        warm(running, client)
        with back_to_normal(running, client):
            way.limit(to_client=0)
            links = len(way.links)
            raw = client.connected(running)

            def log_in():
                with contextlib.suppress(OSError, EOFError, Refused, ValueError):
                    raw.log_in("broken")

            waiting = threading.Thread(target=log_in)
            waiting.start()
            way.wait_links(links + 1)
            # The thread is reading: it must see the end, so that the descriptor is free to be closed.
            raw.socket.shutdown(socket.SHUT_RD)
            waiting.join(BOUND_SECONDS)
            assert not waiting.is_alive()
            leave(raw)
            way.wait_clients_gone()
        line = running.audit("session_fail", database="broken")
        assert line["reason"] == "client_gone"


def idle(raw, client):
    assert raw.alive()


def in_mid_query(raw, client):
    raw.ask(client.sleep)


def in_mid_result(raw, client):
    raw.ask(client.large)
    next(raw.rows())


def in_the_middle_of_a_message(raw, client):
    """Of 4 KB: the gateway keeps short ones of MySQL until they are whole, since they may be a KILL."""
    raw.socket.sendall({"postgresql": b"Q\0\0\x10\0SELECT", "mysql": b"\0\x10\0\0\x03SELECT"}[client.engine])


@pytest.mark.parametrize("stage, leave", [
    pytest.param(stage, leave, id=f"{stage.__name__}-{how}")
    for stage in (idle, in_mid_query, in_mid_result, in_the_middle_of_a_message)
    for how, leave in (("RST", reset), ("FIN", lambda raw: raw.close())) if (stage, how) != (in_mid_query, "FIN")])
def test_vanishes_in_a_session(lab, gateway, client, stage, leave):
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        with back_to_normal(running, client):
            raw = client.connected(running).log_in("broken")
            sent = way.total("to_server")
            stage(raw, client)
            assert wait_until(lambda: way.total("to_server") > sent, BOUND_SECONDS)
            leave(raw)
            closed = running.audit("session_close", seconds=2 * BOUND_SECONDS, database="broken")
            assert closed["reason"] in ("client_lost", "client_closed"), closed
            way.wait_clients_gone()


def test_ends_its_side_in_mid_query(lab, gateway):
    """Whether it has gone, or has only said all that it wanted, nobody can tell: the database gets half a minute."""
    running = gateway(with_databases(lab, CLIENTS["mysql"], *(
        database(lab, kind.cross_account, database_name=f"own-{kind.engine}") for kind in CLIENTS.values())))
    with back_to_normal(running, CLIENTS["mysql"]):
        for kind in CLIENTS.values():
            raw = kind.connected(running).log_in(f"own-{kind.engine}")
            raw.ask(kind.sleep)
            raw.close()
        for kind in CLIENTS.values():
            closed = running.audit("session_close", seconds=2 * BOUND_SECONDS, database=f"own-{kind.engine}")
            assert closed["reason"] == "client_closed"


def test_vanishes_with_an_orderly_goodbye(lab, gateway, client):
    running = gateway(with_databases(lab, client, database(lab, client.cross_account, database_name="own")))
    with back_to_normal(running, client):
        raw = client.connected(running).log_in("own")
        raw.socket.sendall({"postgresql": b"X\0\0\0\x04", "mysql": b"\x01\0\0\0\x01"}[client.engine])
        assert raw.at_end()
        raw.close()
        assert running.audit("session_close", database="own")["reason"] in ("client_closed", "database_closed")


# Half-closed.

def test_a_client_that_has_said_all_it_wanted_gets_its_answer(lab, gateway, client):
    """As `printf … | nc -N` and programs that shut their side down: the answer is still theirs."""
    running = gateway(with_databases(lab, client, database(lab, client.cross_account, database_name="own")))
    with back_to_normal(running, client):
        raw = client.connected(running).log_in("own")
        raw.ask(client.large)
        raw.socket.shutdown(socket.SHUT_WR)
        assert sum(raw.rows()) == 100 << 20
        assert raw.at_end()
        raw.close()
        closed = running.audit("session_close", database="own")
        assert closed["reason"] == "client_closed" and closed["bytes_to_client"] > 100 << 20


# Refused.

def test_who_was_refused_and_stays_is_closed(gateway):
    """A client is heard out for two seconds after its last words, not for as long as it likes."""
    client = CLIENTS["mysql"]
    running = gateway()
    with contextlib.closing(client.connected(running)) as raw:
        with pytest.raises(Refused):
            raw.log_in(client.password_database, "a guess")
        running.wait_metric(0, "rolegate_open_connections")


def test_who_was_refused_and_goes_on_talking_is_not_listened_to(gateway, client):
    """A megabyte of it is taken, so that the refusal arrives; what is more stays in the sockets' buffers."""
    running = gateway()
    with contextlib.closing(client.connected(running)) as raw:
        with pytest.raises(Refused):
            raw.log_in(client.password_database, "a guess")
        raw.socket.setblocking(False)
        sent, most = 0, 64 << 20
        with contextlib.suppress(ConnectionError):  # the end of its two seconds
            while sent < most and select.select([], [raw.socket], [], 10.0)[1]:
                sent += raw.socket.send(bytes(1 << 20))
        assert sent < most, "it took all of it"
    running.wait_metric(0, "rolegate_open_connections")


# Too fast: a client of PostgreSQL may say something before it is let in.

@contextlib.contextmanager
def being_logged_in(running, name):
    """A client that has said who it is, and nothing yet that the gateway would have to answer."""
    before = running.metrics().value("rolegate_connections_total")
    with postgresql_wire.Connection(running.postgresql_socket()) as raw:
        raw.send(postgresql_wire.startup_message({"user": "owner", "database": name}))
        running.wait_metric(before + 1, "rolegate_connections_total")
        running.wait_metric(0, "rolegate_authenticating_connections")
        yield raw


def test_what_was_said_ahead_reaches_the_database(gateway):
    running = gateway({"gateway": {"users": [], "login_rate": 1}})  # the second login waits for a second
    with being_logged_in(running, CLIENTS["postgresql"].password_database) as first:
        first.until_ready()
        with being_logged_in(running, CLIENTS["postgresql"].password_database) as second:
            second.send(postgresql_wire.framed("Q", b"SELECT 'ahead'\0"))
            second.until_ready()
            assert [message.body[6:] for message in second.until_ready() if message.type == "D"] == [b"ahead"]


def test_what_is_said_ahead_has_a_bound(lab, gateway):
    client = CLIENTS["postgresql"]
    with Forwarder(port_of(lab, client)) as way:
        way.limit(to_client=0)  # a database that never answers
        running = gateway(merged(with_databases(lab, client, through(lab, client, way)), {"gateway": {"users": []}}))
        with being_logged_in(running, "broken") as raw:
            way.wait_links(1)
            raw.send(bytes(100_000))
            fields = raw.receive().fields()
            assert (fields["C"], fields["M"]) == ("08P01", "too much was sent before the login was over")
            assert raw.at_end()
        assert running.audit("session_fail", database="broken")["reason"] == "protocol_violation"
        way.wait_clients_gone()


# Too slow.

def dripping(raw, message, began):
    """One byte a second; gives the error that comes back, or None for none, and how long it took."""
    for byte in message:
        try:
            raw.socket.send(bytes([byte]))
        except OSError:
            break
        if select.select([raw.socket], [], [], 1.0)[0]:
            break
    try:
        code = raw.last_words().code
    except (EOFError, ConnectionError, AssertionError):
        code = None
    return code, time.monotonic() - began


def test_the_start_has_a_deadline(lab, gateway):
    """Ten seconds, for a client that is silent as for one that sends a byte a second, in every stage; others get in."""
    running = gateway(merged(tls_for_clients(lab, CLIENTS["postgresql"]), tls_for_clients(lab, CLIENTS["mysql"])))
    outcomes = {}
    with back_to_normal(running, CLIENTS["mysql"]), contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        for kind in CLIENTS.values():
            for what in ("silent", "dripping", "asked", "tls"):
                began = time.monotonic()
                raw = kind.connected(running)
                stack.callback(raw.close)
                message = raw.first_message(kind.cross_account)  # MySQL: reads the greeting first
                if what == "asked":
                    raw.begin(kind.cross_account)
                elif what == "tls":
                    in_the_middle_of_tls(raw, kind)
                outcomes[kind.engine, what] = threads.submit(dripping, raw, message if what == "dripping" else b"", began)
        for kind in CLIENTS.values():
            with contextlib.closing(kind.connected(running).log_in(kind.password_database)) as other:
                assert other.alive()
        found = {key: task.result(60) for key, task in outcomes.items()}
    for (engine, what), (code, seconds) in found.items():
        # Inside TLS that has not begun there is no telling.
        assert code == (None if what == "tls" else TOO_SLOW[engine]), (engine, what, code)
        assert seconds >= START_SECONDS, (engine, what, seconds)
    running.audit_failures(8, reason="startup_timeout")
    assert running.metrics().value("rolegate_refusals_total", reason="timeout") == 8


# Too much.

NO_LOGIN = {
    "four bytes": b"\0\0\0\x04", "2 GB": b"\x7f\xff\xff\xff\0\x03\0\0", "an old protocol": b"\0\0\0\x08\0\x02\0\0",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n", "TLS at once": b"\x16\x03\x01\x02\0\x01", "ones": b"\xff" * 100000,
    "zeros": bytes(100000), "no end of a text": b"\0\0\x27\x10\0\x03\0\0" + b"a" * 20000,
}


@pytest.mark.parametrize("what", NO_LOGIN)
def test_what_is_no_login_is_refused_at_once(gateway, client, what):
    """Neither waits for more of it, nor keeps it, nor answers with anything but an error of the protocol."""
    running = gateway()
    with back_to_normal(running, client):
        raw = client.connected(running)
        if client.engine == "mysql":
            raw.wire.greet()
        with contextlib.suppress(OSError):  # it may be refused before all of it is sent
            raw.socket.sendall(NO_LOGIN[what])
        with contextlib.suppress(ConnectionError):
            while raw.socket.recv(65536):
                pass
        raw.close()
    # It is what it is, not the time, that ended it.
    assert running.metrics().value("rolegate_refusals_total", reason="protocol") >= 1
    assert running.metrics().value("rolegate_refusals_total", reason="timeout") == 0


@pytest.mark.parametrize("header", (b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 5432\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
                         ids=("version 1", "version 2"))
def test_the_header_of_a_load_balancer_is_named(gateway, client, header):
    running = gateway()
    with contextlib.closing(client.connected(running)) as raw:
        raw.socket.sendall(header)
        assert "PROXY protocol header" in running.audit("session_fail", reason="protocol_violation")["message"]


def test_answers_that_are_not_read_are_not_kept(gateway):
    """Some KILLs become a longer statement with a longer answer: who does not read them is not asked for more."""
    client, most = CLIENTS["mysql"], 64 << 20
    running = gateway()
    with back_to_normal(running, client), contextlib.closing(client.connected(running).log_in(client.password_database)) as raw:
        commands = mysql_wire.framed(0, b"\x03KILL %d+0" % raw.wire.greeting.connection_id) * 10000
        before, sent = memory_kb(running, "VmHWM"), 0
        raw.socket.setblocking(False)
        while sent < most and select.select([], [raw.socket], [], 2.0)[1]:
            sent += raw.socket.send(commands)
        assert sent < most, "it took them all"
        if not sanitized(running):
            assert memory_kb(running, "VmHWM") - before < 4096


def raise_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_ten_thousand_connections_that_never_authenticate(gateway, client):
    """A session that is open goes on, a client that means it gets in, and when they leave nothing is left."""
    flood = min(10000, raise_limit(16384) - 1000)
    running = gateway()
    with back_to_normal(running, client):
        opened = client.connected(running).log_in(client.password_database)
        before = memory_kb(running)
        held = []
        try:
            for number in range(flood):
                end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                end.settimeout(30)
                end.connect(opened.socket.getpeername())
                held.append(end)
                if number % 2500 == 1250:
                    assert opened.alive()
                    with contextlib.closing(client.connected(running).log_in(client.password_database)) as other:
                        assert other.alive()
            # Others made room for the newest, which counts a moment before the other goes: on each loop one. Where the
            # flood takes longer than a login may, some go for that.
            metrics = running.metrics()
            assert metrics.value("rolegate_authenticating_connections") <= MOST_WAITING + os.cpu_count()
            assert metrics.value("rolegate_refusals_total", reason="too_many") > 0
            assert opened.alive()
            with contextlib.closing(client.connected(running).log_in(client.password_database)) as other:
                assert other.alive()
            running.wait_metric(lambda refused: refused >= flood - MOST_WAITING, "rolegate_refusals_total")
            if not sanitized(running):
                # What a connection costs before anybody knows whose it is.
                assert memory_kb(running) - before < flood * 16
            assert running.admin("liveness")[0] == 200
        finally:
            for end in held:
                end.close()
        opened.close()


def test_descriptors_are_kept_for_those_who_authenticate(lab, gateway, client):
    """Connections that do not have used up the others: sessions go on and begin, and what needs files works."""
    limit = 160
    running = gateway(prefix=["/usr/bin/prlimit", f"--nofile={limit}:{limit}"])
    began = time.monotonic()
    with back_to_normal(running, client), contextlib.ExitStack() as flood:
        before = running.metrics().value("rolegate_connections_total")
        for _ in range(2 * limit):
            flood.enter_context(contextlib.closing(client.connected(running)))
        running.wait_metric(before + 2 * limit, "rolegate_connections_total")
        assert descriptors(running) <= limit - limit // 16, "of the eighth that is kept back, hardly any are used"
        running.write_configuration(with_databases(lab, client, database(lab, client.password_database, database_name="reloaded")))
        running.reload()
        with contextlib.closing(client.connected(running).log_in("reloaded")) as raw:
            assert raw.alive()
        assert running.audit("session_close", database="reloaded")
        minutes = 1 + int(time.monotonic() - began) // 60
        assert 1 <= running.log().count("file descriptors run low") <= minutes
        assert "no connection can be accepted" not in running.log()


def test_descriptors_are_kept_from_those_who_were_refused(gateway):
    """Clients that have proved who they are and may not have a session are told so, and stay."""
    limit = 160
    users = [{"name": USER, "password": VERIFIER, "databases": ["*"]},
             {"name": "bob", "password": VERIFIER, "databases": ["*"], "max_sessions": 1}]
    running = gateway({"gateway": {"users": users}}, prefix=["/usr/bin/prlimit", f"--nofile={limit}:{limit}"])
    client = CLIENTS["postgresql"]
    with contextlib.ExitStack() as flood:
        log_in = ("bob", PASSWORD, client.password_database)
        flood.enter_context(postgresql_wire.Connection(running.postgresql_address())).log_in(*log_in)
        for _ in range(2 * limit):
            refused = flood.enter_context(postgresql_wire.Connection(running.postgresql_address())).log_in(*log_in)
            assert postgresql_wire.error_of(refused).fields()["C"] == "53300"
            assert descriptors(running) <= limit - limit // 16
        assert running.metrics().value("rolegate_authenticating_connections") == 0
        with contextlib.closing(client.connected(running).log_in(client.password_database)) as raw:
            assert raw.alive()
    assert "no connection can be accepted" not in running.log()


# Over and over.

def one_of_each(running, client, number):
    """A session as it should be, and some that are not."""
    with contextlib.closing(client.connected(running).log_in(client.password_database)) as raw:
        assert raw.alive()
        if number % 3 == 0:
            raw.ask("SELECT * FROM no_such_table")
            with pytest.raises(Refused):
                raw.answer()
    raw = client.connected(running).log_in(client.password_database)
    raw.ask(client.whoami)
    reset(raw)
    raw = client.connected(running)
    raw.begin(client.password_database)
    reset(raw)
    with contextlib.closing(client.connected(running)) as raw, pytest.raises(Refused):
        raw.log_in("no_such_database")
    with contextlib.closing(client.connected(running)) as raw, pytest.raises((Refused, EOFError)):
        raw.log_in("broken")


def test_memory_does_not_grow_with_what_has_been(lab, gateway, client):
    broken = database(lab, client.cross_account, database_name="broken",
                      sqlalchemy_uri=f"{client.engine}://broken.invalid/app?connect_to=127.0.0.1:1&sslrootcert={lab.ca}")
    running = gateway({"gateway": {"login_rate": 10000}, **with_databases(lab, client, broken)})
    with back_to_normal(running, client), ThreadPoolExecutor(8) as threads:
        def rounds(count):
            list(threads.map(lambda number: one_of_each(running, client, number), range(count)))
            running.wait_metric(1, "rolegate_open_connections")

        rounds(60)
        warm, open_files = memory_kb(running), descriptors(running)
        rounds(240)
        # The last ones may be on their way out: the admin page's own, for example.
        assert wait_until(lambda: descriptors(running) <= open_files, BOUND_SECONDS, 0.05)
        if not sanitized(running):
            # 1,200 connections: two kilobytes lost with each would show.
            assert memory_kb(running) - warm < 2400
