"""The gateway as MySQL clients of the tests reach it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Optional

import pymysql
from gateway import PASSWORD, USER, database
from mysql_clients import Target
from servers.processes import wait_until

DATABASE = "aurora_mysql_cross_account"
UPSTREAM_USER = "superset_iam_user"


def with_tls(lab) -> dict:
    """Configuration in which clients may use TLS; the certificate is for localhost and 127.0.0.1."""
    folder = Path(lab.description["certificates"])
    return {"gateway": {"mysql": {"tls": {"cert": str(folder / "localhost.crt"), "key": str(folder / "localhost.key")}}}}


def own_listener(lab) -> dict:
    return {"databases": [database(lab, DATABASE, listen=["127.0.0.1:0"])]}


def target(running, lab, way: str, schema: str = DATABASE) -> Target:
    """`way`: tcp, tls or unix."""
    if way == "unix":
        return Target(USER, PASSWORD, schema, socket=str(running.mysql_socket()))
    host, port = running.mysql_address()
    return Target(USER, PASSWORD, schema, host, port, ca=str(lab.ca) if way == "tls" else "")


def connected(running, database_name: Optional[str] = DATABASE, **more: Any) -> pymysql.connections.Connection:
    return pymysql.connect(**running.mysql(database_name, charset="utf8mb4", read_timeout=30, **more))


def value(connection: pymysql.connections.Connection, sql: str) -> Any:
    """The only field of the only row."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        ((only,),) = cursor.fetchall()
    return only


def wait_running(watcher, sql, runs=True, seconds=30):
    """Until the database is at work on it, or no longer is."""
    def as_wanted():
        return value(watcher, f"SELECT COUNT(*) FROM information_schema.processlist WHERE INFO = '{sql}'") == int(runs)

    assert wait_until(as_wanted, seconds), "the statement does not run" if runs else "the statement still runs"


class Sleeper:
    """A session inside a statement that lasts."""

    def __init__(self, running, sql):
        self.connection = connected(running)
        self._sql = sql
        self.error = None
        self._thread = threading.Thread(target=self._sleep)
        self._thread.start()

    def _sleep(self):
        try:
            value(self.connection, self._sql)
        except (pymysql.err.MySQLError, OSError) as error:
            self.error = error

    @property
    def id(self):
        return self.connection.thread_id()

    def code(self):
        """Of the error that the statement ended with."""
        self._thread.join(30)
        assert not self._thread.is_alive(), "the statement still runs"
        assert self.error is not None, "the statement ended by itself"
        return self.error.args[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._thread.is_alive():
            self.connection._sock.shutdown(2)
            self._thread.join(30)
        if self.connection.open:
            self.connection.close()
