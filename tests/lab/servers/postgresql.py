"""PostgreSQL 15 playing Aurora PostgreSQL, and a second one playing Redshift.

As in Aurora, members of one role (rds_iam) log in with what is sent as a cleartext password inside TLS and is judged
by PAM. Everybody else has a scram password; nobody gets in without TLS.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from . import pam_service, places, templates, users
from .errors import LabError
from .ports import ReservedPort
from .processes import Account, run
from .server import Context, Prepared, private_copy, private_folder

BINARIES = "/usr/lib/postgresql/15/bin"
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 16MB
# Nothing here survives the lab, and nothing may stay behind in /dev/shm when the server is killed.
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
dynamic_shared_memory_type = mmap
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
ssl = on
"""


@dataclass(frozen=True)
class Kind:
    name: str           # the verifier's and lab.json's name of this database
    pam_kind: str
    iam_role: str
    database: str
    iam_users: tuple[str, ...]
    tables: tuple[str, ...]


AURORA = Kind("aurora_postgresql", "pg", "rds_iam", "app", users.AURORA_USERS, (
    "CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, amount numeric(10,2) NOT NULL, placed date)",
    "INSERT INTO orders VALUES (1, 'Ada', 120.50, '2026-01-05'), (2, 'Grace', 75.00, '2026-01-06'), "
    "(3, 'Jörg', 19.99, '2026-01-07'), (4, '李雷', 310.00, NULL), (5, 'O''Brien', 42.10, '2026-01-09')",
    "GRANT ALL ON orders TO rds_iam, plain",
    "GRANT CREATE ON SCHEMA public TO rds_iam"))  # for pgbench's tables
REDSHIFT = Kind("redshift", "redshift", "redshift_iam", "dev", users.REDSHIFT_USERS, (
    "CREATE TABLE sales (salesid int PRIMARY KEY, region text NOT NULL, qtysold int NOT NULL, revenue numeric(12,2))",
    "INSERT INTO sales VALUES (1, 'EMEA', 12, 1440.00), (2, 'AMER', 30, 3599.90), (3, 'APAC', 7, 812.25)",
    "GRANT ALL ON sales TO redshift_iam, plain"))


def prepare(kind: Kind, context: Context) -> Prepared:
    account = places.account_of("postgres")
    folder = private_folder(context.run_folder, kind.name, account)
    data = private_folder(folder, "data", account)
    depends_on = [_version(), SETTINGS, repr(kind), Path(__file__).read_text(encoding="utf-8")]
    templates.unpack(kind.name, depends_on, data, account, context.owner,
                     lambda empty: _initialise(kind, empty, account), context.progress)
    service = pam_service.install(context.lab_id, kind.pam_kind, context.pam_module, context.verifier_socket,
                                  kind.name, context.resources)
    key = private_copy(context.certificates.server.key, folder / "server.key", account)
    certificate = private_copy(context.certificates.server.certificate, folder / "server.crt", account)
    port = ReservedPort()
    (data / "postgresql.conf").write_text(
        SETTINGS + f"port = {port.number}\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n"
        f"hba_file = '{folder}/pg_hba.conf'\n", encoding="utf-8")
    (folder / "pg_hba.conf").write_text(
        f'hostssl all +{kind.iam_role} 127.0.0.1/32 pam pamservice={service}\n'
        "hostssl all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
    # SIGQUIT is PostgreSQL's immediate shutdown: no waiting for clients, and its shared memory is given back.
    return Prepared(kind.name, [f"{BINARIES}/postgres", "-D", str(data)], account, context.logs / f"{kind.name}.log",
                    lambda: _ready(kind, port.number), signal.SIGQUIT, port)


def _version() -> str:
    places.program(f"{BINARIES}/postgres", "postgresql-15")
    return run([f"{BINARIES}/postgres", "--version"]).stdout.decode()


def _ready(kind: Kind, port: int) -> bool:
    """A real login with a password, over TLS: the port alone answers long before the server is up."""
    try:
        connection = psycopg2.connect(host="127.0.0.1", port=port, user=users.PLAIN_USER, dbname=kind.database,
                                      password=users.PLAIN_PASSWORD, sslmode="require", connect_timeout=5)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True


def _initialise(kind: Kind, folder: Path, account: Account) -> None:
    _checked("initdb", [f"{BINARIES}/initdb", "-D", str(folder), "-U", "postgres", "-E", "UTF8",
                        "--locale=C.UTF-8", "-A", "reject", "--no-sync"], account)
    roles = [f"CREATE DATABASE {kind.database}", f"CREATE ROLE {kind.iam_role} NOLOGIN",
             # CREATEROLE: it can run the statements that `rolegate policy` prints, as an administrator would.
             f"CREATE USER {users.PLAIN_USER} CREATEROLE PASSWORD '{users.PLAIN_PASSWORD}'"]
    for user in kind.iam_users:
        roles += [f'CREATE USER "{user}"', f'GRANT {kind.iam_role} TO "{user}"']
    _single_user("postgres", roles, folder, account)
    _single_user(kind.database, list(kind.tables), folder, account)


def _single_user(database: str, statements: list[str], folder: Path, account: Account) -> None:
    """Runs SQL without starting a server. With -j a statement ends with a semicolon and an empty line."""
    script = "".join(statement + ";\n\n" for statement in statements)
    output = _checked("setting up " + database,
                      [f"{BINARIES}/postgres", "--single", "-j", "-D", str(folder), "-c", "exit_on_error=on",
                       "-c", "fsync=off", database], account, input=script.encode())
    if "ERROR" in output or "FATAL" in output:
        raise LabError(f"setting up {database} failed:\n{output}")


def _checked(what: str, command: list[str], account: Account, **arguments) -> str:
    result = run(command, account=account, **arguments)
    output = result.stdout.decode("utf-8", "replace")
    if result.returncode != 0:
        raise LabError(f"{what} ended with status {result.returncode}:\n{output}")
    return output
