"""TLS between a PostgreSQL client and the gateway, and clients that prove who they are by a certificate."""

import asyncio
import hashlib
import ssl
import struct

import asyncpg
import postgresql_wire as wire
import psycopg2
import pytest
from client_programs import java
from gateway import PASSWORD, USER, VERIFIER
from postgresql_clients import PG, connect, psql, sleeping, value, wait_asleep
from program import made_calls
from servers.certificates import Authority


def tls(server, authority=None, **more):
    if authority is not None:
        more["client_ca"] = str(authority.file)
    return {"gateway": {"postgresql": {"tls": {"cert": str(server.certificate), "key": str(server.key), **more}}}}


def verified(authority, **more):
    return {"sslmode": "verify-full", "sslrootcert": str(authority.file), **more}


def test_verify_full(gateway, authority, server):
    running = gateway(tls(server))
    with connect(running, **verified(authority)) as connection:
        assert connection.info.ssl_in_use
        assert value(connection, "SELECT current_user") == "superset_iam_user"
        protocol, cipher = (connection.info.ssl_attribute(name) for name in ("protocol", "cipher"))
    assert protocol == "TLSv1.3"
    assert running.audit("session_open")["client_tls"] == f"{protocol} {cipher}"


def test_channel_binding(gateway, authority, server):
    """SCRAM-SHA-256-PLUS: the password's proof holds for this gateway's certificate only."""
    running = gateway(tls(server))
    with connect(running, **verified(authority, channel_binding="require")) as connection:
        assert value(connection, "SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**running.postgresql(PG, **verified(authority, channel_binding="require"), password="wrong"))


def test_tls_1_2(gateway, authority, server):
    running = gateway(tls(server))
    with connect(running, **verified(authority, ssl_max_protocol_version="TLSv1.2")) as connection:
        assert connection.info.ssl_attribute("protocol") == "TLSv1.2"
    assert running.audit("session_open")["client_tls"].startswith("TLSv1.2 ")


def direct_tls(running, authority, *protocols):
    """sslnegotiation=direct, as libpq has it from 17 on: TLS without an SSLRequest."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if protocols:
        context.set_alpn_protocols(list(protocols))
    connection = wire.Connection(running.postgresql_address())
    connection.socket = context.wrap_socket(connection.socket, server_hostname="127.0.0.1")
    return connection


def test_tls_that_starts_without_asking(gateway, authority, server):
    running = gateway(tls(server, required=True))
    with direct_tls(running, authority, "other", "postgresql") as connection:
        assert connection.socket.selected_alpn_protocol() == "postgresql"
        assert connection.log_in(USER, PASSWORD, PG)[-1].type == "Z"
        assert connection.query("SELECT 1")[-1].type == "Z"
    assert running.audit("session_open")["client_tls"].startswith("TLSv1.3 ")


def test_tls_that_starts_without_asking_must_name_the_protocol(gateway, authority, server):
    """Else a browser could be led here."""
    running = gateway(tls(server))
    with direct_tls(running, authority) as connection:
        assert connection.at_end()
    assert "ALPN" in running.audit("session_fail")["message"]
    with pytest.raises(ssl.SSLError, match="no application protocol|alert"):
        direct_tls(running, authority, "http/1.1")


def test_older_tls_is_refused(gateway, authority, server):
    running = gateway(tls(server))
    with pytest.raises(psycopg2.OperationalError, match="SSL error"):
        psycopg2.connect(**running.postgresql(PG, **verified(authority, ssl_min_protocol_version="TLSv1",
                                                             ssl_max_protocol_version="TLSv1.1")))


def test_a_client_that_wants_no_tls_is_still_served(gateway, server):
    running = gateway(tls(server))
    with connect(running, sslmode="disable") as connection:
        assert not connection.info.ssl_in_use and value(connection, "SELECT 1") == 1
    assert "client_tls" not in running.audit("session_open")


def test_a_client_that_wants_no_tls_is_refused_where_it_is_required(lab, gateway, authority, server):
    """Before it is asked for anything; over a unix socket nobody else listens."""
    running = gateway(tls(server, required=True))
    with wire.Connection(running.postgresql_address()) as connection:
        connection.send(wire.startup_message({"user": USER, "database": PG}))
        refused = connection.receive()
    assert refused.type == "E" and refused.fields()["C"] == "28000" and "must use TLS" in refused.fields()["M"]
    assert made_calls(lab) == {}
    for sslmode in ("allow", "prefer", "require"):
        with connect(running, sslmode=sslmode) as connection:
            assert connection.info.ssl_in_use and value(connection, "SELECT 1") == 1
    with connect(running, unix=True) as connection:
        assert value(connection, "SELECT 1") == 1


def test_required_tls_counts_from_the_reload_on(gateway, server):
    running = gateway(tls(server))
    with connect(running, sslmode="disable") as before:
        running.write_configuration(tls(server, required=True))
        running.reload()
        with pytest.raises(psycopg2.OperationalError, match="must use TLS"):
            psycopg2.connect(**running.postgresql(PG, sslmode="disable"))
        assert value(before, "SELECT 1") == 1


def test_a_gateway_without_a_certificate_offers_none(gateway):
    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL"):
        psycopg2.connect(**gateway().postgresql(PG, sslmode="require"))


def test_a_large_result_and_a_large_value_upwards(gateway, authority, server):
    text = "".join(hashlib.md5(str(n).encode()).hexdigest() for n in range(1000)) * 600
    with connect(gateway(tls(server)), **verified(authority)) as connection:
        assert value(connection, "SELECT %s::text", (text,)) == text


def test_cancel_of_a_session_in_tls(gateway, authority, server):
    """libpq sends the CancelRequest itself without TLS."""
    running = gateway(tls(server))
    with connect(running, **verified(authority)) as connection, connect(running, **verified(authority)) as watcher:
        server_process = value(connection, "SELECT pg_backend_pid()")
        with sleeping(connection) as (outcome,):
            wait_asleep(watcher, server_process)
            connection.cancel()
            assert outcome.result(30) == "57014"


def test_psql(gateway, authority, server):
    done = psql(gateway(tls(server)), "-c", "SELECT current_user", **verified(authority))
    assert (done.returncode, done.stdout) == (0, "superset_iam_user\n"), done.stderr


def test_asyncpg(gateway, authority, server):
    async def check():
        settings = gateway(tls(server)).postgresql()
        connection = await asyncpg.connect(host=settings["host"], port=settings["port"], user=USER, password=PASSWORD,
                                           database=PG, ssl=ssl.create_default_context(cafile=str(authority.file)))
        assert await connection.fetchval("SELECT current_user") == "superset_iam_user"
        with pytest.raises(asyncio.TimeoutError):
            await connection.execute("SELECT pg_sleep(600)", timeout=0.5)
        assert await connection.fetchval("SELECT 'usable'", timeout=30) == "usable"
        await connection.close()

    asyncio.run(asyncio.wait_for(check(), 120))


def programs(running, authority):
    settings = running.postgresql(PG)
    return {"GATEWAY_HOST": "localhost", "GATEWAY_PORT": settings["port"], "GATEWAY_USER": USER, "GATEWAY_PASSWORD": PASSWORD,
            "GATEWAY_DATABASE": PG, "GATEWAY_SSLMODE": "verify-full", "GATEWAY_CA": authority.file}


def test_jdbc(gateway, authority, server):
    running = gateway(tls(server))
    said = java("PostgresqlClient.java", "postgresql.jar", **programs(running, authority))
    assert (said["user"], said["copies agree"], said["cancelled"]) == ("superset_iam_user", "true", "57014")
    assert running.audit("session_open")["client_tls"].startswith("TLSv1.")


def test_npm_pg(gateway, node, authority, server):
    running = gateway(tls(server))
    said = node("postgresql_client.js", **programs(running, authority))
    assert (said["user"], said["large value"], said["cancelled"]) == ("superset_iam_user", "20000000", "57014")
    assert running.audit("session_open")["client_tls"].startswith("TLSv1.")


def test_bytes_in_the_clear_behind_the_request_for_tls_are_refused(lab, gateway, server):
    """Whoever sits in between could else put a message of its own before the client's (CVE-2021-23214)."""
    running = gateway(tls(server))
    with wire.Connection(running.postgresql_address()) as connection:
        connection.send(struct.pack("!II", 8, wire.SSL_REQUEST) + wire.startup_message({"user": USER, "database": PG}))
        seen = b""
        while part := connection.socket.recv(4096):
            seen += part
    assert seen[:1] != b"S" and b"R\0\0\0" not in seen
    running.wait_metric(1, "rolegate_refusals_total", reason="protocol")
    assert made_calls(lab) == {}


# Client certificates.


@pytest.fixture
def certificates(gateway, authority, server):
    """A gateway that lets bi in by its certificate and alice by her password."""
    return gateway(gateway_with_client_ca(authority, server))


def gateway_with_client_ca(authority, server, **more):
    changes = tls(server, authority, **more)
    changes["gateway"]["users"] = [{"name": "bi", "client_cert_cn": "bi.example.com", "databases": [PG]},
                                   {"name": USER, "password": VERIFIER, "databases": ["*"]}]
    return changes


def shown(pair):
    return {"sslcert": str(pair.certificate), "sslkey": str(pair.key), "password": None}


def test_client_certificate(certificates, authority):
    pair = authority.issue_client("bi", "bi.example.com")
    with connect(certificates, user="bi", **verified(authority, **shown(pair))) as connection:
        assert value(connection, "SELECT current_user") == "superset_iam_user"
    opened = certificates.audit("session_open")
    assert (opened["user"], opened["authentication"]) == ("bi", "certificate")


def test_a_password_still_does_where_certificates_are_verified(certificates, authority):
    with connect(certificates, **verified(authority)) as connection:
        assert value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("case", ("other_name", "none", "other_users_name", "two_names", "no_tls"))
def test_whoever_has_not_that_certificate_is_asked_for_a_password(lab, certificates, authority, case):
    user, *common_names = {"other_users_name": ("alice", "bi.example.com"),
                           "two_names": ("bi", "bi.example.com", "elsewhere.example.com")}.get(case, ("bi", "elsewhere.example.com"))
    settings = verified(authority, **({"password": None} if case == "none" else
                                      shown(authority.issue_client(case, *common_names))))
    if case == "no_tls":
        settings = {"sslmode": "disable", "password": None}
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(**certificates.postgresql(PG, user=user, **settings))
    assert made_calls(lab) == {}


@pytest.mark.parametrize("case", ("expired", "untrusted", "servers"))
def test_a_certificate_that_does_not_verify_ends_the_connection(lab, certificates, authority, tmp_path, case):
    pair = {"expired": lambda: authority.issue_client("expired", "bi.example.com", expired=True),
            "untrusted": lambda: Authority(tmp_path, "other", "Another authority").issue_client("bi", "bi.example.com"),
            # One for servers is none for clients.
            "servers": lambda: authority.issue("as-server", ["bi.example.com"])}[case]()
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(**certificates.postgresql(PG, user="bi", **verified(authority, **shown(pair))))
    assert "SSL" in str(caught.value) or "alert" in str(caught.value) or "closed the connection" in str(caught.value)
    assert made_calls(lab) == {}
    failed = certificates.audit("session_fail")
    assert failed["reason"] == "authentication_failed" and "The client has a certificate " in failed["message"]
    assert certificates.metrics().value("rolegate_refusals_total", reason="authentication") == 1


def test_a_revoked_client_certificate_ends_the_connection(lab, gateway, authority, server):
    good, bad = (authority.issue_client(name, "bi.example.com") for name in ("good", "bad"))
    running = gateway(gateway_with_client_ca(authority, server, client_crl=str(authority.revoke("lists", bad))))
    with connect(running, user="bi", **verified(authority, **shown(good))) as connection:
        assert value(connection, "SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError, match="revoked"):
        psycopg2.connect(**running.postgresql(PG, user="bi", **verified(authority, **shown(bad))))
    assert "revoked" in running.audit("session_fail")["message"]
    with connect(running, **verified(authority)) as connection:
        assert value(connection, "SELECT 1") == 1, "whoever shows none is asked for a password"


def test_a_revocation_list_that_is_out_of_date_lets_no_certificate_in(gateway, authority, server):
    running = gateway(gateway_with_client_ca(authority, server, client_crl=str(authority.revoke("old", expired=True))))
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**running.postgresql(PG, user="bi", **verified(
            authority, **shown(authority.issue_client("bi", "bi.example.com")))))
    assert "revocation list" in running.audit("session_fail")["message"]
