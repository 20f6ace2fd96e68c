"""The impostors catch a careless client in every mode that asks for a password, and careful ones in none."""

import itertools
import socket
import ssl

import psycopg2
import pymysql
import pytest

import careless_client
from login_tools import NamedContext
from servers import impostor_log, impostor_mysql, impostor_postgresql

CONTROL = "valid_certificate"
TRAPS = [(engine.ENGINE, mode) for engine in (impostor_postgresql, impostor_mysql)
         for mode in engine.MODES if mode != CONTROL and not mode.startswith("stall_")]
STALLS = [(engine, mode) for engine in ("postgresql", "mysql")
          for mode in ("stall_connect", "stall_greeting", "stall_tls", "stall_auth")]
CARELESS = {"postgresql": careless_client.postgresql, "mysql": careless_client.mysql}
_number = itertools.count(1)


@pytest.fixture
def secret():
    """Another one in every test, since the impostors' log is the whole run's."""
    return f"lab-secret-{next(_number):04}-" + "s" * 1500


def careful_postgresql(lab, mode, password):
    kind = lab.kinds["aurora_postgresql"]
    psycopg2.connect(host=kind["host"], hostaddr="127.0.0.1", port=lab.impostor_port("postgresql", mode),
                     user="app_rw", password=password, dbname="app", sslmode="verify-full",
                     sslrootcert=str(lab.ca), connect_timeout=10)


def careful_mysql(lab, mode, password):
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.endpoint = lab.kinds["aurora_mysql"]["host"]
    context.load_verify_locations(lab.ca)
    connection = pymysql.connect(host="127.0.0.1", port=lab.impostor_port("mysql", mode), user="app_rw",
                                 password=password, ssl={"ca": str(lab.ca)}, connect_timeout=10,
                                 read_timeout=10, defer_connect=True)
    connection.ctx = context
    connection.connect()


CAREFUL = {"postgresql": careful_postgresql, "mysql": careful_mysql}


@pytest.mark.parametrize("engine,mode", [*TRAPS, ("postgresql", CONTROL), ("mysql", CONTROL)])
def test_catches_careless_client(lab, engine, mode, secret):
    CARELESS[engine](lab.impostor_port(engine, mode), "app_rw", secret)
    assert secret in lab.impostor_passwords(engine, mode)
    assert impostor_log.seen(lab.impostor_events(engine, mode), secret)


@pytest.mark.parametrize("engine", CAREFUL)
def test_control_gets_password_of_careful_client(lab, engine, secret):
    """A valid certificate for the right name: what is refused in the other modes is refused for its one fault."""
    with pytest.raises((psycopg2.OperationalError, pymysql.err.OperationalError), match="impostor"):
        CAREFUL[engine](lab, CONTROL, secret)
    assert secret in lab.impostor_passwords(engine, CONTROL)


@pytest.mark.parametrize("engine,mode", [trap for trap in TRAPS if trap[0] == "postgresql"])
def test_libpq_tells_postgresql_impostors_nothing(lab, mode, engine, secret):
    with pytest.raises(psycopg2.OperationalError):
        careful_postgresql(lab, mode, secret)
    lab.impostor_passwords(engine, mode)  # waits until the impostor has seen it all
    assert not impostor_log.seen(lab.impostor_events(engine, mode), secret)


@pytest.mark.parametrize("mode", ("untrusted_certificate", "wrong_name", "expired_certificate"))
def test_pymysql_tells_mysql_impostors_with_bad_certificate_nothing(lab, mode, secret):
    with pytest.raises(pymysql.err.OperationalError, match="certificate"):
        careful_mysql(lab, mode, secret)
    lab.impostor_passwords("mysql", mode)
    assert not impostor_log.seen(lab.impostor_events("mysql", mode), secret)


@pytest.mark.parametrize("engine,mode", STALLS)
def test_stalls_at_its_step(lab, engine, mode, secret):
    port = lab.impostor_port(engine, mode)
    if mode == "stall_connect":
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), timeout=0.5)
        return
    with pytest.raises(OSError):
        CARELESS[engine](port, "app_rw", secret, patience=0.5)
    lab.impostor_passwords(engine, mode)
    events = lab.impostor_events(engine, mode)
    stalled = next(event["stage"] for event in events if event.get("stalled"))
    assert stalled == {"stall_greeting": {"postgresql": "tls_answer", "mysql": "greeting"}[engine],
                       "stall_tls": "tls", "stall_auth": "authentication"}[mode]
    assert not impostor_log.seen(events, secret)


def test_injected_bytes_come_with_the_last_plain_byte(lab):
    """Else the mode would be the control under another name."""
    with socket.create_connection(("127.0.0.1", lab.impostor_port("postgresql", "injected_bytes")), 5) as client:
        client.sendall(bytes.fromhex("0000000804d2162f"))  # SSLRequest
        assert client.recv(100) == b"S" + impostor_postgresql.ASK_CLEARTEXT_PASSWORD
    with socket.create_connection(("127.0.0.1", lab.impostor_port("mysql", "injected_bytes")), 5) as client:
        assert client.recv(1000).endswith(impostor_mysql.auth_switch(3))
