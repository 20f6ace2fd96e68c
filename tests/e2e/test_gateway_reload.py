"""Reading the configuration again: what new sessions get, what open ones keep, and files with errors."""

import contextlib
import os

import postgresql_wire as wire
import psycopg2
import pytest
import verifiers
from gateway import USER, VERIFIER, database
from postgresql_clients import PG, begin_waiting, connect, lock_held, logged_in, psql, value
from raw_clients import CLIENTS, Refused
from servers.processes import wait_until

OTHER = "aurora_postgresql_password"


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


def refused(address):
    try:
        wire.Connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


def test_reload_takes_away_what_the_configuration_no_longer_has(lab, gateway):
    """From new sessions; those that are there have a grace, and until then they keep what they have."""
    running = gateway({"databases": [database(lab, PG, listen=["127.0.0.1:0"]), database(lab, OTHER)]})
    own = running.postgresql_address(listener=PG)
    with logged_in(running) as before, lock_held(lab) as lock:
        begin_waiting(before, lab, lock)
        running.write_configuration({"databases": [database(lab, OTHER)],
                                     "gateway": {"users": [{"name": "bob", "password": VERIFIER, "databases": ["*"]}],
                                                 "grace": "10m"}})
        running.reload()
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**running.postgresql(OTHER))
        with pytest.raises(psycopg2.OperationalError, match="does not exist"):
            psycopg2.connect(**running.postgresql(PG, user="bob"))
        assert wait_until(lambda: refused(own), 30), "it is still listened there"
        # Cancelling is part of what the session has.
        wire.send_cancel_request(running.postgresql_address(), before.cancel_key)
        assert [message.fields()["C"] for message in before.until_ready() if message.type == "E"] == ["57014"]


def test_a_database_that_is_taken_away_is_shown_until_its_last_session_ends(lab, gateway):
    running = gateway({"databases": [database(lab, PG), database(lab, OTHER)]})

    def shown():
        return {sample.labels["database"] for sample in running.metrics().samples if "database" in sample.labels}

    with logged_in(running):
        with connect(running, OTHER):
            pass
        assert shown() == {PG, OTHER}
        running.write_configuration({"databases": [database(lab, OTHER)], "gateway": {"grace": "10m"}})
        running.reload()
        assert shown() == {PG, OTHER}
    assert wait_until(lambda: shown() == {OTHER}, 30)


def test_a_replaced_sslrootcert_counts_from_the_reload_on(lab, gateway, authority, tmp_path):
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.file.read_bytes())
    kind = lab.kinds["aurora_postgresql"]
    uri = (f"postgresql://{kind['host']}:{kind['port']}/{kind['database']}"
           f"?connect_to=127.0.0.1:{kind['connect_port']}&sslrootcert={trusted}")
    running = gateway({"databases": [database(lab, PG, sqlalchemy_uri=uri)]})
    with pytest.raises(psycopg2.OperationalError, match="no trusted CA vouches for"):
        psycopg2.connect(**running.postgresql(PG))
    trusted.write_bytes(lab.ca.read_bytes())
    running.reload()
    with connect(running) as connection:
        assert value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("engine", CLIENTS)
def test_a_connection_from_before_a_reload_needs_the_password_from_after_it(gateway, engine):
    running = gateway()
    with contextlib.ExitStack() as stack:
        with_old, with_new = [stack.enter_context(contextlib.closing(CLIENTS[engine].connected(running))) for _ in range(2)]
        running.wait_metric(2, "rolegate_authenticating_connections")
        running.write_configuration({"gateway": {"users": [{"name": USER, "password": verifiers.both("changed"), "databases": ["*"]}]}})
        running.reload()
        with pytest.raises(Refused) as refused:
            with_old.log_in(CLIENTS[engine].password_database)
        assert refused.value.code in ("28P01", 1045)
        assert with_new.log_in(CLIENTS[engine].password_database, "changed").alive()


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
    ({"gateway": {"postgresql": {"listen": ["192.0.2.1:6432"], "tls": {"required": False}}}}, r"192\.0\.2\.1:6432"),
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


def test_reload_does_not_wait_at_a_pipe(lab, gateway):
    """Nobody writes to it; the gateway must still hear the next signal."""
    running = gateway({"databases": [database(lab, PG)]})
    running.config_file.unlink()
    os.mkfifo(running.config_file, 0o600)
    running.reload()
    running.wait_log("is not read again.*cannot be reloaded")
    running.stop()
