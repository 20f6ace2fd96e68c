"""Databases and an AWS that break, stall or are not there: every session ends in a bounded time with an error that says
what happened, an audit line and a count of it, and nothing is left behind.
"""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from footprint import back_to_normal, memory_kb, sanitized
from forwarder import Forwarder
from gateway import database
from raw_clients import CLIENTS, ENGINES, Refused
from servers import impostor_log
from servers.processes import wait_until
from test_impostors import SENTENCES

UNREACHABLE = {"postgresql": "08001", "mysql": 1158}
REFUSED = {"postgresql": "28000", "mysql": 1045}
# For databases that stall. What answers, in whatever way, has the default, which no busy machine needs.
TIMEOUT = "connect_timeout=2"
# Until a login with that timeout must have failed; a busy machine must not make it a failure of the test.
PATIENCE_SECONDS = 15


@pytest.fixture(params=ENGINES)
def client(request):
    return CLIENTS[request.param]


def through(lab, client, way, configured=None, name="broken", more=None):
    """A database of the lab that is reached through a Forwarder."""
    entry = database(lab, configured or client.cross_account, database_name=name)
    kind = lab.kinds[f"aurora_{client.engine}"]
    uri = entry["sqlalchemy_uri"].replace(kind["connect_to"], f"127.0.0.1:{way.port}")
    assert f":{way.port}" in uri
    return {**entry, "sqlalchemy_uri": uri + (f"&{more}" if more else "")}


def with_databases(lab, client, *more):
    """Those, and the two that back_to_normal() uses."""
    return {"databases": [database(lab, client.password_database), database(lab, client.cross_account), *more]}


def port_of(lab, client):
    return lab.kinds[f"aurora_{client.engine}"]["connect_port"]


def refusal(running, client, name="broken"):
    """How a login fails."""
    with contextlib.closing(client.connected(running)) as raw:
        raw.socket.settimeout(PATIENCE_SECONDS)
        with pytest.raises(Refused) as error:
            raw.log_in(name)
        assert raw.at_end()
    return error.value


def warm(running, client, name="broken"):
    """One session that works; from then on the gateway has asked MySQL's databases for their greetings, too."""
    with contextlib.closing(client.connected(running).log_in(name)) as raw:
        assert raw.alive()


# In the middle of a session.

@pytest.mark.parametrize("end, reason", (("cut", "database_lost"), ("end_of_server", "database_closed")))
def test_the_database_goes_in_mid_query(lab, gateway, client, end, reason):
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        with back_to_normal(running, client):
            raw = client.connected(running).log_in("broken")
            sent = way.total("to_server")
            raw.ask(client.sleep)
            assert wait_until(lambda: way.total("to_server") > sent, 30), "the query does not reach the database"
            getattr(way, end)()
            if client.engine == "postgresql":
                error = raw.last_words()
                assert error.code == "08006" and "database" in error.message
            assert raw.at_end()  # MySQL's drivers know a lost connection by that, and by nothing that is said
            raw.close()
            closed = running.audit("session_close", database="broken")
            assert closed["reason"] == reason
            assert closed["bytes_to_database"] > 0 and closed["duration_ms"] >= 0
            with contextlib.closing(client.connected(running).log_in("broken")) as following:
                assert following.alive()


@pytest.mark.parametrize("megabytes", (1, 33))
def test_the_database_goes_in_the_middle_of_a_row(lab, gateway, client, megabytes):
    """The client gets what had come, and not a byte that the database did not send: an error put into the middle of a
    row would be taken for a part of it."""
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        with back_to_normal(running, client):
            way.limit(to_client=megabytes << 20)
            raw = client.connected(running).log_in("broken")
            raw.ask(client.large)
            got = []
            with pytest.raises((EOFError, ConnectionError)), ThreadPoolExecutor(1) as threads:
                reading = threads.submit(lambda: got.extend(raw.rows()))
                assert wait_until(lambda: way.links[-1].passed["to_client"] == megabytes << 20, 30)
                way.cut()
                reading.result()
            assert set(got) <= {1 << 20} and len(got) < megabytes  # an RST takes with it what was not read yet
            raw.close()
            assert running.audit("session_close", database="broken")["reason"].startswith("database_")


def test_a_slow_reader_slows_the_database_and_not_the_memory(lab, gateway, client):
    """100 MB for a client that does not read: they stay with the database."""
    running = gateway(with_databases(lab, client, database(lab, client.cross_account, database_name="large")))
    with back_to_normal(running, client):
        with contextlib.closing(client.connected(running).log_in("large")) as raw:
            before = memory_kb(running)
            raw.ask(client.large)

            passed = [0.0]

            def at_a_standstill():
                passed.append(running.metrics().value("rolegate_bytes_total", database="large", direction="to_client"))
                return passed[-1] == passed[-2] > 1 << 16

            assert wait_until(at_a_standstill, 30, interval=0.2)
            assert passed[-1] < 50 << 20
            if not sanitized(running):
                assert memory_kb(running) - before < 4096
            assert sum(raw.rows()) == 100 << 20
            assert raw.alive()
            if not sanitized(running):
                assert memory_kb(running, "VmHWM") - before < 8192


# During the login.

STEPS = 12


def test_the_database_stalls_in_each_step_of_the_handshake(lab, gateway, client):
    """One database for each place at which its answers end. All fail within connect_timeout, at their own step, while
    the next database serves."""
    with contextlib.ExitStack() as stack:
        whole = stack.enter_context(Forwarder(port_of(lab, client)))
        ways = [stack.enter_context(Forwarder(port_of(lab, client))) for _ in range(STEPS)]
        running = gateway(with_databases(lab, client, through(lab, client, whole, name="whole"),
                                         *(through(lab, client, way, name=f"stalls-{number}", more=TIMEOUT)
                                           for number, way in enumerate(ways))))
        # One after the other: together they could take longer than the timeout.
        for name in ("whole", *(f"stalls-{number}" for number in range(STEPS))):
            warm(running, client, name)
        all_bytes = whole.links[-1].passed["to_client"]
        assert all_bytes > 500
        # Not quite all: the last messages of a PostgreSQL login and the answer to SELECT 1 are among these bytes.
        limits = [0, 1, *(round(all_bytes * 0.8 * i / (STEPS - 2)) for i in range(1, STEPS - 1))]
        with back_to_normal(running, client):
            for way, limit in zip(ways, limits):
                way.limit(to_client=limit)
            with ThreadPoolExecutor(STEPS) as threads:
                errors = list(threads.map(lambda number: refusal(running, client, f"stalls-{number}"), range(STEPS)))
            for way in ways:
                way.wait_clients_gone()
        steps = []
        for number, error in enumerate(errors):
            line = running.audit("session_fail", database=f"stalls-{number}")
            assert (error.code, line["reason"]) == (UNREACHABLE[client.engine], "connect_timeout"), (limits[number], line)
            assert error.message and line["message"] in error.message
            steps.append(line["failed_step"])
            assert running.metrics().value("rolegate_logins_total", database=f"stalls-{number}", outcome="connect_timeout") == 1
        # MySQL speaks first: silence is a greeting that does not come.
        silent = {"postgresql": "did not finish TLS", "mysql": "did not send its greeting"}[client.engine]
        assert silent in errors[0].message
        assert steps == sorted(steps, key=("tcp", "tls", "handshake").index) and {"tls", "handshake"} <= set(steps), steps


@pytest.mark.parametrize("limit", (0, 1, 700))
def test_the_database_hangs_up_during_the_handshake(lab, gateway, client, limit):
    """RST in the place of a stall."""
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        warm(running, client)
        with back_to_normal(running, client):
            links = len(way.links)
            way.limit(to_client=limit)
            with ThreadPoolExecutor(1) as threads:
                failing = threads.submit(refusal, running, client)
                way.wait_links(links + 1)
                assert wait_until(lambda: way.links[-1].passed["to_client"] >= limit, 30)
                way.cut()
                error = failing.result()
        assert error.code == UNREACHABLE[client.engine], error
        assert running.audit("session_fail", database="broken")["failed_step"] in ("tls", "handshake")


FALSE = {"untrusted_certificate": "tls_verification_failed", "wrong_name": "tls_verification_failed",
         "expired_certificate": "tls_verification_failed", "password_before_tls": "tls_not_offered",
         "injected_bytes": "bytes_before_tls", "stall_connect": "connect_timeout", "stall_greeting": "connect_timeout",
         "stall_tls": "connect_timeout", "stall_auth": "connect_timeout"}


def test_false_databases_get_no_token(lab, gateway, client):
    """Each breaks one rule. `valid_certificate` breaks none and gets one: the control."""
    modes = [*FALSE, "valid_certificate"]
    before = {mode: sum(event["stage"] == "closed" for event in lab.impostor_events(client.engine, mode)) for mode in modes}
    entries = [{**database(lab, client.cross_account, database_name=mode),
                "sqlalchemy_uri": lab.impostor_uri(client.engine, mode) + (f"&{TIMEOUT}" if mode.startswith("stall_") else "")}
               for mode in modes]
    running = gateway(with_databases(lab, client, *entries))
    with back_to_normal(running, client), ThreadPoolExecutor(len(modes)) as threads:
        errors = dict(zip(modes, threads.map(lambda mode: refusal(running, client, mode), modes)))
    for mode, reason in FALSE.items():
        line = running.audit("session_fail", database=mode)
        assert line["reason"] == reason or (mode, line["reason"]) == ("injected_bytes", "tls_failed"), line
        assert SENTENCES.get(mode, "") in line["message"], line
        assert errors[mode].code == UNREACHABLE[client.engine], (mode, errors[mode])
        if mode not in ("stall_connect", "stall_auth"):
            assert lab.impostor_passwords(client.engine, mode, before[mode] + 1) == [], mode
            assert not impostor_log.seen(lab.impostor_events(client.engine, mode), "X-Amz-Signature"), mode
    assert errors["valid_certificate"].code == REFUSED[client.engine]
    assert any("X-Amz-Signature" in password for password in lab.impostor_passwords(client.engine, "valid_certificate"))


def test_nobody_listens(lab, gateway, client):
    with Forwarder(port_of(lab, client)) as way:
        running = gateway(with_databases(lab, client, through(lab, client, way)))
        way.refuse()
        with back_to_normal(running, client):
            assert refusal(running, client).code == UNREACHABLE[client.engine]
        line = running.audit("session_fail", database="broken")
        assert (line["reason"], line["failed_step"]) == ("connect_failed", "tcp")


def test_a_name_that_does_not_resolve(lab, gateway, client):
    """No look-up of a name delays the others, however long it takes."""
    entry = database(lab, client.cross_account, database_name="broken",
                     sqlalchemy_uri=f"{client.engine}://no-such-host.invalid/app?sslrootcert={lab.ca}&{TIMEOUT}")
    running = gateway(with_databases(lab, client, entry))
    with back_to_normal(running, client), ThreadPoolExecutor(8) as threads:
        failing = [threads.submit(refusal, running, client) for _ in range(8)]
        with contextlib.closing(client.connected(running).log_in(client.password_database)) as other:
            assert other.alive()
        for result in failing:
            assert result.result().code == UNREACHABLE[client.engine]
    line = running.audit("session_fail", database="broken")
    assert (line["reason"], line["failed_step"]) in (("resolve_failed", "resolve"), ("connect_timeout", "resolve"))
    assert "no-such-host.invalid" in line["message"]


# AWS.

STS = "sts:AssumeRole"
STS_FAULTS = {
    "down": ({"drop": True}, "http_connect", UNREACHABLE),
    "failing": ({"status": 503, "code": "ServiceUnavailable"}, "service_unavailable", UNREACHABLE),
    "malformed": ({"malformed": True}, "unexpected_answer", None),
    "denied": ({"error": {"code": "AccessDenied", "message": "not authorized to perform: sts:AssumeRole"}},
               "assume_role_denied", REFUSED),
    "stalled": ({"delay": 20}, "login_timeout", UNREACHABLE),
}


@pytest.mark.parametrize("fault", STS_FAULTS)
def test_sts(lab, gateway, client, fault):
    what, reason, codes = STS_FAULTS[fault]
    entry = database(lab, client.cross_account, database_name="broken")
    if fault == "stalled":
        entry["sqlalchemy_uri"] += "&" + TIMEOUT
    running = gateway(with_databases(lab, client, entry), environment={"AWS_MAX_ATTEMPTS": "1"})
    lab.admin("POST", "faults", [{"operation": STS, "times": None, "fault": what}])
    # More than there are threads to wait in: the next database must not wait for them.
    with ThreadPoolExecutor(32) as threads:
        failing = [threads.submit(refusal, running, client) for _ in range(32)]
        with contextlib.closing(client.connected(running).log_in(client.password_database)) as other:
            assert other.alive()
        errors = [result.result() for result in failing]
    assert len({error.code for error in errors}) == 1
    if codes:
        assert errors[0].code == codes[client.engine], errors[0]
    for line in running.audit_failures(32, database="broken"):
        assert (line["reason"], line["failed_step"]) == (reason, "role_credentials") and line["message"]
    assert running.metrics().value("rolegate_logins_total", database="broken", outcome=reason) == 32
    status, ready = running.readiness()
    assert status == 200 and "broken" in str(ready), ready
    # AWS is back: so is the database, without a restart.
    lab.admin("DELETE", "faults")
    assert wait_until(lambda: comes_in(running, client), 30, 0.2)


def comes_in(running, client):
    with contextlib.closing(client.connected(running)) as raw:
        try:
            return raw.log_in("broken").alive()
        except Refused:
            return False


def test_sts_down_with_credentials_in_hand(lab, gateway, client):
    """Credentials that are still valid go on being used."""
    running = gateway()
    with contextlib.closing(client.connected(running).log_in(client.cross_account)) as raw:
        assert raw.alive()
    lab.admin("POST", "faults", [{"operation": STS, "times": None, "fault": {"drop": True}}])
    with back_to_normal(running, client):
        for _ in range(3):
            with contextlib.closing(client.connected(running).log_in(client.cross_account)) as raw:
                assert raw.alive()


def test_too_many_logins_at_once_wait_for_their_turn(lab, gateway, client):
    """login_rate: the excess waits, and what would wait too long is told so; nothing else is delayed."""
    running = gateway({"gateway": {"login_rate": 2}, **with_databases(
        lab, client, database(lab, client.password_database, database_name="broken"))})

    began = time.monotonic()

    def attempt(_):
        """How it ended, when, and after how long."""
        own_began = time.monotonic()
        with contextlib.closing(client.connected(running)) as raw:
            try:
                outcome = raw.log_in("broken").alive()
            except Refused as error:
                outcome = error.code
        now = time.monotonic()
        return outcome, now - began, now - own_began

    with ThreadPoolExecutor(40) as threads:
        attempts = list(threads.map(attempt, range(40)))
    excess = {"postgresql": "53300", "mysql": 1040}[client.engine]
    assert {outcome for outcome, _, _ in attempts} == {True, excess}, attempts
    # Two at once, and two a second: none comes sooner, however many come at a time.
    let_in = sorted(when for outcome, when, _ in attempts if outcome is True)
    assert all(when >= (number - 2) / 2 for number, when in enumerate(let_in, 1)), let_in
    # As many may wait as have their turn within ten seconds, and on a machine that is late with it, in vain.
    assert sum(outcome is True or lasted >= 10 for outcome, _, lasted in attempts) >= 20, attempts
    assert running.audit("session_fail", database="broken")["reason"] == "login_rate_exceeded"
