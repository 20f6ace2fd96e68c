"""The gateway as MySQL clients of the tests reach it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pymysql
from gateway import PASSWORD, USER, database
from mysql_clients import Target

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
