"""What each user of the gateway may have, where from and for how long, and what the database knows of it."""

import base64
import contextlib
from concurrent.futures import ThreadPoolExecutor

import mysql_wire
import postgresql_wire as wire
import psycopg2
import pymysql
import pytest
import verifiers
from gateway import PASSWORD, USER, VERIFIER
from gateway_mysql import DATABASE, connected
from gateway_mysql import value as mysql_value
from postgresql_clients import PG, begin_waiting, connect, lock_held, logged_in, psql, value
from servers.processes import wait_until

BOUND_SECONDS = 30


def user(**changes):
    return {"name": USER, "password": VERIFIER, "databases": ["*"], **changes}


def users(*entries, **gateway):
    return {"gateway": {"users": list(entries), **gateway}}


def postgresql_error(running, **more):
    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect(**running.postgresql(PG, **more))
    return str(refused.value)


def mysql_error(running, **more):
    with pytest.raises(pymysql.err.OperationalError) as refused:
        connected(running, **more)
    return refused.value.args


# How many, and for how long.

def test_a_user_has_so_many_sessions_of_both_kinds_together(gateway):
    running = gateway(users(user(max_sessions=2), user(name="bob")))
    with connect(running), contextlib.closing(connected(running)):
        assert 'user "alice" has no room for another session' in postgresql_error(running)
        assert mysql_error(running)[0] == 1203
        with connect(running, user="bob"), connect(running, user="bob"), connect(running, user="bob"):
            pass
        assert running.audit("session_fail", user=USER)["reason"] == "too_many_sessions"

    def room_again():
        with contextlib.suppress(psycopg2.OperationalError), connect(running):
            return True
        return False

    assert wait_until(room_again, BOUND_SECONDS)


def test_a_session_ends_at_the_age_that_its_user_may_reach(gateway):
    running = gateway(users(user(max_age="1s"), user(name="bob")))
    # A login that takes longer than that ends with the session's first word, and its last.
    with logged_in(running) as session, mysql_wire.Connection(running.mysql_address()) as mysql, \
            connect(running, user="bob") as other:
        mysql.log_in(USER, PASSWORD, DATABASE, secure=True)
        error = session.receive()
        assert (error.type, error.fields()["C"]) == ("E", "57P01") and "max_age" in error.fields()["H"]
        assert session.at_end()
        assert len(running.audit_all(2, "session_close", reason="max_age")) == 2
        with pytest.raises((mysql_wire.ServerError, EOFError, ConnectionError)):
            mysql.ping()
        assert value(other, "SELECT 1") == 1


def test_a_users_logins_that_wait_delay_no_other_user(gateway):
    """In the line of login_rate users take turns, wherever they come from. How many of bob's were let in while alice was
    on her way to it is a matter of how fast this machine is; of those that waited then, all but a few come after her."""
    running = gateway(users(user(), user(name="bob"), login_rate=1))

    def opened():
        return [line["user"] for line in running.whole_audit() if line["event"] == "session_open"]

    with contextlib.ExitStack() as stack:
        def wait_in_line(name):
            connection = stack.enter_context(wire.Connection(running.postgresql_address()))
            connection.prove(name, PASSWORD, PG)
            return connection

        for _ in range(9):
            wait_in_line("bob")
        alice = wait_in_line(USER)
        running.wait_metric(0, "rolegate_authenticating_connections")
        already = len(opened())
        assert alice.until_ready()[-1].type == "Z"
        now = opened()
        assert now.index(USER) - already <= 3, (already, now)


# Where from.

def test_from_elsewhere_the_right_password_is_a_wrong_one(gateway):
    running = gateway(users(user(addresses=["192.0.2.0/24"]), user(name="bob", addresses=["10.0.0.0/8", "127.0.0.0/8"])))
    assert 'password authentication failed for user "alice"' in postgresql_error(running)
    assert mysql_error(running)[0] == 1045
    for failed in running.audit_all(2, "session_fail", user=USER):
        assert (failed["reason"], failed["message"]) == ("authentication_failed", "the user may not come from this address")
    with connect(running, user="bob") as postgresql, contextlib.closing(connected(running, user="bob")) as mysql:
        assert value(postgresql, "SELECT 1") == mysql_value(mysql, "SELECT 1") == 1
    # Networks are of no concern on unix sockets.
    with connect(running, unix=True) as postgresql, contextlib.closing(connected(running, unix=True)) as mysql:
        assert value(postgresql, "SELECT 1") == mysql_value(mysql, "SELECT 1") == 1


# Unknown ones.

def challenge(running, name):
    """Salt and iterations that a client of that name is shown."""
    with wire.Connection(running.postgresql_address()) as connection:
        connection.send(wire.startup_message({"user": name, "database": PG}))
        first = b"n,,n=,r=abcdefgh"
        assert connection.receive().type == "R"
        connection.send(wire.framed("p", b"SCRAM-SHA-256\0" + len(first).to_bytes(4, "big") + first))
        shown = dict(part.split("=", 1) for part in connection.receive().body[4:].decode().split(","))
    return base64.b64decode(shown["s"]), int(shown["i"])


def test_nobody_is_shown_what_a_user_would_be_after_a_restart_and_on_every_replica(gateway):
    entries = [user(password=verifiers.scram(PASSWORD, iterations=10000)), user(name="bob", addresses=["192.0.2.7"],
                                                                               password=verifiers.scram("x", iterations=10000))]
    first = gateway(users(*entries))
    names = ("nobody", "somebody", USER, "bob")
    shown = {name: challenge(first, name) for name in names}
    assert {iterations for _, iterations in shown.values()} == {10000}
    assert {len(salt) for salt, _ in shown.values()} == {16} and len(set(shown.values())) == len(names)
    another = gateway(users(*reversed(entries)))
    assert {name: challenge(another, name) for name in names} == shown


# What a reload takes away.

def test_a_reload_ends_the_sessions_that_could_not_be_opened_any_more(gateway):
    narrow = {"databases": [PG]}
    running = gateway(users(user(), user(name="bob"), user(name="carol")))
    with logged_in(running) as removed, connect(running, user="bob") as kept, connect(running, user="carol") as elsewhere, \
            contextlib.closing(connected(running, user="bob")) as taken_away:
        running.write_configuration(users(user(name="bob", **narrow), user(name="carol", addresses=["192.0.2.0/24"])))
        running.reload()
        error = removed.receive()
        assert (error.type, error.fields()["C"]) == ("E", "57P01")
        assert error.fields()["M"] == 'the gateway\'s configuration no longer lets user "alice" have this session'
        assert removed.at_end()
        assert {line["user"] for line in running.audit_all(3, "session_close", reason="no_longer_allowed")} == {USER, "bob", "carol"}
        with pytest.raises(pymysql.err.OperationalError):
            mysql_value(taken_away, "SELECT 1")
        with pytest.raises(psycopg2.OperationalError):
            value(elsewhere, "SELECT 1")
        assert value(kept, "SELECT 1") == 1


def test_a_session_that_is_no_longer_allowed_ends_in_the_middle_of_a_query(lab, gateway):
    """PostgreSQL's clients may be told between two messages, also while an answer is awaited."""
    running = gateway(users(user(), user(name="bob")))
    with logged_in(running) as session, lock_held(lab) as lock:
        begin_waiting(session, lab, lock)
        running.write_configuration(users(user(name="bob")))
        running.reload()
        assert session.receive().fields()["C"] == "57P01"
        assert session.at_end()


def test_a_reload_gives_them_a_grace_and_another_takes_it_back(gateway):
    """The second reload comes long before the grace is over, on a slow machine too: what it allows again stays."""
    running = gateway(users(user(), user(name="bob")))
    with connect(running) as allowed_again, connect(running, user="bob") as gone:
        running.write_configuration(users(user(name="carol"), grace="5s"))
        running.reload()
        assert value(allowed_again, "SELECT 1") == value(gone, "SELECT 1") == 1
        running.write_configuration(users(user(), grace="5s"))
        running.reload()
        running.audit("session_close", user="bob", reason="no_longer_allowed")
        with pytest.raises(psycopg2.OperationalError):
            value(gone, "SELECT 1")
        assert value(allowed_again, "SELECT 1") == 1


def test_who_is_removed_while_logging_in_does_not_stay(lab, gateway):
    """The session began with the configuration of before, and is let in after the reload."""
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": 1, "fault": {"delay": 2}}])
    running = gateway(users(user(), user(name="bob")))
    with wire.Connection(running.postgresql_address()) as session, ThreadPoolExecutor(1) as threads:
        login = threads.submit(session.log_in, USER, PASSWORD, PG)
        assert wait_until(lambda: lab.calls().get("sts:AssumeRole", 0) > 0, BOUND_SECONDS)
        running.write_configuration(users(user(name="bob")))
        running.reload()
        assert running.audit("session_close", user=USER)["reason"] == "no_longer_allowed"
        login.result(BOUND_SECONDS)


# What the database knows.

def test_the_database_is_told_who_it_is(gateway):
    running = gateway(users(user(), identify="application_name"))
    done = psql(running, "-c", "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    assert done.stdout == "alice: psql\n", done.stderr
    with connect(running, application_name="x" * 100) as connection:
        assert value(connection, "SHOW application_name") == "alice: " + "x" * 56
    with contextlib.closing(connected(running, program_name="tour")) as connection:
        attribute = "SELECT attr_value FROM performance_schema.session_account_connect_attrs " \
                    "WHERE processlist_id = connection_id() AND attr_name = '{}'"
        assert mysql_value(connection, attribute.format("rolegate_user")) == USER
        assert mysql_value(connection, attribute.format("program_name")) == "tour"


def test_the_database_is_told_nothing_unless_asked_for(gateway):
    running = gateway()
    with connect(running, application_name="mine") as connection:
        assert value(connection, "SHOW application_name") == "mine"
    with contextlib.closing(connected(running)) as connection:
        assert mysql_value(connection, "SELECT count(*) FROM performance_schema.session_account_connect_attrs "
                                       "WHERE processlist_id = connection_id() AND attr_name = 'rolegate_user'") == 0


# Without an audit log.

def test_nobody_is_let_in_while_the_audit_log_cannot_be_written(gateway):
    running = gateway({"gateway": {"audit_log": "/dev/full", "audit_required": True}})
    with connect(running) as before:
        running.wait_metric(1, "rolegate_audit_lines_lost_total")
        assert "the gateway cannot write its audit log, and lets nobody in without one" in postgresql_error(running)
        assert mysql_error(running)[0] == 1053
        assert value(before, "SELECT 1") == 1, "open sessions go on"
    assert running.metrics().value("rolegate_refusals_total", reason="audit_log") == 2
    running.write_configuration({"gateway": {"audit_required": True}})
    running.reload()

    def let_in_again():
        with contextlib.suppress(psycopg2.OperationalError), connect(running):
            return True
        return False

    assert wait_until(let_in_again, BOUND_SECONDS)
    assert running.audit("session_open")["user"] == USER


def test_unless_it_is_required_a_lost_line_keeps_nobody_out(gateway):
    running = gateway({"gateway": {"audit_log": "/dev/full"}})
    with connect(running):
        running.wait_metric(1, "rolegate_audit_lines_lost_total")
        with connect(running) as second:
            assert value(second, "SELECT 1") == 1
