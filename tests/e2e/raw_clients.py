"""The same few things in both protocols, byte by byte, for tests of what goes wrong.

    client = CLIENTS["mysql"].connected(running)      # connected, nothing said
    client.log_in("aurora_mysql_password")
    client.ask(client.sleep); client.answer()

A refusal comes as Refused with the protocol's own code (SQLSTATE, MySQL error number).
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Iterator, Optional, Union

import mysql_wire
import postgresql_wire
from gateway import PASSWORD, USER, Gateway

ENGINES = ("postgresql", "mysql")


class Refused(Exception):
    def __init__(self, code: Union[str, int], message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class RawClient:
    """What both have in common."""

    wire: Any

    @property
    def socket(self) -> socket.socket:
        return self.wire.socket

    def ask(self, sql: str) -> None:
        raise NotImplementedError

    def answer(self) -> Optional[str]:
        """The last row's only field, when the whole answer is there."""
        raise NotImplementedError

    def query(self, sql: str) -> Optional[str]:
        self.ask(sql)
        return self.answer()

    def alive(self) -> bool:
        return self.query("SELECT 1") == "1"

    def at_end(self) -> bool:
        return self.wire.at_end()

    def close(self) -> None:
        self.wire.close()


class PostgresqlClient(RawClient):
    engine = "postgresql"
    sleep = "SELECT pg_sleep(60)"
    large = "SELECT repeat('z', 1048576) FROM generate_series(1, 100)"
    whoami = "SELECT session_user"
    cross_account = "aurora_postgresql_cross_account"
    password_database = "aurora_postgresql_password"

    def __init__(self, where: Any) -> None:
        self.wire = postgresql_wire.Connection(where)

    @classmethod
    def connected(cls, running: Gateway, listener: Optional[str] = None) -> "PostgresqlClient":
        return cls(running.postgresql_address(listener))

    def begin(self, database: str) -> None:
        """The first message of a login, and the server's answer to it."""
        self.wire.send(self.first_message(database))
        self.wire.receive()

    def first_message(self, database: str) -> bytes:
        return postgresql_wire.startup_message({"user": USER, "database": database})

    def log_in(self, database: str, password: str = PASSWORD) -> "PostgresqlClient":
        last = self.wire.log_in(USER, password, database)[-1]
        if last.type == "E":
            raise _refused(last)
        return self

    def ask(self, sql: str) -> None:
        self.wire.send(postgresql_wire.framed("Q", sql.encode() + b"\0"))

    def answer(self) -> Optional[str]:
        value = None
        while True:
            message = self.wire.receive()
            if message.type == "E":
                raise _refused(message)
            if message.type == "D":
                value = message.body[6:].decode()
            if message.type == "Z":
                return value

    def rows(self) -> Iterator[int]:
        """The sizes of an answer's rows, as they come."""
        while True:
            message = self.wire.receive()
            if message.type == "E":
                raise _refused(message)
            if message.type == "D":
                yield len(message.body) - 6
            if message.type == "Z":
                return

    def last_words(self) -> Refused:
        """An error that nobody asked for."""
        message = self.wire.receive()
        assert message.type == "E", message
        return _refused(message)


def _refused(message: postgresql_wire.Message) -> Refused:
    fields = message.fields()
    return Refused(fields["C"], fields["M"])


class MysqlClient(RawClient):
    engine = "mysql"
    sleep = "SELECT SLEEP(60)"
    large = "SELECT REPEAT('z', 1048576) FROM seq_1_to_100"
    whoami = "SELECT CURRENT_USER()"
    cross_account = "aurora_mysql_cross_account"
    password_database = "aurora_mysql_password"

    def __init__(self, where: Any) -> None:
        self.wire = mysql_wire.Connection(where)

    @classmethod
    def connected(cls, running: Gateway, listener: Optional[str] = None) -> "MysqlClient":
        return cls(running.mysql_address(listener))

    def begin(self, database: str) -> None:
        self.wire.socket.sendall(self.first_message(database))
        self.wire.receive()

    def first_message(self, database: str) -> bytes:
        """Behind the server's greeting, which is read if it was not yet."""
        if self.wire.greeting is None:
            self.wire.greet()
        # No answer to the challenge: the server asks for one by AuthSwitchRequest.
        return mysql_wire.framed(1, self.wire.response(USER, "", database, plugin="mysql_native_password"))

    def log_in(self, database: str, password: str = PASSWORD) -> "MysqlClient":
        try:
            self.wire.log_in(USER, password, database, secure=True)  # to the own machine, as Connector/C has it
        except mysql_wire.ServerError as error:
            raise Refused(error.code, error.message) from error
        return self

    def ask(self, sql: str) -> None:
        self.wire.send(0, bytes([mysql_wire.COM_QUERY]) + sql.encode())

    def answer(self) -> Optional[str]:
        value = None
        try:
            for row in self.wire.result():
                (value,) = row
        except mysql_wire.ServerError as error:
            raise Refused(error.code, error.message) from error
        return value

    def rows(self) -> Iterator[int]:
        try:
            for row in self.wire.result():
                yield len(row[0] or "")
        except mysql_wire.ServerError as error:
            raise Refused(error.code, error.message) from error

    def last_words(self) -> Refused:
        packet = self.wire.receive()
        assert packet.payload[:1] == b"\xff", packet
        error = mysql_wire.ServerError(packet)
        return Refused(error.code, error.message)


CLIENTS: dict[str, Any] = {client.engine: client for client in (PostgresqlClient, MysqlClient)}


def reset(client: Union[PostgresqlClient, MysqlClient, socket.socket]) -> None:
    """Closes with RST, as a program that is killed with bytes unread, or a machine that forgot about the connection."""
    end = client if isinstance(client, socket.socket) else client.socket
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
