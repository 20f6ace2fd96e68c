"""Rows that stream while the session ends: a client gets what the database has sent, and nothing that it has not."""

import contextlib
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import mysql_wire
import pymysql
import pymysql.cursors
import pytest
from client_programs import Node
from forwarder import Forwarder
from gateway import PASSWORD, USER, database
from gateway_mysql import DATABASE, connected, value
from mysql_clients import SOURCES, Target
from servers.processes import wait_until

BOUND_SECONDS = 30
ROW = "r" * 40  # short, so that a message in the middle of one would complete it
SQL = f"SELECT '{ROW}' FROM seq_1_to_10000000"


def rows_of_mariadb(target):
    return _lines(target.mariadb("--batch", "--skip-column-names", "--quick", "--execute", SQL), target.mariadb_environment())


def rows_of_mysql2(target):
    Node()
    return _lines(["node", str(SOURCES / "streamed_rows.js")], target.environment(TOUR_SQL=SQL))


def _lines(command, environment):
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=2 * BOUND_SECONDS, check=False)
    return done.stdout.splitlines(), done.stderr


def rows_of_pymysql(target):
    got = []
    with contextlib.closing(pymysql.connect(**target.pymysql(), cursorclass=pymysql.cursors.SSCursor)) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(SQL)
            got.extend(row for (row,) in cursor)
        except pymysql.err.MySQLError as error:
            cursor.connection = None  # a cursor that is closed would read on
            return got, str(error)
    return got, ""


@pytest.mark.parametrize("end", ("gateway", "database", "kill"))
@pytest.mark.parametrize("rows", (rows_of_mariadb, rows_of_pymysql, rows_of_mysql2))
def test_a_session_that_ends_between_two_pieces_of_a_row(lab, gateway, rows, end):
    kind = lab.kinds["aurora_mysql"]
    with Forwarder(kind["connect_port"]) as way, ThreadPoolExecutor(1) as threads:
        way.limit(to_client=300_000)  # rows come in records of 16 KB, which end anywhere in a row
        entry = database(lab, "aurora_mysql_cross_account", database_name="cut")
        uri = entry["sqlalchemy_uri"].replace(kind["connect_to"], f"127.0.0.1:{way.port}")
        running = gateway({"databases": [{**entry, "sqlalchemy_uri": uri}], "gateway": {"drain_timeout": "1s"}})
        host, port = running.mysql_address()
        reading = threads.submit(rows, Target(USER, PASSWORD, "cut", host, port))
        assert wait_until(lambda: any(link.passed["to_client"] == 300_000 for link in way.links), BOUND_SECONDS)
        if end == "gateway":
            running.stop()
        elif end == "kill":
            with connected(running, "cut") as other:
                number = value(other, f'SELECT ID FROM information_schema.processlist WHERE INFO = "{SQL}"')
                other.cursor().execute(f"KILL {number}")
                running.audit("session_close", reason="database_closed")
        else:
            way.cut()
        got, complaint = reading.result(timeout=2 * BOUND_SECONDS)
        assert set(got) == {ROW}, set(got) - {ROW}
        assert complaint, "the client did not notice that there would have been more"


INTERRUPTED, KILLED = 1317, 1927
MORE_THAN_IS_BUFFERED = 400_000


class RowsInFlight:
    """An answer that a client has begun to read, and is held up by it from then on."""

    def __init__(self, running, rows=10_000_000):
        self.connection = mysql_wire.Connection(running.mysql_address())
        self.id = self.connection.greet().connection_id
        self.connection.log_in(USER, PASSWORD, DATABASE, secure=True)
        self.connection.command(mysql_wire.COM_QUERY, f"SELECT '{ROW}' FROM seq_1_to_{rows}".encode())
        self.connection.receive()  # the column, and what ends the metadata
        self._sequence = self.connection.receive().sequence
        self.rows = 0
        assert self.read(1000) is None

    def read(self, most=None):
        """Up to what is no row, which it gives; None: the connection has ended, or `most` rows have been read. Nothing
        but rows, one behind the other, has come, and of the last one the beginning."""
        for _ in range(most or 1 << 30):
            self._sequence = (self._sequence + 1) % 256
            try:
                packet = self.connection.receive()
            except (EOFError, ConnectionError):
                unread, row = self.connection.unread(), self._row()
                assert row.startswith(unread) or row[4:].startswith(unread), unread
                return None
            assert packet.sequence == self._sequence, packet
            if mysql_wire.framed(packet.sequence, packet.payload) != self._row():
                return packet
            self.rows += 1
        return None

    def _row(self):
        return mysql_wire.framed(self._sequence, bytes([len(ROW)]) + ROW.encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


def test_kill_query_in_mid_stream_ends_the_answer_in_its_order(gateway):
    running = gateway()
    with connected(running) as other, RowsInFlight(running) as answer:
        other.cursor().execute(f"KILL QUERY {answer.id}")
        assert mysql_wire.ServerError(answer.read()).code == INTERRUPTED
        assert answer.connection.query("SELECT 1") == [["1"]]


def test_kill_in_mid_stream_adds_nothing(gateway):
    running = gateway()
    with connected(running) as other, RowsInFlight(running) as answer:
        other.cursor().execute(f"KILL {answer.id}")
        last = answer.read()
        assert last is None or (mysql_wire.ServerError(last).code == KILLED and answer.connection.at_end()), last
        assert running.audit("session_close")["reason"] in ("database_closed", "database_lost")


def test_shutdown_in_mid_stream_adds_nothing(gateway):
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with RowsInFlight(running) as answer:
        running.signal(signal.SIGTERM)
        assert running.wait_exit() == 0
        assert answer.read() is None
        assert running.audit("session_close")["reason"] == "shutdown"


def test_idle_timeout_never_ends_a_stream(gateway):
    """However long the client takes over it."""
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with RowsInFlight(running, MORE_THAN_IS_BUFFERED) as answer:
        for _ in range(2):  # each is idle for as long as the answer is held up
            with connected(running) as witness:
                running.audit("session_close", reason="idle_timeout", client_address="%s:%d" % witness._sock.getsockname())
        assert answer.read().payload[:1] == b"\xfe"
        assert answer.rows == MORE_THAN_IS_BUFFERED
