"""PostgreSQL 15 and MariaDB 10.11 of Debian 12 as other projects' tests want them, and the gateway in front of both."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

import psycopg2
import pymysql
import verifiers
from gateway import gateways
from newer import BOUND_SECONDS, MYSQL, POSTGRESQL, USER, Newer


class Debian12(Newer):
    """One user that may do everything, with one name and password at the servers and at the gateway. TLS is there for
    whoever asks for it, but for nobody else: some drivers' tests cannot be told to."""

    password = "suites-password"  # the tests put it into connection strings as it is
    postgresql = "/usr/lib/postgresql/15/bin"
    postgresql_settings = "wal_level = logical\nmax_prepared_transactions = 16\n"
    postgresql_access = "host all,replication all 127.0.0.1/32 scram-sha-256\n"
    mysql = "/usr/sbin/mariadbd"
    mysql_settings = ("--character-set-server=utf8mb4",)
    mysql_account = f'IDENTIFIED BY "{password}"'

    def mysql_initialisation(self, inside: str) -> Sequence[str]:
        return ["/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={inside}/data", "--skip-test-db",
                "--auth-root-authentication-method=normal"]


@dataclass(frozen=True)
class Place:
    """Where a suite's driver goes."""

    name: str
    host: str
    port: int
    user: str
    password: str
    ca: Path


class Places:
    """A server and the gateway's listener for it, of each kind."""

    def __init__(self, servers: Newer, gateway) -> None:
        self._servers = servers
        self._gateway = gateway

    def of(self, kind: str) -> tuple[Place, Place]:
        listener = (self._gateway.postgresql_address if kind == POSTGRESQL else self._gateway.mysql_address)(kind)
        addresses = {"direct": ("127.0.0.1", self._servers.ports[kind].number), "through": listener}
        direct, through = (Place(name, *address, USER, self._servers.password, self._servers.authority.file)
                           for name, address in addresses.items())
        return direct, through

    def sessions(self) -> int:
        """How many the gateway has opened so far."""
        return sum(line["event"] == "session_open" for line in self._gateway.audit_lines())

    def empty(self, kind: str, databases: Sequence[str], statements: Sequence[str]) -> None:
        """Makes the databases anew, and then runs the statements in each."""
        for database in databases:
            self._run(kind, "postgres" if kind == POSTGRESQL else "mysql", [f"DROP DATABASE IF EXISTS {database}",
                                                                            f"CREATE DATABASE {database}"])
            self._run(kind, database, statements)

    def _run(self, kind: str, database: str, statements: Sequence[str]) -> None:
        direct, _ = self.of(kind)
        where = {"host": direct.host, "port": direct.port, "user": direct.user, "password": direct.password,
                 "connect_timeout": BOUND_SECONDS}
        if kind == POSTGRESQL:
            connection = psycopg2.connect(**where, dbname=database)
            connection.autocommit = True
        else:
            connection = pymysql.connect(**where, database=database, autocommit=True)
        with contextlib.closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextlib.contextmanager
def places(program: Path, folder: Path) -> Iterator[Places]:
    """Everything runs until the block ends."""
    servers = Debian12(Path("/"), folder)
    try:
        servers.start()
        pair = servers.authority.issue("gateway", ["localhost"], addresses=["127.0.0.1"])
        tls = {"cert": str(pair.certificate), "key": str(pair.key)}
        # A listener of its own lets the client's database name through as it is.
        databases = [{"database_name": name, "sqlalchemy_uri": servers.uri(name), "listen": ["127.0.0.1:0"]}
                     for name in (MYSQL, POSTGRESQL)]
        user = {"name": USER, "password": verifiers.both(servers.password), "databases": ["*"]}
        with gateways(program, servers) as start:
            yield Places(servers, start({"databases": databases,
                                         "gateway": {"postgresql": {"tls": tls}, "mysql": {"tls": tls}, "users": [user]}}))
    finally:
        servers.stop()
