"""PostgreSQL 18 and its own psql, through the command line and the gateway."""

from __future__ import annotations

import json

import psycopg2
import pytest
from newer import PASSWORD, POSTGRESQL, USER, NewerClients, at_a_terminal, check_ctrl_c

PSQL = "/usr/lib/postgresql/18/bin/psql"


@pytest.fixture
def dsn(gateway, clients):
    """How psql goes through the gateway, inside verified TLS; the password is in PGPASSWORD."""
    host, port = gateway.postgresql_address()
    return lambda **more: " ".join(f"{key}={value}" for key, value in {
        "host": "localhost", "hostaddr": host, "port": port, "user": "alice", "dbname": POSTGRESQL, "sslmode": "verify-full",
        "sslrootcert": clients.ca, **more}.items())


@pytest.fixture
def environment(gateway):
    return {"PGPASSWORD": gateway.postgresql()["password"]}


def psql(clients: NewerClients, dsn: str, environment, *statements: str) -> str:
    return clients.run(PSQL, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", dsn, environment=environment,
                       stdin="\n".join(statements))


def test_the_command_line_logs_in(rolegate):
    (row,) = json.loads(rolegate("query", POSTGRESQL, "--json", "SELECT current_setting('server_version_num')::int AS version"))
    assert row["version"] >= 180000
    assert "handshake" in rolegate("test", POSTGRESQL)


@pytest.mark.parametrize("more", [{}, {"sslnegotiation": "direct"}, {"min_protocol_version": "3.2"},
                                  {"sslnegotiation": "direct", "min_protocol_version": "3.2"}],
                         ids=["as ever", "direct TLS", "protocol 3.2", "both"])
def test_psql_queries(clients: NewerClients, dsn, environment, more):
    assert psql(clients, dsn(**more), environment, "SELECT customer FROM orders WHERE id = 4;",
                "SELECT $1 \\bind 5 \\g") == "李雷\n5\n"


def test_its_own_process_id_is_the_servers(clients: NewerClients, dsn, environment):
    said = psql(clients, dsn(), environment, "\\conninfo", "SELECT pg_backend_pid();").splitlines()
    assert f"Backend PID|{said[-1]}" in said


@pytest.mark.parametrize("more", [{}, {"min_protocol_version": "3.2"}], ids=["as ever", "protocol 3.2"])
def test_ctrl_c_ends_the_query_and_not_the_session(newer, clients: NewerClients, dsn, environment, more):
    watcher = psycopg2.connect(host="127.0.0.1", port=newer.ports[POSTGRESQL].number, user=USER, password=PASSWORD, dbname="app")
    watcher.autocommit = True

    def sleeping() -> int:
        with watcher.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'")
            return cursor.fetchone()[0]

    with at_a_terminal(clients.command(PSQL, "-X", "-A", "-t", "-q", dsn(**more)), environment) as program:
        check_ctrl_c(program, "SELECT pg_sleep(600);", "SELECT 41 + 1;", "\\q", sleeping)
    watcher.close()
