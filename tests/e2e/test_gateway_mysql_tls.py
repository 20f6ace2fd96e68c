"""TLS between a MySQL client and the gateway, and clients that prove who they are by a certificate."""

import contextlib
import re
import socket
import ssl
import struct

import mysql_wire
import pymysql
import pytest
from gateway import PASSWORD, USER, VERIFIER
from gateway_mysql import DATABASE, UPSTREAM_USER, connected, value
from program import made_calls
from servers.certificates import Authority


def tls(server, **more):
    return {"gateway": {"mysql": {"tls": {"cert": str(server.certificate), "key": str(server.key), **more}}}}


def verifying(authority, **more):
    return ssl.create_default_context(cafile=str(authority.file), **more)


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_versions_of_tls(gateway, authority, server, version):
    running = gateway(tls(server))
    context = verifying(authority)
    context.minimum_version = context.maximum_version = version
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.greet()
        connection.start_tls(context, "localhost")
        connection.log_in(USER, PASSWORD, DATABASE)
        connection.ping()
        spoken = f"{connection.socket.version()} {connection.socket.cipher()[0]}"
    assert running.audit("session_open")["client_tls"] == spoken


def test_the_client_hello_may_come_together_with_the_request(gateway, authority, server):
    """A client does not wait for an answer to its SSLRequest, so both may arrive as one."""
    running = gateway(tls(server))
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.greet()
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # the kernel sends it with what follows
        connection.start_tls(verifying(authority), "localhost")
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        connection.log_in(USER, PASSWORD, DATABASE)
        assert connection.query("SELECT DATABASE()") == [["shop"]]


def test_the_request_may_come_in_pieces(gateway, authority, server):
    running = gateway(tls(server))
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.greet()
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole, connection.send = connection.send, lambda sequence, payload: [
            connection.socket.sendall(bytes([byte])) for byte in mysql_wire.framed(sequence, payload)]
        connection.start_tls(verifying(authority), "localhost")
        connection.send = whole
        connection.log_in(USER, PASSWORD, DATABASE)
        connection.ping()


def test_a_login_in_the_clear_behind_the_request_for_tls_is_none(lab, gateway, authority, server):
    """What somebody in between puts there is taken for TLS, and is none."""
    running = gateway(tls(server))
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.greet()
        response = connection.response(USER, PASSWORD, DATABASE)
        request = response[:32]
        flags = int.from_bytes(request[:4], "little") | mysql_wire.SSL
        connection.socket.sendall(mysql_wire.framed(1, flags.to_bytes(4, "little") + request[4:])
                                  + mysql_wire.framed(2, response))
        seen = b""
        try:
            while part := connection.socket.recv(4096):
                seen += part
        except ConnectionResetError:
            pass
    assert b"\0\0\0\2\0\0\0" not in seen  # no OK packet
    running.wait_metric(1, "rolegate_refusals_total", reason="protocol")
    assert made_calls(lab) == {}


NO_TLS = (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\5hello", b"\x15\x03\x01\0\2\2\x2a", b"\x15\x03\x01\0\2\2\xf9", bytes(100))


def test_what_is_no_tls_behind_the_request_has_a_reason(gateway, server):
    """And a client that only goes has none to give."""
    running = gateway(tls(server))
    for number, said in enumerate([*NO_TLS, b"\x16\x03\x01\2\0\1\0\1\xfc"]):
        with mysql_wire.Connection(running.mysql_address(), source=f"127.0.0.{number + 2}") as connection:
            connection.greet()
            connection.send(1, struct.pack("<IIB23x", mysql_wire.BASE | mysql_wire.SSL, 1 << 24, 45))
            connection.socket.sendall(said)
            connection.socket.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while connection.socket.recv(1000):
                    pass
    running.wait_metric(1, "rolegate_probes_total")
    lines = running.audit_failures(len(NO_TLS), reason="client_tls_failed")
    for line in lines:
        assert re.fullmatch(r"TLS with the client failed: .*\w\.", line["message"]), line


def test_a_client_without_tls_is_refused_where_it_is_required(lab, gateway, authority, server):
    """Before its password is checked, and without the public key that would encrypt it; not over a unix socket."""
    running = gateway(tls(server, required=True))
    with pytest.raises(pymysql.err.OperationalError) as error:
        connected(running)
    assert error.value.args[0] == 3159
    assert made_calls(lab) == {}
    with connected(running, ssl={"ca": str(authority.file)}) as connection:
        assert value(connection, "SELECT 1") == 1
    with connected(running, unix=True) as connection:
        assert value(connection, "SELECT 1") == 1


def test_a_certificate_of_another_authority(gateway, server, tmp_path):
    """The client's check, which shows that it is the configured certificate that is offered."""
    running = gateway(tls(server))
    other = Authority(tmp_path, "other", "Another authority")
    with pytest.raises(pymysql.err.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        connected(running, ssl={"ca": str(other.file)})
    with connected(running, ssl={"ca": str(server.certificate.parent / "ca.pem")}) as connection:
        assert value(connection, "SELECT 1") == 1


# Client certificates.

@pytest.fixture
def running(gateway, authority, server):
    """A gateway that lets bi in by its certificate and alice by her password."""
    changes = tls(server, client_ca=str(authority.file))
    changes["gateway"]["users"] = [{"name": "bi", "client_cert_cn": "bi.example.com", "databases": [DATABASE]},
                                   {"name": USER, "password": VERIFIER, "databases": ["*"]}]
    return gateway(changes)


def shown(authority, pair):
    return {"ssl": {"ca": str(authority.file), "cert": str(pair.certificate), "key": str(pair.key)}}


def test_client_certificate(running, authority):
    pair = authority.issue_client("bi", "bi.example.com")
    with connected(running, user="bi", password="", **shown(authority, pair)) as connection:
        assert value(connection, "SELECT CURRENT_USER()") == f"{UPSTREAM_USER}@%"
    opened = running.audit("session_open")
    assert (opened["user"], opened["authentication"]) == ("bi", "certificate")


def test_a_password_still_does_where_certificates_are_verified(running, authority):
    with connected(running, ssl={"ca": str(authority.file)}) as connection:
        assert value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("case", ("other_name", "none", "other_users_name", "no_tls"))
def test_whoever_has_not_that_certificate_needs_a_password(lab, running, authority, case):
    user, common_name = (USER, "bi.example.com") if case == "other_users_name" else ("bi", "elsewhere.example.com")
    settings = {"none": {"ssl": {"ca": str(authority.file)}}, "no_tls": {}}.get(case)
    if settings is None:
        settings = shown(authority, authority.issue_client(case, common_name))
    with pytest.raises(pymysql.err.OperationalError) as error:
        connected(running, user=user, password="", **settings)
    assert error.value.args[0] == 1045
    assert made_calls(lab) == {}


@pytest.mark.parametrize("case", ("expired", "untrusted", "servers"))
def test_a_certificate_that_does_not_verify_ends_the_connection(lab, running, authority, tmp_path, case):
    pair = {"expired": lambda: authority.issue_client("expired", "bi.example.com", expired=True),
            "untrusted": lambda: Authority(tmp_path, "other", "Another authority").issue_client("bi", "bi.example.com"),
            "servers": lambda: authority.issue("as-server", ["bi.example.com"])}[case]()
    with pytest.raises((pymysql.err.MySQLError, OSError)):
        connected(running, user="bi", password="", **shown(authority, pair))
    running.wait_metric(1, "rolegate_refusals_total", reason="authentication")
    assert made_calls(lab) == {} and not [line for line in running.whole_audit() if line["event"] == "session_open"]


def test_a_revoked_client_certificate_ends_the_connection(gateway, authority, server):
    good, bad = (authority.issue_client(name, "bi.example.com") for name in ("good", "bad"))
    changes = tls(server, client_ca=str(authority.file), client_crl=str(authority.revoke("lists", bad)))
    changes["gateway"]["users"] = [{"name": "bi", "client_cert_cn": "bi.example.com", "databases": [DATABASE]}]
    running = gateway(changes)
    with connected(running, user="bi", password="", **shown(authority, good)) as connection:
        assert value(connection, "SELECT 1") == 1
    with pytest.raises((pymysql.err.MySQLError, OSError)):
        connected(running, user="bi", password="", **shown(authority, bad))
    assert "revoked" in running.audit("session_fail")["message"]
