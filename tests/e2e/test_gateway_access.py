"""Who may not come in: refused alike whatever the reason, and nothing is sent to AWS or a database for them."""

import os
import pwd
import socket
import struct

import postgresql_wire as wire
import psycopg2
import pytest
from gateway import PASSWORD, USER, VERIFIER
from postgresql_clients import PG, connect, lock_held, psql, rows, sessions_upstream, value, wait_for_waiters
from program import made_calls

OTHER = "aurora_postgresql_password"
ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
GSSENC_REQUEST = 80877104


@pytest.fixture(name="assert_nothing_upstream")
def fixture_assert_nothing_upstream(lab):
    """No call of AWS, no decision and no session since the test began. Sessions that other tests left behind may take a
    while to end (a query whose client was cut off)."""
    earlier = sessions_upstream(lab)

    def check():
        assert made_calls(lab) == {} and lab.decisions() == []
        assert sessions_upstream(lab) <= earlier

    return check


def log_in(where, user, password, database=PG):
    with wire.Connection(where) as connection:
        messages = connection.log_in(user, password, database)
        if messages[-1].type == "E":
            assert connection.at_end()
        return messages


def shape(messages):
    """What a client can tell two logins apart by, but for the nonces and salts, which are always new."""
    return [(message.type, message.body[:4] if message.type == "R" else message.body, len(message.body)) for message in messages]


def without(messages, name):
    """The same with a name that the client chose taken out. Names of one length keep the lengths equal."""
    return [wire.Message(message.type, message.body.replace(name.encode(), b"NAME")) for message in messages]


@pytest.mark.parametrize("unix", (False, True), ids=("tcp", "unix"))
def test_wrong_password_and_unknown_user_look_the_same(gateway, unix, assert_nothing_upstream):
    other_uid = os.getuid() + 1
    running = gateway({"gateway": {"users": [
        {"name": "alice", "password": VERIFIER, "databases": ["*"]},
        {"name": "peers", "peer_uid": other_uid, "databases": ["*"]},
        {"name": "pedro", "password": VERIFIER, "databases": [OTHER]}]}})
    where = running.postgresql_socket() if unix else running.postgresql_address()
    attempts = {"alice": "wrong", "nobod": PASSWORD, "peers": PASSWORD, "pedro": "wrong"}
    seen = {name: shape(without(log_in(where, name, password), name)) for name, password in attempts.items()}
    assert all(messages == seen["alice"] for messages in seen.values()), seen
    assert [kind for kind, _, _ in seen["alice"]] == ["R", "R", "E"]
    assert wire.Message("E", seen["alice"][-1][1]).fields()["C"] == "28P01"
    assert_nothing_upstream()
    assert running.metrics().value("rolegate_refusals_total", reason="authentication") == 4
    for name in attempts:
        running.audit("session_fail", user=name)
    assert not [line for line in running.whole_audit() if line["event"] != "session_fail"]


def test_an_unknown_user_has_a_salt_as_lasting_as_any_other(gateway):
    """A salt that is new at each attempt would give away that it was made up."""
    running = gateway()

    def salt(name):
        (first,) = (message.body[4:] for message in log_in(running.postgresql_address(), name, "wrong")
                    if message.type == "R" and message.body[:4] == struct.pack("!I", 11))
        fields = dict(part.split(b"=", 1) for part in first.split(b","))
        return fields[b"s"], fields[b"i"]

    alice, nobody, again, another = (salt(name) for name in ("alice", "nobody", "nobody", "nobody else"))
    assert nobody == again and nobody != another
    assert [len(part) for part in nobody] == [len(part) for part in alice]


def test_forbidden_and_unknown_databases_look_the_same(gateway, assert_nothing_upstream):
    running = gateway({"gateway": {"users": [{"name": USER, "password": VERIFIER, "databases": [OTHER]}]}})
    unknown = "x" * len(PG)
    forbidden, missing = (without(log_in(running.postgresql_address(), USER, PASSWORD, name), name) for name in (PG, unknown))
    assert forbidden[-1] == missing[-1]
    assert shape(forbidden) == shape(missing)
    assert forbidden[-1].fields()["C"] == "3D000"
    assert_nothing_upstream()
    assert running.metrics().value("rolegate_refusals_total", reason="database") == 2
    # Neither is told to those who have not proved who they are.
    assert {wire.error_of(log_in(running.postgresql_address(), USER, "wrong", name)).raw for name in (PG, unknown, OTHER)} == \
        {wire.error_of(log_in(running.postgresql_address(), USER, "wrong", PG)).raw}
    with connect(running, OTHER) as connection:
        assert value(connection, "SELECT current_user") == "plain"


def test_a_database_of_the_other_protocol_does_not_exist(gateway, assert_nothing_upstream):
    error = wire.error_of(log_in(gateway().postgresql_address(), USER, PASSWORD, "aurora_mysql_cross_account"))
    assert error.fields()["C"] == "3D000"
    assert_nothing_upstream()


def test_tcp_without_users_is_refused_and_says_what_to_add(gateway, assert_nothing_upstream):
    running = gateway({"gateway": {"users": None}})
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(**running.postgresql(PG))
    assert "users" in str(caught.value) and "rolegate passwd" in str(caught.value)
    assert_nothing_upstream()
    assert running.metrics().value("rolegate_refusals_total", reason="users_missing") == 1
    assert "users" in running.log() and "rolegate passwd" in running.log()


def test_without_users_the_owner_comes_in_by_the_unix_socket(gateway):
    running = gateway({"gateway": {"users": None}})
    with connect(running, unix=True, user="whoever", password=None) as connection:
        assert value(connection, "SELECT current_user") == "superset_iam_user"
    opened = running.audit("session_open")
    assert (opened["client_uid"], opened["authentication"]) == (os.getuid(), "owner")


@ROOT_ONLY
def test_without_users_nobody_else_does(gateway, assert_nothing_upstream):
    """By the socket's mode; and where somebody has changed that, by who is at its other end."""
    running = gateway({"gateway": {"users": None}})
    done = psql(running, "-c", "SELECT 1", unix=True, as_user="nobody")
    assert done.returncode == 2 and "Permission denied" in done.stderr, done
    running.postgresql_socket().chmod(0o777)
    done = psql(running, "-c", "SELECT 1", unix=True, as_user="nobody")
    assert done.returncode == 2 and "password authentication failed" in done.stderr, done
    assert_nothing_upstream()


@ROOT_ONLY
def test_peer_uid(gateway, assert_nothing_upstream):
    """Lets in the user with that uid on a unix socket under that one name; nobody else, and not over TCP."""
    uid = pwd.getpwnam("nobody").pw_uid
    running = gateway({"gateway": {"users": [{"name": "ci", "peer_uid": uid, "databases": [PG]},
                                             {"name": "root", "peer_uid": 0, "databases": [OTHER]}]}})
    refused = (psql(running, "-c", "SELECT 1", unix=True, user="ci"),
               psql(running, "-c", "SELECT 1", unix=True, user="root", as_user="nobody"),
               psql(running, "-c", "SELECT 1", unix=True, user="alice", as_user="nobody"),
               psql(running, "-c", "SELECT 1", user="ci", as_user="nobody"))
    for done in refused:
        assert done.returncode == 2 and "password authentication failed" in done.stderr, done
    assert_nothing_upstream()
    done = psql(running, "-c", "SELECT current_user", unix=True, user="ci", as_user="nobody")
    assert (done.returncode, done.stdout) == (0, "superset_iam_user\n"), done.stderr
    assert running.audit("session_open", user="ci")["authentication"] == "peer"
    assert running.audit("session_open", user="ci")["client_uid"] == uid
    done = psql(running, "-c", "SELECT current_user", database=OTHER, unix=True, user="ci", as_user="nobody")
    assert done.returncode == 2 and "does not exist" in done.stderr, done


def test_a_user_without_a_section_that_is_valid_does_not_become_the_owner(lab, gateway):
    """A slip in the section must not open the door that a missing list of users leaves to the owner."""
    running = gateway({"gateway": {"users": [{"name": "alice", "password": "not a verifier", "databases": ["*"]}]}}, ready=False)
    assert running.wait_exit() == 2
    assert "password" in running.log() and "not a verifier" not in running.log()
    running.stop(status=2)


@pytest.mark.parametrize("answers", (1, 0), ids=("wrong_secret", "wrong_process"))
def test_an_invented_cancel_key_does_nothing(lab, gateway, answers):
    running = gateway()
    with wire.Connection(running.postgresql_address()) as connection, lock_held(lab) as lock:
        assert connection.log_in(USER, PASSWORD, PG)[-1].type == "Z"
        process, secret = struct.unpack("!II", connection.cancel_key)
        connection.send(wire.framed("Q", f"SELECT pg_advisory_lock({lock})\0".encode()))
        wait_for_waiters(lab, lock)
        invented = (process, secret ^ 1) if answers else (process ^ 1, secret)
        wire.send_cancel_request(running.postgresql_address(), struct.pack("!II", *invented))
        running.wait_metric(1, "rolegate_refusals_total", reason="cancel_key")
        wait_for_waiters(lab, lock)
        wire.send_cancel_request(running.postgresql_address(), connection.cancel_key)
        (error,) = (message for message in connection.until_ready() if message.type == "E")
        assert error.fields()["C"] == "57014"
        assert running.metrics().value("rolegate_cancels_total") == 1


def test_the_key_of_a_session_that_is_over_is_worth_nothing(gateway):
    running = gateway()
    with wire.Connection(running.postgresql_address()) as connection:
        connection.log_in(USER, PASSWORD, PG)
        connection.send(wire.framed("X", b""))
        assert connection.at_end()
    running.audit("session_close")
    wire.send_cancel_request(running.postgresql_address(), connection.cancel_key)
    assert running.metrics().value("rolegate_cancels_total") == 0


@pytest.mark.parametrize("data", (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), bytes(64),
    b"\xff" * 64, struct.pack("!II", 1 << 30, wire.PROTOCOL_3_0), struct.pack("!II", 8, 1 << 17),
    wire.startup_message({"user": "x" * 10000, "database": "y"}), wire.startup_message({"database": PG}),
    struct.pack("!II", 20, wire.PROTOCOL_3_0) + b"user\0no end!"),
    ids=("http", "tls", "zeros", "ones", "huge", "protocol_2", "long", "no_user", "unterminated"))
def test_what_is_no_login_is_turned_away(gateway, data, assert_nothing_upstream):
    running = gateway()
    with wire.Connection(running.postgresql_address()) as connection:
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        seen = b""
        while part := connection.socket.recv(4096):
            seen += part
        assert seen == b"" or seen[:1] == b"E", seen
    assert_nothing_upstream()
    with connect(running) as connection:
        assert rows(connection, "SELECT 1") == [(1,)]


def test_gss_encryption_is_declined_and_the_login_goes_on(gateway):
    with wire.Connection(gateway().postgresql_address()) as connection:
        for request in (GSSENC_REQUEST, wire.SSL_REQUEST):
            connection.send(struct.pack("!II", 8, request))
            assert connection.socket.recv(1) == b"N"
        assert connection.log_in(USER, PASSWORD, PG)[-1].type == "Z"


def test_protocol_options_that_are_not_understood_are_named(gateway):
    with wire.Connection(gateway().postgresql_address()) as connection:
        connection.send(wire.startup_message({"user": USER, "database": PG, "_pq_.unheard_of": "1"}, wire.PROTOCOL_3_0 + 2))
        message = connection.receive()
        assert message.type == "v"
        newest, count = struct.unpack("!II", message.body[:8])
        assert (newest & 0xFFFF, count, message.body[8:]) == (2, 1, b"_pq_.unheard_of\0")
        assert connection.receive().type == "R"


def test_a_startup_in_single_bytes(gateway):
    with wire.Connection(gateway().postgresql_address()) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in wire.startup_message({"user": USER, "database": PG}):
            connection.send(bytes([byte]))
        assert connection.receive().type == "R"
