"""Ending a statement that runs: by KILL with the id that the client was greeted with, and in each client's own way.

The gateway gives every session an id of its own, since two databases may give out the same; KILL is put into the terms
of the database on its way there.
"""

import contextlib
import secrets
import signal
import subprocess
from dataclasses import replace

import mysql_clients
import mysql_wire
import pymysql
import pytest
import verifiers
from forwarder import Forwarder
from gateway import PASSWORD, USER
from gateway_mysql import DATABASE, UPSTREAM_USER, Sleeper, connected, target, value, wait_running
from pymysql.constants import CLIENT
from raw_clients import CLIENTS
from test_gateway_faults import through

START_OF_A_PROGRAM_SECONDS = 120  # a JVM's, on a busy machine
INTERRUPTED, UNKNOWN_THREAD = 1317, 1094
GONE = (1317, 1927, 2006, 2013)  # what clients say when their session was killed


@pytest.fixture
def long_sql():
    """A statement that lasts, and that is not taken for another test's."""
    return f"SELECT SLEEP(60) + 0x{secrets.token_hex(8)}"


def own_id(connection):
    """The database's id of a session: with the gateway's own ids it must differ, or these tests prove nothing."""
    return value(connection, "SELECT CONNECTION_ID()")


def make_ids_differ(running):
    """Sessions of the second database use ids up, so that the next session's two ids are not equal by chance."""
    for _ in range(3):
        connected(running, "aurora_mysql_password").close()


@pytest.mark.parametrize("statement", (
    "KILL QUERY {}", "kill query {}", "KILL HARD QUERY {}", "KILL SOFT QUERY {}",
    "  KILL\n\tQUERY   {} ", "KILL QUERY {};", "/* a comment */ KILL QUERY {}", "-- a comment\nKILL QUERY {}",
    "KILL QUERY {} # a comment", "KILL QUERY ({})", "EXECUTE IMMEDIATE 'KILL QUERY {}'",
    "SELECT ';'; KILL QUERY {}", "KILL QUERY {}; SELECT 1"))
def test_kill_query_by_the_id_of_the_greeting(gateway, statement, long_sql):
    running = gateway()
    with connected(running, client_flag=CLIENT.MULTI_STATEMENTS) as killer:
        make_ids_differ(running)
        with Sleeper(running, long_sql) as sleeper:
            wait_running(killer, long_sql)
            with killer.cursor() as cursor:
                cursor.execute(statement.format(sleeper.id))
                while cursor.nextset():
                    pass
            assert sleeper.code() == INTERRUPTED
            assert value(sleeper.connection, "SELECT 1") == 1
            assert own_id(sleeper.connection) > 0
        assert value(killer, "SELECT 1") == 1


def test_kill_ends_the_session(gateway, long_sql):
    running = gateway()
    with connected(running) as killer, Sleeper(running, long_sql) as sleeper:
        wait_running(killer, long_sql)
        with killer.cursor() as cursor:
            cursor.execute(f"KILL {sleeper.id}")
        assert sleeper.code() in GONE
        assert value(killer, "SELECT 1") == 1


def prepared(connection, sql):
    """The id of a prepared statement, without columns."""
    answer = connection.command(mysql_wire.COM_STMT_PREPARE, sql.encode()).payload
    if int.from_bytes(answer[7:9], "little"):  # parameters, and what ends their definitions
        while connection.receive().payload[:1] != b"\xfe":
            pass
    return answer[1:5]


@contextlib.contextmanager
def sleeper_and_killer(running, sql):
    """A session inside a statement that lasts, and two more of its user: one spoken byte by byte, one of PyMySQL."""
    make_ids_differ(running)
    with connected(running) as watcher, Sleeper(running, sql) as sleeper, \
            mysql_wire.Connection(running.mysql_address()) as killer:
        killer.log_in(USER, PASSWORD, DATABASE, secure=True)
        wait_running(watcher, sql)
        yield sleeper, killer, watcher


def test_a_prepared_kill(gateway, long_sql):
    with sleeper_and_killer(gateway(), long_sql) as (sleeper, killer, _):
        statement = prepared(killer, f"KILL QUERY {sleeper.id}")
        killer.command(mysql_wire.COM_STMT_EXECUTE, statement + b"\0\1\0\0\0")
        assert sleeper.code() == INTERRUPTED


def test_a_prepared_kill_of_a_parameter_takes_the_databases_own_id(gateway, long_sql):
    with sleeper_and_killer(gateway(), long_sql) as (sleeper, killer, watcher):
        statement = prepared(killer, "KILL QUERY ?")

        def execute(number):
            killer.command(mysql_wire.COM_STMT_EXECUTE, statement + b"\0\1\0\0\0\0\1\x08\0" + number.to_bytes(8, "little"))

        with pytest.raises(mysql_wire.ServerError) as error:
            execute(sleeper.id)
        assert error.value.code == UNKNOWN_THREAD and "SELECT CONNECTION_ID()" in error.value.message
        execute(value(watcher, f"SELECT ID FROM information_schema.processlist WHERE INFO = '{long_sql}'"))
        assert sleeper.code() == INTERRUPTED


@pytest.mark.parametrize("statement", ("KILL QUERY {}+0", "SELECT 1; KILL QUERY '{}'", "EXECUTE IMMEDIATE 'KILL ?' USING {}"))
def test_a_kill_that_is_not_understood_says_which_id_to_use(gateway, statement, long_sql):
    """That one does it in any form."""
    running = gateway()
    with connected(running, client_flag=CLIENT.MULTI_STATEMENTS) as killer, connected(running) as other:
        make_ids_differ(running)
        with pytest.raises(pymysql.err.MySQLError) as error, killer.cursor() as cursor:
            cursor.execute(statement.format(other.thread_id()))
        assert error.value.args[0] == UNKNOWN_THREAD and "SELECT CONNECTION_ID()" in error.value.args[1]
        assert value(killer, "SELECT 1") == 1
        with killer.cursor() as cursor:
            cursor.execute(statement.format(own_id(other)))
            while cursor.nextset():
                pass


def test_com_process_kill(gateway, long_sql):
    running = gateway()
    with connected(running) as killer, Sleeper(running, long_sql) as sleeper:
        wait_running(killer, long_sql)
        killer.kill(sleeper.id)
        assert sleeper.code() in GONE
        running.wait_metric(1, "rolegate_sessions", database=DATABASE)


def test_kill_by_the_databases_own_id(gateway, long_sql):
    """CONNECTION_ID(), SHOW PROCESSLIST: ids that the gateway never gave out pass as they are."""
    running = gateway()
    with connected(running) as killer:
        with Sleeper(running, long_sql) as sleeper:
            wait_running(killer, long_sql)
            number = value(killer, f"SELECT ID FROM information_schema.processlist WHERE INFO = '{long_sql}'")
            with killer.cursor() as cursor:
                cursor.execute(f"KILL QUERY {number}")
            assert sleeper.code() == INTERRUPTED


def test_a_session_of_somebody_else_cannot_be_killed_by_its_id(gateway, long_sql):
    """Both are the same user to the database, so it is the gateway that must tell them apart."""
    users = [{"name": name, "password": verifiers.both(PASSWORD), "databases": ["*"]} for name in (USER, "bob")]
    running = gateway({"gateway": {"users": users}})
    with connected(running) as watcher, connected(running, user="bob") as bob:
        make_ids_differ(running)
        with Sleeper(running, long_sql) as sleeper:
            wait_running(watcher, long_sql)
            with pytest.raises(pymysql.err.MySQLError) as error, bob.cursor() as cursor:
                cursor.execute(f"KILL QUERY {sleeper.id}")
            assert error.value.args[0] == UNKNOWN_THREAD
            wait_running(watcher, long_sql)
            watcher.cursor().execute(f"KILL QUERY {sleeper.id}")
            assert sleeper.code() == INTERRUPTED


def test_kill_does_not_cross_databases(gateway, long_sql):
    """The id of a session with another database is nothing that this database could be told."""
    running = gateway()
    with connected(running) as watcher, connected(running, "aurora_mysql_password") as other:
        with Sleeper(running, long_sql) as sleeper:
            wait_running(watcher, long_sql)
            with pytest.raises(pymysql.err.MySQLError) as error, other.cursor() as cursor:
                cursor.execute(f"KILL QUERY {sleeper.id}")
            assert error.value.args[0] in (UNKNOWN_THREAD, 1095)
            wait_running(watcher, long_sql)


def test_kill_does_not_cross_servers(gateway, lab, long_sql):
    """One database's name may lead to several servers, whose connections have the same ids. Here another way to the same
    server stands for them: where it is taken for the same, the KILL hits."""
    running = gateway()
    with Forwarder(lab.kinds["aurora_mysql"]["connect_port"]) as way, connected(running) as watcher:
        with Sleeper(running, long_sql) as sleeper:
            wait_running(watcher, long_sql)
            running.write_configuration({"databases": [through(lab, CLIENTS["mysql"], way, DATABASE, DATABASE)]})
            running.reload()
            with connected(running) as elsewhere:
                assert way.links
                for kill in (lambda: elsewhere.kill(sleeper.id), lambda: value(elsewhere, f"KILL QUERY {sleeper.id}")):
                    with pytest.raises(pymysql.err.MySQLError) as error:
                        kill()
                    assert error.value.args[0] == UNKNOWN_THREAD and "another server" in error.value.args[1]
            wait_running(watcher, long_sql)
            watcher.cursor().execute(f"KILL QUERY {sleeper.id}")
            assert sleeper.code() == INTERRUPTED


def test_kill_inside_a_long_statement_is_not_touched(gateway):
    """Text that only mentions it must arrive as it was written."""
    with connected(gateway()) as connection:
        text = f"KILL QUERY {connection.thread_id()}"
        assert value(connection, f"SELECT '{text}'") == text


@pytest.mark.parametrize("draining", (False, True), ids=("", "draining"))
@pytest.mark.parametrize("others", ((), ("aurora_mysql_password",)))
@pytest.mark.parametrize("named", ("user", "schema"))
def test_ctrl_c_in_mariadb(gateway, long_sql, named, others, draining):
    """It kills the query through a second connection of its own, which names no schema; `others`: with which databases
    the user has sessions, too."""
    running = gateway({"gateway": {"drain_timeout": "1h"}})
    where = target(running, None, "tcp")
    if named == "user":
        where = replace(where, user=f"{USER}@{DATABASE}", schema=None)
    with contextlib.ExitStack() as stack:
        watcher = stack.enter_context(connected(running))
        for other in others:
            stack.enter_context(connected(running, other))
        process = subprocess.Popen(where.mariadb("--batch", "-N", "--force"), text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=where.mariadb_environment(),
                                   start_new_session=True)
        try:
            process.stdin.write(long_sql + ";\n")
            process.stdin.flush()
            wait_running(watcher, long_sql)
            if draining:
                running.signal(signal.SIGTERM)
                running.wait_notified("STOPPING=1")
            process.send_signal(signal.SIGINT)
            wait_running(watcher, long_sql, False)
            out, errors = process.communicate("SELECT 'still here';\n", timeout=30)
        finally:
            process.kill()
    assert f"ERROR {INTERRUPTED} (70100)" in errors and "still here" in out, (out, errors)
    assert not draining or running.wait_exit() == 0


@contextlib.contextmanager
def without_a_database(running):
    """A connection that names none, while the user has sessions with two."""
    with connected(running) as first, connected(running, "aurora_mysql_password"), \
            mysql_wire.Connection(running.mysql_address()) as killer:
        killer.log_in(USER, PASSWORD, secure=True)
        yield first, killer


def test_without_a_database_ones_own_sessions_can_be_killed(gateway):
    with without_a_database(gateway()) as (first, killer):
        killer.send(0, b"\x0c" + first.thread_id().to_bytes(4, "little"))
        assert killer.receive().checked().payload[:1] == b"\0"
        killer.ping()  # it is a session with that database now
        with pytest.raises(pymysql.err.MySQLError):
            value(first, "SELECT 1")


def test_without_a_database_the_only_one_in_use_is_meant(gateway):
    running = gateway()
    with pytest.raises(pymysql.err.MySQLError) as refused:
        connected(running, None)
    assert refused.value.args[0] == 1046
    with connected(running), connected(running, None) as second:
        assert value(second, "SELECT substring_index(user(), '@', 1)") == UPSTREAM_USER


LONGER_THAN_A_LOGIN = "SELECT SLEEP(11)"  # which has ten seconds


def test_what_began_with_a_kill_may_last_longer_than_a_login(gateway):
    with without_a_database(gateway()) as (first, killer):
        killer.send(0, b"\x0c" + first.thread_id().to_bytes(4, "little"))
        assert killer.receive().checked().payload[:1] == b"\0"
        killer.send(0, b"\x03DO " + LONGER_THAN_A_LOGIN.removeprefix("SELECT ").encode())
        assert killer.receive().checked().payload[:1] == b"\0"


NOT_A_KILL = {"query": b"\x03SELECT 1", "long query": b"\x03" + b"x" * 1000, "ping": b"\x0e", "unknown id": b"\x0c\1\0\0\0",
              "change user": b"\x11bob\0", "schema": b"\x02shop"}


@pytest.mark.parametrize("command", NOT_A_KILL.values(), ids=NOT_A_KILL)
def test_without_a_database_nothing_else_is_done(gateway, command):
    with without_a_database(gateway()) as (_, killer):
        killer.send(0, command)
        with pytest.raises(mysql_wire.ServerError) as error:
            killer.receive().checked()
        assert (error.value.code, error.value.sequence) == (1046, 1)
        assert "aurora_mysql_password" in error.value.message and DATABASE in error.value.message
        assert killer.at_end()


def test_without_a_database_sessions_of_others_are_out_of_reach(gateway):
    users = [{"name": name, "password": verifiers.both(PASSWORD), "databases": ["*"]} for name in (USER, "bob")]
    running = gateway({"gateway": {"users": users}})
    with without_a_database(running) as (_, killer), connected(running, user="bob") as bob:
        killer.send(0, b"\x0c" + bob.thread_id().to_bytes(4, "little"))
        with pytest.raises(mysql_wire.ServerError) as error:
            killer.receive().checked()
        assert error.value.code == 1046
        assert value(bob, "SELECT 1") == 1


def test_without_a_database_a_client_may_just_leave(gateway):
    """Its password was right: the audit log knows."""
    running = gateway()
    with without_a_database(running) as (first, killer):
        killer.send(0, b"\x01")
        assert killer.at_end()
        assert value(first, "SELECT 1") == 1
        left = running.audit("session_fail", reason="client_gone")
        assert (left["user"], left["authentication"]) == (USER, "mysql_native_password")


@pytest.mark.parametrize("client", ("jdbc", "mysql2"))
def test_cancel_of_a_driver(gateway, client, long_sql):
    """Statement.cancel() of JDBC; KILL QUERY by threadId with mysql2, which has nothing of its own."""
    running = gateway()
    where = target(running, None, "tcp")
    with connected(running) as watcher:
        make_ids_differ(running)
        process = subprocess.Popen([*mysql_clients.program(client), "cancel"], stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=where.environment(TOUR_SQL=long_sql))
        try:
            wait_running(watcher, long_sql, seconds=START_OF_A_PROGRAM_SECONDS)
            out, errors = process.communicate("now\n", timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert mysql_clients.named(out) == {"cancelled": f"{INTERRUPTED} 70100", "after": "1"}


def test_ids_are_not_used_twice_at_once(gateway):
    running = gateway()
    connections = [mysql_wire.Connection(running.mysql_address()) for _ in range(50)]
    try:
        assert len({connection.greet().connection_id for connection in connections}) == 50
    finally:
        for connection in connections:
            connection.close()
