"""What the gateway's PostgreSQL tests share: psycopg2 and psql through a gateway, or past it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ContextManager, Iterator

import postgresql_wire as wire
import psycopg2
from gateway import PASSWORD, USER, Gateway
from servers.processes import wait_until

BOUND_SECONDS = 30
PG = "aurora_postgresql_cross_account"


def connect(running: Gateway, database: str = PG, **more: Any) -> ContextManager[Any]:
    """A psycopg2 connection in autocommit, closed with the block."""
    connection = psycopg2.connect(**running.postgresql(database, **more))
    connection.autocommit = True
    return contextlib.closing(connection)


def directly(lab) -> ContextManager[Any]:
    """The same server without the gateway, for comparison; user plain is let in by password."""
    kind = lab.kinds["aurora_postgresql"]
    connection = psycopg2.connect(host="127.0.0.1", port=kind["connect_port"], dbname=kind["database"],
                                  user="plain", password="plain-password", sslmode="require")
    connection.autocommit = True
    return contextlib.closing(connection)


def sessions_upstream(lab) -> set[int]:
    """The server's processes of sessions that came by a role."""
    with directly(lab) as watcher:
        return {pid for (pid,) in rows(watcher, "SELECT pid FROM pg_stat_activity WHERE usename = 'superset_iam_user'")}


def rows(connection, sql: str, values: Any = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def value(connection, sql: str, values: Any = None) -> Any:
    return rows(connection, sql, values)[0][0]


def psql(running: Gateway, *arguments: str, database: str = PG, as_user: str | None = None,
         **more: Any) -> subprocess.CompletedProcess:
    """Runs psql with the password in its environment; `as_user`: as another user of this machine."""
    settings = running.postgresql(database, **more)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
             "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "connect_timeout": "PGCONNECT_TIMEOUT"}
    environment = {**running.lab.environment(), **{names[key]: str(given) for key, given in settings.items()}}
    return subprocess.run(["psql", "-XAt", "-v", "ON_ERROR_STOP=1", *arguments], env=environment, text=True, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, user=as_user)


@contextlib.contextmanager
def sleeping(*connections) -> Iterator[list[Future]]:
    """Runs pg_sleep(600) in each connection, in threads; gives their futures, whose results are SQLSTATEs."""
    def outcome(connection):
        try:
            rows(connection, "SELECT pg_sleep(600)")
            return None
        except psycopg2.Error as error:
            return error.pgcode

    with ThreadPoolExecutor(len(connections)) as threads:
        try:
            yield [threads.submit(outcome, connection) for connection in connections]
        finally:
            for connection in connections:  # a test that failed would else wait for ten minutes
                with contextlib.suppress(OSError, psycopg2.Error):
                    socket.socket(fileno=os.dup(connection.fileno())).shutdown(socket.SHUT_RDWR)


def wait_asleep(watcher, server: int, asleep: bool = True) -> None:
    """Until the server process of that number runs pg_sleep(600), or no longer does."""
    active = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND query LIKE '%%pg_sleep(600)%%'"
    assert wait_until(lambda: value(watcher, active, (server,)) == int(asleep), BOUND_SECONDS), \
        "the query does not run" if asleep else "the query still runs at the server"


@contextlib.contextmanager
def lock_held(lab) -> Iterator[int]:
    """An advisory lock that a session past the gateway holds for the length of the block: `SELECT
    pg_advisory_lock(NUMBER)` runs exactly until then, with no clock involved."""
    with directly(lab) as holder:
        number = value(holder, "SELECT pg_backend_pid()")
        value(holder, "SELECT pg_advisory_lock(%s)", (number,))
        yield number


def wait_for_waiters(lab, number: int, count: int = 1) -> None:
    """Until so many sessions wait for that lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    with directly(lab) as watcher:
        assert wait_until(lambda: value(watcher, waiting, (number,)) == count, BOUND_SECONDS), \
            f"{count} sessions were to wait for lock {number}"


def logged_in(running: Gateway, database: str = PG) -> wire.Connection:
    """A connection of postgresql_wire that is idle in its session."""
    connection = wire.Connection(running.postgresql_address())
    assert connection.log_in(USER, PASSWORD, database)[-1].type == "Z"
    return connection


def begin_waiting(connection: wire.Connection, lab, lock: int) -> None:
    """Sends a query that runs until the lock is free, and waits until it does."""
    connection.send(wire.framed("Q", f"SELECT pg_advisory_lock({lock}), 'done'\0".encode()))
    wait_for_waiters(lab, lock)
