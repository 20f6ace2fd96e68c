"""Rows that stream while the session ends: a client gets what the database has sent, and nothing that it has not."""

import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pymysql.cursors
import pytest
from client_programs import Node
from forwarder import Forwarder
from gateway import PASSWORD, USER, database
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


@pytest.mark.parametrize("end", ("gateway", "database"))
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
        else:
            way.cut()
        got, complaint = reading.result(timeout=2 * BOUND_SECONDS)
        assert set(got) == {ROW}, set(got) - {ROW}
        assert complaint, "the client did not notice that there would have been more"
