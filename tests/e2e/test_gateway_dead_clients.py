"""Work that nobody waits for any more ends behind the gateway as it does directly: a client that died is noticed by
the server in the middle of a statement, where that server looks for it.
"""

import contextlib
import secrets
import socket

import psycopg2
import pymysql
import pytest
from gateway_mysql import value, with_tls
from mysql_clients import Target
from psycopg2.extras import wait_select
from servers import users
from servers.processes import wait_until

BOUND_SECONDS = 20
DATABASE = "aurora_mysql_password"


def direct(lab) -> Target:
    kind = lab.kinds["aurora_mysql"]
    return Target(users.PLAIN_USER, users.PLAIN_PASSWORD, kind["database"], "127.0.0.1", kind["connect_port"])


def connected(target: Target, **more) -> pymysql.connections.Connection:
    return pymysql.connect(**target.pymysql(ssl={"check_hostname": False}, **more))


@pytest.fixture
def watcher(lab):
    with contextlib.closing(connected(direct(lab))) as connection:
        yield connection


@pytest.mark.parametrize("way", ("direct", "clear", "tls"))
def test_mysql_notices_a_dead_client(lab, gateway, watcher, way):
    running = gateway(with_tls(lab))
    name = secrets.token_hex(8)
    assert value(watcher, f"SELECT GET_LOCK('{name}', 0)") == 1
    if way == "direct":
        client = connected(direct(lab))
    else:
        more = {"ssl": {"ca": str(lab.ca)}} if way == "tls" else {}
        client = pymysql.connect(**running.mysql(DATABASE, **more))
    sql = f"SELECT GET_LOCK('{name}', 3600)"
    client._execute_command(3, sql)

    def waits() -> bool:
        return value(watcher, f"SELECT COUNT(*) FROM information_schema.processlist WHERE INFO = \"{sql}\"") == 1

    assert wait_until(waits, BOUND_SECONDS)
    # As a process that died: without COM_QUIT, and without a word of TLS.
    client._sock.shutdown(socket.SHUT_RDWR)
    client._force_close()
    assert wait_until(lambda: not waits(), BOUND_SECONDS), "the server goes on waiting for the lock"


@pytest.mark.parametrize("way", ("direct", "gateway"))
def test_postgresql_notices_a_dead_client(lab, gateway, way):
    """Where it is told to look: client_connection_check_interval."""
    running = gateway()
    kind = lab.kinds["aurora_postgresql"]
    directly = {"host": "127.0.0.1", "port": kind["connect_port"], "user": users.PLAIN_USER,
                "password": users.PLAIN_PASSWORD, "dbname": kind["database"], "sslmode": "require"}
    settings = directly if way == "direct" else running.postgresql("aurora_postgresql_password")
    sql = f"SELECT pg_sleep(3600), '{secrets.token_hex(8)}'"
    with contextlib.closing(psycopg2.connect(**directly)) as watcher, \
            contextlib.closing(psycopg2.connect(**settings, async_=True)) as client:
        watcher.autocommit = True
        wait_select(client)
        client.cursor().execute(f"SET client_connection_check_interval = 100; {sql}")

        def runs() -> bool:
            with watcher.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active' "
                               "AND pid <> pg_backend_pid()", (f"%{sql[-18:]}%",))
                return cursor.fetchone() == (1,)

        assert wait_until(runs, BOUND_SECONDS)
        with socket.socket(fileno=client.fileno()) as end:
            end.shutdown(socket.SHUT_RDWR)
            end.detach()
        assert wait_until(lambda: not runs(), BOUND_SECONDS), "the server goes on with the statement"
