"""Who may come in through MySQL's ways of logging in, and that the others learn nothing and cost the database nothing."""

import os
import ssl
import subprocess

import mysql_clients
import mysql_wire
import pymysql
import pytest
import verifiers
from gateway import PASSWORD, USER, database
from gateway_mysql import DATABASE, connected, own_listener, target, value, with_tls
from program import made_calls

NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"


def raw(running, lab, way):
    """A connection that a password may be sent over in the clear, but for way "tcp"."""
    if way == "unix":
        return mysql_wire.Connection(running.mysql_socket())
    connection = mysql_wire.Connection(running.mysql_address())
    connection.greet()
    if way == "tls":
        connection.start_tls(ssl.create_default_context(cafile=str(lab.ca)), "localhost")
    return connection


@pytest.mark.parametrize("way", ("tls", "unix"))
def test_the_whole_password_once_and_then_the_fast_path(lab, gateway, way):
    running = gateway(with_tls(lab))
    paths = []
    for _ in range(3):
        with raw(running, lab, way) as connection:
            connection.log_in(USER, PASSWORD, DATABASE, plugin=SHA2, secure=True)
            paths.append(connection.path)
            connection.ping()
    assert paths == ["full", "fast", "fast"]


def test_a_new_password_ends_the_fast_path_of_the_old(gateway):
    running = gateway()
    with raw(running, None, "unix") as connection:
        connection.log_in(USER, PASSWORD, DATABASE, plugin=SHA2, secure=True)
    users = [{"name": USER, "password": verifiers.both("another password"), "databases": ["*"]}]
    running.write_configuration({"gateway": {"users": users}})
    running.reload()
    with raw(running, None, "unix") as connection, pytest.raises(mysql_wire.ServerError) as error:
        connection.log_in(USER, PASSWORD, DATABASE, plugin=SHA2, secure=True)
    assert error.value.code == 1045
    with raw(running, None, "unix") as connection:
        connection.log_in(USER, "another password", DATABASE, plugin=SHA2, secure=True)
        assert connection.path == "full"


def test_over_tcp_without_tls_the_password_travels_encrypted(gateway):
    """PyMySQL asks for the RSA key; the second time the fast path needs none. A relay in between sees no password."""
    running = gateway()
    for _ in range(2):
        with connected(running) as connection:
            assert value(connection, "SELECT DATABASE()") == "shop"
    assert [line["authentication"] for line in running.audit_all(2, "session_open")] == [SHA2, SHA2]


@pytest.mark.parametrize("plugin", (NATIVE, SHA2))
@pytest.mark.parametrize("way", ("tcp", "tls", "unix"))
def test_whatever_method_a_client_begins_with(lab, gateway, plugin, way):
    running = gateway(with_tls(lab) if way == "tls" else None)
    where = target(running, lab, way)
    done = subprocess.run(where.mariadb(f"--default-auth={plugin}", "-N", "-e", "SELECT COUNT(*) FROM orders"),
                          env=where.mariadb_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "5\n"), done.stderr
    assert running.audit("session_open")["authentication"] in (NATIVE, SHA2)


def test_native_password(gateway):
    """For clients that know nothing else."""
    running = gateway()
    with raw(running, None, "tcp") as connection:
        connection.log_in(USER, PASSWORD, DATABASE, capabilities=mysql_wire.BASE)
        assert connection.query("SELECT COUNT(*) FROM orders") == [["5"]]
        assert connection.path == ""
    assert running.audit("session_open")["authentication"] == NATIVE


def test_without_a_native_verifier_the_client_is_asked_for_the_better_method(gateway):
    running = gateway({"gateway": {"users": [{"name": USER, "password": verifiers.scram(PASSWORD), "databases": ["*"]}]}})
    with raw(running, None, "unix") as connection:
        connection.log_in(USER, PASSWORD, DATABASE, plugin=NATIVE, secure=True)
        assert connection.path == "full"
    assert running.audit("session_open")["authentication"] == SHA2


def test_peer(gateway):
    running = gateway({"gateway": {"users": [{"name": "ci", "peer_uid": os.getuid(), "databases": [DATABASE]}]}})
    with connected(running, unix=True, user="ci", password="") as connection:
        assert value(connection, "SELECT DATABASE()") == "shop"
    line = running.audit("session_open")
    assert (line["authentication"], line["client_uid"], line["user"]) == ("peer", os.getuid(), "ci")
    with pytest.raises(pymysql.err.MySQLError) as error:  # over TCP there is no peer to look at
        connected(running, user="ci", password="")
    assert error.value.args[0] == 1045


def test_without_users(lab, gateway):
    running = gateway({"gateway": {"users": None}})
    with connected(running, unix=True, user="whoever", password="") as connection:
        assert value(connection, "SELECT DATABASE()") == "shop"
    assert running.audit("session_open")["authentication"] == "owner"
    lab.reset()
    with pytest.raises(pymysql.err.MySQLError) as error:
        connected(running)
    assert "users" in error.value.args[1] and "rolegate passwd" in error.value.args[1]
    assert made_calls(lab) == {}


REFUSED = {
    "wrong password": dict(user="alice", password="wrong"),
    "no password": dict(user="alice", password=""),
    "unknown user": dict(user="mallory", password="wrong"),
    "unknown user, no password": dict(user="mallory", password=""),
    "a user without a password": dict(user="ci", password="wrong"),
}


@pytest.mark.parametrize("plugin", (NATIVE, SHA2))
def test_refusals_look_alike_and_cost_the_database_nothing(lab, gateway, plugin):
    running = gateway({"gateway": {"users": [
        {"name": "alice", "password": verifiers.both(PASSWORD), "databases": [DATABASE]},
        {"name": "ci", "peer_uid": 4000000000, "databases": [DATABASE]}]}})
    seen = {}
    for what, who in REFUSED.items():
        with raw(running, None, "unix") as connection:
            with pytest.raises(mysql_wire.ServerError) as error:
                connection.log_in(who["user"], who["password"], DATABASE, plugin=plugin, secure=True)
            text = error.value.message.replace(who["user"], "USER")
            seen[what] = (error.value.code, error.value.sqlstate, text, error.value.sequence, connection.path)
    with_password = {what: found for what, found in seen.items() if "no password" not in what}
    assert len(set(with_password.values())) == 1, with_password
    assert seen["no password"] == seen["unknown user, no password"]
    for what, found in seen.items():
        assert found[:2] == (1045, "28000")
        used = "NO" if "no password" in what else "YES"
        assert found[2].startswith(f"Access denied for user 'USER'@'localhost' (using password: {used}). "), found[2]
    assert made_calls(lab) == {} and lab.decisions() == []
    # Who shows no password has guessed nothing.
    guesses = [who["user"] for who in REFUSED.values() if who["password"]]
    assert running.metrics().value("rolegate_refusals_total", reason="authentication") == len(guesses)
    assert running.metrics().value("rolegate_probes_total") == len(REFUSED) - len(guesses)
    lines = running.audit_all(len(guesses), "session_fail")
    assert [line["user"] for line in lines] == guesses
    assert all("upstream" not in line and line["duration_ms"] >= 0 for line in lines)


def test_a_refusal_names_the_host_as_servers_do(gateway):
    with pytest.raises(pymysql.err.OperationalError) as error:
        connected(gateway(), password="wrong")
    assert error.value.args[1].startswith(f"Access denied for user '{USER}'@'127.0.0.1' (using password: YES)")


def test_as_many_attributes_as_servers_take(gateway):
    """That is 65,535 bytes of them, whatever their number."""
    def attempt(attributes):
        with raw(running, None, "unix") as connection:
            connection.greet()
            length = b"\xfd" + len(attributes).to_bytes(3, "little")
            response = connection.response(USER, PASSWORD, DATABASE, mysql_wire.BASE | mysql_wire.CONNECT_ATTRS)
            connection.send(1, response + length + attributes)
            connection.finish_login(PASSWORD, secure=True)
            return connection.query(mysql_clients.OWN_ATTRIBUTE.replace("'tour'", "'k'"))

    running = gateway()
    assert attempt(b"\1k\1v" + b"\1n\1v" * 10000) == [["v"]]
    assert attempt(b"\1k\1v" + b"\2nn\1v" + bytes(65526)) == [["v"]]
    with pytest.raises(mysql_wire.ServerError) as error:
        attempt(bytes(65536))
    assert (error.value.code, error.value.sqlstate) == (1043, "08S01")


def test_a_user_name_may_hold_an_at_sign(gateway):
    name = f"{USER}@corp.example"
    running = gateway({"gateway": {"users": [{"name": name, "password": verifiers.both(PASSWORD), "databases": [DATABASE]}]}})
    for schema, user in ((DATABASE, name), (None, f"{name}@{DATABASE}")):
        with connected(running, schema, user=user) as connection:
            assert value(connection, "SELECT 1") == 1
        assert running.audit("session_open", user=name)["database"] == DATABASE


def test_a_forbidden_database_looks_like_none(lab, gateway):
    running = gateway({"gateway": {"users": [
        {"name": USER, "password": verifiers.both(PASSWORD), "databases": ["aurora_mysql_same_account"]}]}})
    seen = set()
    for name in (DATABASE, "no_such_database", "aurora_postgresql_cross_account"):
        for schema, user in ((name, USER), (None, f"{USER}@{name}")):
            with pytest.raises(pymysql.err.MySQLError) as error:
                connected(running, schema, user=user)
            seen.add((error.value.args[0], error.value.args[1].replace(name, "DB")))
    assert len(seen) == 1 and next(iter(seen))[0] == 1049, seen
    assert made_calls(lab) == {} and lab.decisions() == []


def test_a_schema_that_is_not_there_is_named(lab, gateway):
    """On a listener of its own, where the client names no database of the configuration."""
    running = gateway(own_listener(lab))
    with mysql_wire.Connection(running.mysql_address(DATABASE)) as connection, \
            pytest.raises(mysql_wire.ServerError) as error:
        connection.log_in(USER, PASSWORD, "no_such_schema", secure=True)
    # MariaDB says the one or the other by the rights that the user has.
    assert (error.value.code, error.value.sqlstate) in ((1044, "42000"), (1049, "42000"))
    assert "The client asked for schema 'no_such_schema'" in error.value.message, error.value.message


def test_the_local_password_never_travels_upstream(lab, gateway):
    """Nor does a local user's name get used there: a token opens the session, for the configured user."""
    running = gateway()
    with connected(running) as connection:
        assert value(connection, "SELECT CURRENT_USER()") == "superset_iam_user@%"
    assert [line["operation"] for line in lab.decisions() if line["decision"] == "allow"].count("rds-db:connect") == 1
    with pytest.raises(pymysql.err.MySQLError):  # a token is no local password either
        connected(running, password="X-Amz-Signature")


def test_each_session_logs_in_for_itself(lab, gateway):
    running = gateway()
    sessions = [connected(running) for _ in range(5)]
    assert len({value(session, "SELECT CONNECTION_ID()") for session in sessions}) == 5
    assert lab.calls()["sts:AssumeRole"] == 1 and lab.calls()["rds-db:connect"] == 5
    running.wait_metric(5, "rolegate_sessions", database=DATABASE)
    for session in sessions:
        session.close()
    running.wait_metric(0, "rolegate_sessions", database=DATABASE)


def test_a_password_database(lab, gateway):
    """Without IAM: user and password of the URI, by mysql_native_password towards the lab's server."""
    with connected(gateway(), "aurora_mysql_password") as connection:
        assert value(connection, "SELECT CURRENT_USER()") == "plain@%"
    assert made_calls(lab) == {}


def test_what_the_database_refuses(lab, gateway):
    """A user without rds-db:connect: the error names user, role and remedy, and is the client's own kind."""
    entry = database(lab, DATABASE, encrypted_extra={"aws_iam": {"db_username": "reporting_ro"}})
    running = gateway({"databases": [entry]})
    with pytest.raises(pymysql.err.MySQLError) as error:
        connected(running)
    code, text = error.value.args
    assert code == 1045 and "reporting_ro" in text and "rds-db:connect" in text
    line = running.audit("session_fail")
    assert (line["reason"], line["failed_step"], line["upstream_user"]) == ("iam_token_refused", "handshake", "reporting_ro")
    assert "handshake" in line["steps_ms"] and line["database"] == DATABASE
    assert running.metrics().value("rolegate_logins_total", database=DATABASE, outcome="iam_token_refused") == 1
