"""COM_CHANGE_USER: the client proves itself to the gateway anew, and gets another session of the database."""

import os

import mysql_clients
import mysql_wire
import pytest
import verifiers
from gateway import PASSWORD, USER, VERIFIER
from gateway_mysql import DATABASE, UPSTREAM_USER, own_listener, target, with_tls

OTHER = "bob"
OTHER_PASSWORD = "the local password of bob"


def users(**of_other):
    return {"gateway": {"users": [
        {"name": USER, "password": VERIFIER, "databases": ["*"]},
        {"name": OTHER, "password": verifiers.both(OTHER_PASSWORD), "databases": ["*"], **of_other}]}}


def both(*changes):
    """Configuration, merged."""
    merged = {}
    for change in changes:
        for section, content in change.items():
            merged[section] = {**merged.get(section, {}), **content} if isinstance(content, dict) else content
    return merged


def logged_in(running, **more):
    connection = mysql_wire.Connection(running.mysql_address())
    return connection.log_in(USER, PASSWORD, DATABASE, secure=True, **more)


def is_fresh(connection):
    return connection.query("SELECT @kept, SUBSTRING_INDEX(CURRENT_USER(), '@', 1)") == [[None, UPSTREAM_USER]]


# Clients.

@pytest.mark.parametrize("way", ("tcp", "tls", "unix"))
@pytest.mark.parametrize("auth", ("", "caching_sha2_password"))
@pytest.mark.parametrize("who, password", ((USER, PASSWORD), (OTHER, OTHER_PASSWORD)))
def test_connector_c_changes_the_user(lab, gateway, way, auth, who, password):
    running = gateway(both(users(), with_tls(lab) if way == "tls" else {}))
    environment = target(running, lab, way).environment(TOUR_AUTH=auth, CHANGE_USER=who, CHANGE_PASSWORD=password,
                                                        CHANGE_SCHEMA=DATABASE)
    found = mysql_clients.named(mysql_clients.finished([mysql_clients.compiled("libmariadb_change_user.c")], environment))
    assert found == {"variable": "NULL", "user": UPSTREAM_USER, "schema": "shop", "charset": "utf8mb4", "table": "1146",
                     "ping": "0"}
    opened = running.audit_all(3, "session_open")
    assert [line["user"] for line in opened] == [USER, who, who]
    closed = running.audit_all(3, "session_close")
    assert [line["reason"] for line in closed] == ["user_changed", "user_changed", "client_closed"]
    assert [line["session"] for line in closed] == [line["session"] for line in opened]
    assert len({line["session"] for line in opened}) == 3
    assert ("client_tls" in opened[2]) == (way == "tls")


@pytest.mark.parametrize("verifier", (verifiers.scram, verifiers.both))
def test_whatever_is_known_of_the_password(gateway, verifier):
    running = gateway(users(password=verifier(OTHER_PASSWORD)))
    with logged_in(running) as connection:
        for _ in range(3):
            connection.query("SET @kept = 5")
            connection.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
            assert is_fresh(connection)
        assert connection.path == "fast"


def test_a_client_without_plugins(gateway):
    """It is not asked again: what it sends along is all its proof."""
    running = gateway(users())
    capabilities = mysql_wire.BASE & ~mysql_wire.PLUGIN_AUTH
    with logged_in(running, capabilities=capabilities) as connection:
        connection.query("SET @kept = 5")
        connection.change_user(OTHER, OTHER_PASSWORD, DATABASE)
        assert is_fresh(connection)
        with pytest.raises(mysql_wire.ServerError) as refused:
            connection.change_user(USER, "wrong", DATABASE)
        assert refused.value.code == 1045


# Who does not get in.

@pytest.mark.parametrize("who, password", ((OTHER, "wrong"), ("nobody", "wrong"), (USER, OTHER_PASSWORD)))
def test_a_wrong_password_ends_the_connection(gateway, who, password):
    running = gateway(users())
    with logged_in(running) as connection:
        with pytest.raises(mysql_wire.ServerError) as refused:
            connection.change_user(who, password, DATABASE, secure=True)
        assert (refused.value.code, refused.value.sqlstate) == (1045, "28000")
        assert f"Access denied for user '{who}'@" in refused.value.message
        assert connection.at_end()
    failed = running.audit("session_fail", user=who)
    assert failed["reason"] == "authentication_failed"
    assert running.audit("session_close", reason="user_changed")["user"] == USER
    assert running.metrics().value("rolegate_refusals_total", reason="authentication") == 1
    running.wait_metric(0, "rolegate_sessions")


def test_no_password_fails_nothing(gateway):
    running = gateway(users())
    with logged_in(running) as connection:
        with pytest.raises(mysql_wire.ServerError) as refused:
            connection.change_user(OTHER, "", DATABASE)
        assert refused.value.code == 1045 and "using password: NO" in refused.value.message
        assert connection.at_end()
    assert running.metrics().value("rolegate_refusals_total", reason="authentication") == 0


def test_a_user_has_its_own_bounds(gateway):
    running = gateway(users(max_sessions=1, databases=[DATABASE]))
    with logged_in(running) as first, logged_in(running) as second:
        first.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
        with pytest.raises(mysql_wire.ServerError) as refused:
            second.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
        assert refused.value.code == 1203
        first.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
        with pytest.raises(mysql_wire.ServerError) as refused:
            first.change_user(OTHER, OTHER_PASSWORD, "aurora_mysql_password", secure=True)
        assert refused.value.code == 1049
        assert first.at_end() and second.at_end()


@pytest.mark.parametrize("packet", (b"\x11", b"\x11bob\0", b"\x11" + b"x" * (70 << 10)))
def test_a_malformed_one_ends_the_connection(gateway, packet):
    running = gateway(users())
    with logged_in(running) as connection:
        connection.send(0, packet)
        with pytest.raises((mysql_wire.ServerError, ConnectionError)):
            connection.receive().checked()
    assert running.audit("session_fail")["reason"] == "protocol_violation"


# What it is about.

def test_the_schema_is_what_it_is_at_a_login(lab, gateway):
    running = gateway(both(users(), own_listener(lab)))
    with logged_in(running) as shared:
        shared.change_user(f"{OTHER}@{DATABASE}", OTHER_PASSWORD, "information_schema", secure=True)
        assert shared.query("SELECT DATABASE()") == [["information_schema"]]
        shared.change_user(USER, PASSWORD, secure=True)  # stays with the database
        assert shared.query("SELECT DATABASE()") == [["shop"]]
    with mysql_wire.Connection(running.mysql_address(DATABASE)) as own:
        own.log_in(USER, PASSWORD, secure=True)
        own.change_user(OTHER, OTHER_PASSWORD, "information_schema", secure=True)
        assert own.query("SELECT DATABASE()") == [["information_schema"]]


def test_the_database_is_told_of_the_new_user(gateway):
    running = gateway(both(users(), {"gateway": {**users()["gateway"], "identify": "application_name"}}))
    named = ("SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs "
             "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'rolegate_user'")
    with logged_in(running, capabilities=mysql_wire.BASE | mysql_wire.CONNECT_ATTRS) as connection:
        assert connection.query(named) == [[USER]]
        connection.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
        assert connection.query(named) == [[OTHER]]


def test_the_connection_id_stays_the_gateways(gateway):
    running = gateway(users())
    with logged_in(running) as connection:
        connection.change_user(OTHER, OTHER_PASSWORD, DATABASE, secure=True)
        with pytest.raises(mysql_wire.ServerError) as killed:
            connection.query(f"KILL QUERY {connection.greeting.connection_id}")
        assert killed.value.code == 1317


# Its turn.

@pytest.mark.parametrize("pieces", (1, 7, 1000))
def test_it_waits_for_the_answers_before_it(gateway, pieces):
    running = gateway(users())
    with logged_in(running) as connection:
        sent = (mysql_wire.framed(0, b"\x03SELECT SLEEP(0.2), REPEAT('x', 100000)")
                + mysql_wire.framed(0, b"\x11bob\0\0" + DATABASE.encode() + b"\0\x2d\0mysql_native_password\0"))
        size = -(-len(sent) // pieces)
        for start in range(0, len(sent), size):
            connection.socket.sendall(sent[start:start + size])
        assert list(connection.result()) == [["0", "x" * 100000]]
        connection.finish_login(OTHER_PASSWORD, secure=True)
        assert is_fresh(connection)


def test_a_command_behind_it_is_no_answer(gateway):
    running = gateway(users())
    with logged_in(running) as connection:
        connection.socket.sendall(
            mysql_wire.framed(0, b"\x11bob\0\0" + DATABASE.encode() + b"\0\x2d\0mysql_native_password\0")
            + mysql_wire.framed(0, b"\x03SELECT 1"))
        with pytest.raises(mysql_wire.ServerError) as refused:
            connection.finish_login(OTHER_PASSWORD)
        assert refused.value.code == 1156
        assert connection.at_end()


def test_nothing_of_the_password_goes_to_the_database(gateway):
    """Of a client that puts it into the command as it is."""
    running = gateway(users())
    with logged_in(running) as connection:
        packet = b"\x11bob\0" + bytes([len(OTHER_PASSWORD) + 1]) + OTHER_PASSWORD.encode() + b"\0" + DATABASE.encode() \
            + b"\0\x2d\0mysql_clear_password\0"
        before = running.metrics().value("rolegate_bytes_total", database=DATABASE, direction="to_database")
        for byte in mysql_wire.framed(0, packet):
            connection.socket.sendall(bytes([byte]))
        assert connection.receive().payload[:1] == b"\xfe"
        assert running.metrics().value("rolegate_bytes_total", database=DATABASE, direction="to_database") == before
    assert OTHER_PASSWORD not in running.log() + os.linesep.join(map(str, running.audit_lines()))
