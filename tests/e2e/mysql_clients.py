"""Real MySQL clients on one tour: what a program does with a database, each in the client's own way.

Every client prints or gives what came of it under the same names, so one dictionary says what is right for all. A client
that has no such thing (mariadb has no prepared statements of the protocol) leaves the name out.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import pymysql
import pymysql.cursors
from client_programs import Node

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "clients"
MODULES = ROOT / "build" / "test-clients" / "node_modules"
DRIVER = Path("/usr/share/java/mariadb-java-client.jar")
BOUND_SECONDS = 180  # a JVM's whole tour, on a busy machine

LINES_OF_FILE = 20000  # of the file for LOAD DATA LOCAL: more than one packet of it
EXPECTED = {
    "rows": "1 Ada|2 Grace|3 Jörg|4 李雷|5 O'Brien",
    "prepared": "李雷 310.00",
    "bulk": "1000 500500",
    "multi": "1|2|3",
    "loaded": f"{LINES_OF_FILE} {LINES_OF_FILE * (LINES_OF_FILE + 1) // 2}",
    "error": "1 1146 42S02",
    "inside": "2",
    "rolled_back": "0",
    "large_up": str(20 << 20),      # one row or statement that takes two packets of the protocol
    "large_down": str(20 << 20),
    "large_result": str(100 << 20),
    "after_reset": "1 shop",
}
SEVERAL = "SELECT 1; SELECT 2; DO 0; SELECT 3"
LOADED_TABLE = "CREATE TEMPORARY TABLE loaded (n int, word varchar(40))"
COUNTED_TABLE = "CREATE TEMPORARY TABLE counted (n int) ENGINE=InnoDB"
LARGE_RESULT = "SELECT REPEAT('z', 1048576) FROM seq_1_to_100"
OWN_ATTRIBUTE = ("SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs "
                 "WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'tour'")


@dataclass(frozen=True)
class Target:
    """Where and how to connect."""

    user: str
    password: str
    schema: Optional[str]
    host: str = ""
    port: int = 0
    socket: str = ""
    ca: str = ""  # TLS verified against it; empty: no TLS

    def pymysql(self, **more: Any) -> dict[str, Any]:
        where: dict[str, Any] = {"unix_socket": self.socket} if self.socket else {"host": self.host, "port": self.port}
        tls = {"ssl": {"ca": self.ca}} if self.ca else {}
        return {**where, **tls, "user": self.user, "password": self.password, "database": self.schema,
                "charset": "utf8mb4", "connect_timeout": BOUND_SECONDS, "read_timeout": BOUND_SECONDS, **more}

    def environment(self, **more: str) -> dict[str, str]:
        """For the programs of clients/. Unset and empty are the same to them."""
        settings = {"TOUR_HOST": self.host, "TOUR_PORT": str(self.port) if self.port else "", "TOUR_SOCKET": self.socket,
                    "TOUR_USER": self.user, "TOUR_PASSWORD": self.password, "TOUR_SCHEMA": self.schema or "",
                    "TOUR_CA": self.ca, "TOUR_FILE": str(file_to_load()), "NODE_PATH": str(MODULES), **more}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOUR_", "MYSQL_"))}
        return {**kept, **{name: value for name, value in settings.items() if value}}

    def mariadb(self, *arguments: str) -> list[str]:
        """The command; the password goes into MYSQL_PWD."""
        where = [f"--socket={self.socket}"] if self.socket else [f"--host={self.host}", f"--port={self.port}"]
        tls = ["--ssl", f"--ssl-ca={self.ca}", "--ssl-verify-server-cert"] if self.ca else ["--skip-ssl"]
        return ["mariadb", "--no-defaults", *where, *tls, f"--user={self.user}", "--default-character-set=utf8mb4",
                "--max-allowed-packet=64M", *arguments, *([self.schema] if self.schema else [])]

    def mariadb_environment(self) -> dict[str, str]:
        return {**os.environ, "MYSQL_PWD": self.password, "LC_ALL": "C.UTF-8"}


def named(output: str) -> dict[str, str]:
    """NAME=VALUE lines."""
    return dict(line.split("=", 1) for line in output.splitlines())


def finished(command: list[str], environment: Mapping[str, str], stdin: str = "") -> str:
    done = subprocess.run(command, env=dict(environment), input=stdin, text=True, capture_output=True,
                          timeout=BOUND_SECONDS, check=False)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory:
    """Kept, and removed as this process ends."""
    return tempfile.TemporaryDirectory(prefix="rg-clients-")


@functools.cache
def program(client: str) -> list[str]:
    """The command of a client that is a program of clients/; compiled at its first use."""
    folder = Path(_scratch().name)
    if client == "libmariadb":
        return [compiled("libmariadb_tour.c")]
    if client == "jdbc":
        finished(["javac", "-d", str(folder), str(SOURCES / "JdbcMariadbTour.java")], os.environ)
        # As little as a JVM can be, for its start counts in every test.
        return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{folder}:{DRIVER}", "JdbcMariadbTour"]
    assert client == "mysql2"
    Node()  # installs the drivers, or skips the test where that is not possible
    return ["node", str(SOURCES / "mysql2_tour.js")]


@functools.cache
def compiled(source: str) -> str:
    """A program of clients/ that stands on MariaDB Connector/C."""
    made = Path(_scratch().name) / Path(source).stem
    flags = finished(["mariadb_config", "--cflags", "--libs"], os.environ).split()
    finished(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", str(SOURCES / source), "-o", str(made), *flags], os.environ)
    return str(made)


@functools.cache
def file_to_load() -> Path:
    """What LOAD DATA LOCAL reads."""
    path = Path(_scratch().name) / "tour.csv"
    path.write_text("".join(f"{number},a word of some length\n" for number in range(1, LINES_OF_FILE + 1)), encoding="ascii")
    return path


def _text(rows: Any) -> str:
    return "|".join(" ".join(str(value) for value in row) for row in rows)


def _tour_of_pymysql(target: Target) -> dict[str, str]:
    found: dict[str, str] = {}
    with pymysql.connect(**target.pymysql(local_infile=True, autocommit=True,
                                          client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)) as connection:
        cursor = connection.cursor()

        def query(sql: str) -> str:
            cursor.execute(sql)
            return _text(cursor.fetchall())

        found["version"] = connection.get_server_info()
        found["rows"] = query("SELECT id, customer FROM orders ORDER BY id")
        results = [query(SEVERAL)]
        while cursor.nextset():
            results.append(_text(cursor.fetchall()))
        found["multi"] = "|".join(result for result in results if result)
        query(LOADED_TABLE)
        query(f"LOAD DATA LOCAL INFILE '{file_to_load()}' INTO TABLE loaded FIELDS TERMINATED BY ','")
        found["loaded"] = query("SELECT COUNT(*), SUM(n) FROM loaded")
        try:
            query("SELECT * FROM no_such_table")
        except pymysql.err.ProgrammingError as error:
            found["error"] = f"1 {error.args[0]} 42S02"  # PyMySQL drops the SQLSTATE
        query(COUNTED_TABLE)
        connection.begin()
        query("INSERT INTO counted VALUES (1), (2)")
        found["inside"] = query("SELECT COUNT(*) FROM counted")
        connection.rollback()
        found["rolled_back"] = query("SELECT COUNT(*) FROM counted")
        found["large_up"] = query("SELECT LENGTH('" + "y" * (20 << 20) + "')")
        found["large_down"] = str(len(query("SELECT REPEAT('x', 20971520)")))
        with connection.cursor(pymysql.cursors.SSCursor) as stream:
            stream.execute(LARGE_RESULT)
            found["large_result"] = str(sum(len(row[0]) for row in stream))
    return found


def _tour_of_mariadb(target: Target) -> dict[str, str]:
    """The command line client, which gets everything on standard input; --force goes on after the error."""
    shown = {"rows": "SELECT GROUP_CONCAT(id, ' ', customer ORDER BY id SEPARATOR '|') FROM orders",
             "large_up": "SELECT LENGTH('" + "y" * (20 << 20) + "')", "large_down": "SELECT REPEAT('x', 20971520)"}
    script = "".join([
        f"SELECT 'rows', ({shown['rows']});\n", f"{LOADED_TABLE};\n",
        f"LOAD DATA LOCAL INFILE '{file_to_load()}' INTO TABLE loaded FIELDS TERMINATED BY ',';\n",
        "SELECT 'loaded', CONCAT(COUNT(*), ' ', SUM(n)) FROM loaded;\n", "SELECT * FROM no_such_table;\n", f"{COUNTED_TABLE};\n",
        "START TRANSACTION; INSERT INTO counted VALUES (1), (2);\n", "SELECT 'inside', COUNT(*) FROM counted;\n",
        "ROLLBACK;\n", "SELECT 'rolled_back', COUNT(*) FROM counted;\n",
        f"SELECT 'large_up', ({shown['large_up']});\n", f"SELECT 'large_down', ({shown['large_down']});\n",
        "SELECT 'z' AS `large_result`, REPEAT('z', 1048576) FROM seq_1_to_100;\n"])
    done = subprocess.run(target.mariadb("--batch", "--skip-column-names", "--force", "--quick", "--local-infile=1"),
                          env=target.mariadb_environment(), input=script, text=True, capture_output=True,
                          timeout=BOUND_SECONDS, check=False)
    found: dict[str, str] = {"large_result": "0"}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("\t")
        if name == "z":
            found["large_result"] = str(int(found["large_result"]) + len(value))
        else:
            found[name] = str(len(value)) if name == "large_down" else value
    found["error"] = "1 1146 42S02" if "ERROR 1146 (42S02)" in done.stderr else done.stderr[-2000:]
    return found


# Each client, and what it has no way to do.
CLIENTS: dict[str, set[str]] = {
    "libmariadb": set(),
    "jdbc": {"after_reset"},
    "mysql2": {"bulk"},
    "pymysql": {"prepared", "bulk", "after_reset"},
    "mariadb": {"prepared", "bulk", "multi", "after_reset"},
}


def tour(client: str, target: Target) -> dict[str, str]:
    if client == "pymysql":
        return _tour_of_pymysql(target)
    if client == "mariadb":
        return _tour_of_mariadb(target)
    return named(finished(program(client), target.environment()))


def unexpected(client: str, found: Mapping[str, str]) -> dict[str, tuple[Optional[str], str]]:
    """What came out wrong: name to (found, expected)."""
    return {name: (found.get(name), value) for name, value in EXPECTED.items()
            if name not in CLIENTS[client] and found.get(name) != value}


if __name__ == "__main__":  # a tour of any server: mysql_clients.py CLIENT HOST PORT USER PASSWORD SCHEMA
    where = Target(sys.argv[4], sys.argv[5], sys.argv[6], sys.argv[2], int(sys.argv[3]))
    print(unexpected(sys.argv[1], tour(sys.argv[1], where)) or "as expected")
