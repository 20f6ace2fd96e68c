"""Oracle's MySQL server and its own client programs, through the command line and the gateway."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pymysql
import pytest
from newer import BOUND_SECONDS, MYSQL, PASSWORD, USER, NewerClients, at_a_terminal, check_ctrl_c

ALL_ORDERS = "1\tAda\n2\tGrace\n3\tJörg\n4\t李雷\n"


@pytest.fixture
def through(gateway, clients):
    """How a MySQL program goes through the gateway, inside verified TLS: the option that says so."""
    host, port = gateway.mysql_address()
    where = {"host": host, "port": port, "user": "alice", "password": gateway.mysql()["password"],
             "ssl-mode": "VERIFY_CA", "ssl-ca": clients.ca, "loose-default-character-set": "utf8mb4"}
    return lambda **more: clients.mysql_options({**where, **more})


@pytest.fixture
def direct(newer, clients):
    return clients.mysql_options({"host": "127.0.0.1", "port": newer.ports[MYSQL].number, "user": USER, "password": PASSWORD,
                                  "ssl-mode": "REQUIRED", "loose-default-character-set": "utf8mb4"}, "direct.cnf")


def administrator(newer) -> Any:
    return pymysql.connect(host="127.0.0.1", port=newer.ports[MYSQL].number, user=USER, password=PASSWORD, autocommit=True,
                           ssl={"ca": str(newer.authority.file)})


def test_the_command_line_logs_in(rolegate):
    (row,) = json.loads(rolegate("query", MYSQL, "--json", "SELECT VERSION() AS version, CURRENT_USER() AS user"))
    assert int(row["version"].split(".")[0]) >= 9 and row["user"] == f"{USER}@%"
    assert "handshake" in rolegate("test", MYSQL)


def test_its_client_queries_through_the_gateway(clients: NewerClients, through):
    said = clients.run("/usr/bin/mysql", through(), "--batch", "--skip-column-names", MYSQL,
                       "--execute=SELECT * FROM orders ORDER BY id; SELECT @@version_comment LIKE '%Debian%'")
    assert said == ALL_ORDERS + "1\n"


def test_a_password_goes_encrypted_with_the_gateways_key_where_there_is_no_tls(clients: NewerClients, through):
    options = through(**{"ssl-mode": "DISABLED", "get-server-public-key": 1})
    assert clients.run("/usr/bin/mysql", options, "--batch", "--skip-column-names", MYSQL, "--execute=SELECT 7") == "7\n"


def test_a_wrong_password_is_refused(clients: NewerClients, through):
    done = subprocess.run(clients.command("/usr/bin/mysql", through(password="wrong"), MYSQL, "--execute=SELECT 1"),
                          capture_output=True, text=True, timeout=BOUND_SECONDS, check=False, cwd="/")
    assert done.returncode == 1 and "ERROR 1045 (28000)" in done.stderr


def test_prepared_statements(clients: NewerClients, through):
    said = clients.run("/usr/bin/mysql", through(), "--batch", "--skip-column-names", MYSQL,
                       stdin="PREPARE one FROM 'SELECT customer FROM orders WHERE id = ?'; SET @id = 3; EXECUTE one USING @id; "
                             "DEALLOCATE PREPARE one;")
    assert said == "Jörg\n"


def test_load_data_local(clients: NewerClients, through):
    rows = clients.file("rows.csv", "".join(f"{number},word\n" for number in range(1, 20001)))
    said = clients.run("/usr/bin/mysql", through(), "--local-infile=1", "--batch", "--skip-column-names", MYSQL,
                       stdin="CREATE TEMPORARY TABLE loaded (n int, word varchar(20));\n"
                             f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE loaded FIELDS TERMINATED BY ',';\n"
                             f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE loaded FIELDS TERMINATED BY ',';\n"
                             "SELECT COUNT(*), SUM(n) FROM loaded;")
    assert said == f"40000\t{2 * sum(range(1, 20001))}\n"


def test_mysqldump_says_the_same_as_direct(clients: NewerClients, through, direct):
    command = ["/usr/bin/mysqldump", "{}", "--single-transaction", "--no-tablespaces", "--skip-comments",
               "--set-gtid-purged=OFF"]
    # On a shared listener the schema that a client names is a database_name; with alice@database it is the server's own.
    gone = clients.run(*[part.format(through(user=f"alice@{MYSQL}")) for part in command], "shop")
    assert gone == clients.run(*[part.format(direct) for part in command], "shop")
    assert "'李雷'" in gone


def test_mysqlslap(clients: NewerClients, through):
    said = clients.run("/usr/bin/mysqlslap", through(user=f"alice@{MYSQL}"), "--concurrency=8", "--iterations=3",
                       "--number-of-queries=200", "--create-schema=shop", "--no-drop", "--query=SELECT * FROM shop.orders")
    assert "Number of clients running queries: 8" in said


def test_query_attributes_do_not_disturb_a_session(clients: NewerClients, through):
    """They are not offered to clients; a client that is told to send some goes on without."""
    said = clients.run("/usr/bin/mysql", through(), "--commands", "--batch", "--skip-column-names", MYSQL,
                       stdin="query_attributes first 1 second 2\nSELECT 5;\nSELECT 6;\n")
    assert said == "5\n6\n"


def test_ctrl_c_ends_the_query_and_not_the_session(newer, clients: NewerClients, through):
    watcher = administrator(newer)

    def sleeping() -> int:
        with watcher.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM performance_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)%'")
            return cursor.fetchone()[0]

    with at_a_terminal(clients.command("/usr/bin/mysql", through(), "--skip-column-names", MYSQL)) as program:
        check_ctrl_c(program, "SELECT SLEEP(600) + 40;", "SELECT 41 + 1;", "quit", sleeping)
