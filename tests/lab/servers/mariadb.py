"""MariaDB 10.11 playing Aurora MySQL.

`IDENTIFIED VIA pam` with pam_use_cleartext_plugin asks the client for mysql_clear_password, exactly as Aurora's
AWSAuthenticationPlugin does. MariaDB's PAM plugin runs a set-user-ID helper that only user mysql may execute.
"""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pymysql

from . import pam_service, places, templates, users
from .errors import LabError
from .ports import ReservedPort
from .processes import Account, run
from .server import Context, Prepared, private_copy, private_folder

NAME = "aurora_mysql"
DATABASE = "shop"
SERVER = "/usr/sbin/mariadbd"
PAM_TOOL = "/usr/lib/mysql/plugin/auth_pam_tool_dir/auth_pam_tool"
LOG_FILE_SIZE = "--innodb-log-file-size=4M"
SETTINGS = [
    LOG_FILE_SIZE, "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
    "--innodb-buffer-pool-load-at-startup=0", "--innodb-buffer-pool-dump-at-shutdown=0",
    "--skip-log-bin", "--skip-name-resolve", "--character-set-server=utf8mb4", "--max-connections=300",
    # Refused logins are what the lab is for; by default the hundredth broken one would lock 127.0.0.1 out.
    "--max-connect-errors=4294967295",
    "--max-allowed-packet=64M",  # a packet of the protocol ends at 16 MB: what is longer comes in several
    # Of the performance schema only what clients say of themselves (session_account_connect_attrs).
    "--performance-schema=ON", "--performance-schema-instrument=%=OFF",
    "--performance-schema-session-connect-attrs-size=1024",
    "--plugin-load-add=auth_pam", "--pam-use-cleartext-plugin=ON"]

TABLES = (
    f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4",
    f"CREATE TABLE {DATABASE}.orders (id int PRIMARY KEY, customer varchar(80) NOT NULL, "
    "amount decimal(10,2) NOT NULL, placed date)",
    f"INSERT INTO {DATABASE}.orders VALUES (1, 'Ada', 120.50, '2026-01-05'), (2, 'Grace', 75.00, '2026-01-06'), "
    "(3, 'Jörg', 19.99, '2026-01-07'), (4, '李雷', 310.00, NULL), (5, 'O''Brien', 42.10, '2026-01-09')")


def prepare(context: Context) -> Prepared:
    account = places.account_of("mysql")
    _check_pam_tool()
    folder = private_folder(context.run_folder, NAME, account)
    data = private_folder(folder, "data", account)
    depends_on = [run([SERVER, "--version"]).stdout.decode(), Path(__file__).read_text(encoding="utf-8")]
    templates.unpack(NAME, depends_on, data, account, context.owner,
                     lambda empty: _initialise(empty, account), context.progress)
    service = pam_service.install(context.lab_id, "mysql", context.pam_module, context.verifier_socket, NAME,
                                  context.resources)
    key = private_copy(context.certificates.server.key, folder / "server.key", account)
    certificate = private_copy(context.certificates.server.certificate, folder / "server.crt", account)
    set_up = folder / "set-up.sql"
    set_up.write_text("".join(line + ";\n" for line in [*TABLES, *_user_statements(service)]), encoding="utf-8")
    os.chown(set_up, account.uid, account.gid)
    port = ReservedPort()
    command = [SERVER, "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket", f"--pid-file={folder}/pid",
               "--bind-address=127.0.0.1", f"--port={port.number}", f"--init-file={set_up}", f"--tmpdir={folder}",
               f"--ssl-cert={certificate}", f"--ssl-key={key}", *SETTINGS]
    # SIGKILL: its data is thrown away, so there is nothing an orderly shutdown would be worth waiting for.
    return Prepared(NAME, command, account, context.logs / f"{NAME}.log", lambda: _ready(port.number), signal.SIGKILL,
                    port)


def _user_statements(service: str) -> list[str]:
    """The service's name is new in every lab, so users are made as the server starts and not in the template."""
    statements = []
    for user in users.AURORA_USERS:
        statements += [f"CREATE USER '{user}'@'%' IDENTIFIED VIA pam USING '{service}' REQUIRE SSL",
                       f"GRANT ALL ON {DATABASE}.* TO '{user}'@'%'"]
    # The last statement: who can log in as this user knows that all the others have been run.
    return statements + [f"CREATE USER '{users.PLAIN_USER}'@'%' IDENTIFIED BY '{users.PLAIN_PASSWORD}' REQUIRE SSL",
                         f"GRANT ALL ON {DATABASE}.* TO '{users.PLAIN_USER}'@'%'"]


def _check_pam_tool() -> None:
    places.program(SERVER, "mariadb-server")
    try:
        mode = os.stat(PAM_TOOL).st_mode
    except OSError as error:
        raise LabError(f"{PAM_TOOL} is missing ({error.strerror}); it comes with mariadb-server") from None
    if not mode & stat.S_ISUID or os.statvfs(PAM_TOOL).f_flag & os.ST_NOSUID:
        raise LabError(f"{PAM_TOOL} cannot become root (no set-user-ID bit, or its file system is mounted nosuid), so "
                       "MariaDB cannot use PAM here")


def _ready(port: int) -> bool:
    try:
        connection = pymysql.connect(host="127.0.0.1", port=port, user=users.PLAIN_USER, database=DATABASE,
                                     password=users.PLAIN_PASSWORD, ssl={"check_hostname": False}, connect_timeout=5)
    except (pymysql.err.OperationalError, OSError):
        return False
    connection.close()
    return True


def _initialise(folder: Path, account: Account) -> None:
    result = run(["/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--skip-test-db",
                  "--auth-root-authentication-method=socket", LOG_FILE_SIZE], account=account)
    if result.returncode != 0:
        raise LabError("mariadb-install-db failed:\n" + result.stdout.decode("utf-8", "replace"))
