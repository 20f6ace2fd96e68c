"""MySQL and PostgreSQL of Debian sid on loopback, with passwords and verified TLS, and sid's client programs."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence
from urllib.parse import quote

import yaml
from servers.certificates import Authority
from servers.ports import ReservedPort
from servers.processes import clean_environment, spawn, wait_until

BOUND_SECONDS = 60
USER = "plain"
PASSWORD = "sid's own password"
MYSQL = "newer_mysql"
POSTGRESQL = "newer_postgresql"
ORDERS = ("CREATE TABLE orders (id int PRIMARY KEY, customer varchar(80) NOT NULL);"
          "INSERT INTO orders VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Jörg'), (4, '李雷');")


class Newer:
    """Also what tests/e2e/gateway.py takes for a lab: a configuration to begin with, and an environment."""

    password = PASSWORD
    postgresql = "/usr/lib/postgresql/18/bin"
    postgresql_settings = ""
    postgresql_access = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
    mysql = "/usr/sbin/mysqld"
    mysql_settings: Sequence[str] = ("--mysqlx=OFF",)
    mysql_account = f'IDENTIFIED WITH caching_sha2_password BY "{PASSWORD}" REQUIRE SSL'

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        # Inside the chroot, and short: the path of a unix socket has a bound.
        self.data = Path(tempfile.mkdtemp(prefix="newer-", dir=root / "var" / "tmp"))
        self.data.chmod(0o755)
        self.authority = Authority(folder, "ca", "The newer servers' authority")
        self.pair = self.authority.issue("server", ["localhost"], addresses=["127.0.0.1"])
        self.ports = {MYSQL: ReservedPort(), POSTGRESQL: ReservedPort()}
        self.processes: list[subprocess.Popen] = []
        self.config_file = folder / "rolegate.yaml"
        self.description = {"config": str(self.config_file)}
        self.config_file.write_text(yaml.safe_dump({"databases": [
            {"database_name": name, "sqlalchemy_uri": self.uri(name)} for name in (MYSQL, POSTGRESQL)]}), encoding="utf-8")
        self.config_file.chmod(0o600)

    def uri(self, name: str) -> str:
        scheme, path = ("mysql", "shop") if name == MYSQL else ("postgresql", "app")
        return (f"{scheme}://{USER}:{quote(self.password)}@localhost:{self.ports[name].number}/{path}"
                f"?sslmode=verify-full&sslrootcert={self.authority.file}")

    def environment(self, _profile: str = "", **more: str) -> dict[str, str]:
        return {**os.environ, **more}

    def rolegate(self, program: Path, *arguments: str) -> str:
        done = subprocess.run([str(program), "--config", str(self.config_file), *arguments], capture_output=True, text=True,
                              timeout=BOUND_SECONDS, check=False)
        assert done.returncode == 0, f"rolegate {arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    # The servers.

    def inside(self, path: Path) -> str:
        """A path as the programs of the chroot see it."""
        return "/" + str(path.relative_to(self.root))

    def account(self, name: str) -> tuple[int, int]:
        for line in (self.root / "etc" / "passwd").read_text(encoding="ascii").splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2]), int(fields[3])
        raise AssertionError(f"there is no user {name} in {self.root}")

    def as_user(self, user: str, *command: str) -> list[str]:
        uid, gid = self.account(user)
        # A change of user takes away the signal that spawn() asks for.
        return ["/usr/sbin/chroot", str(self.root), "/usr/bin/setpriv", "--pdeathsig", "KILL", f"--reuid={uid}",
                f"--regid={gid}", "--clear-groups", "--", *command]

    def _private(self, user: str, *sources: Path) -> Path:
        """A folder of that user's, with copies of files that only it may read."""
        uid, gid = self.account(user)
        folder = self.data / user
        folder.mkdir(mode=0o700)
        for source in sources:
            copy = folder / source.name
            copy.touch(mode=0o600)
            copy.write_bytes(source.read_bytes())
            os.chown(copy, uid, gid)
        os.chown(folder, uid, gid)
        return folder

    def start(self) -> None:
        self._start_mysql()
        self._start_postgresql()
        for name, port in self.ports.items():
            port.release()
            assert self.processes, name

    def _start_mysql(self) -> None:
        set_up = self.folder / "set-up.sql"
        # One statement a line.
        set_up.write_text("CREATE DATABASE shop CHARACTER SET utf8mb4;\nUSE shop;\n" + ORDERS.replace(";", ";\n") +
                          f"CREATE USER '{USER}'@'%' {self.mysql_account};\n"
                          f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n", encoding="utf-8")
        folder = self._private("mysql", set_up, self.pair.certificate, self.pair.key)
        inside = self.inside(folder)
        self._run("mysql", *self.mysql_initialisation(inside))
        self._spawn("mysql", self.mysql, "--no-defaults", f"--datadir={inside}/data", *self.mysql_settings,
                    f"--socket={inside}/socket", f"--pid-file={inside}/pid",
                    "--bind-address=127.0.0.1", f"--port={self.ports[MYSQL].number}", f"--init-file={inside}/set-up.sql",
                    f"--ssl-cert={inside}/server.crt", f"--ssl-key={inside}/server.key", "--local-infile=ON",
                    f"--secure-file-priv={inside}", "--innodb-buffer-pool-size=32M")
        probe = ["/usr/bin/mysql", "--no-defaults", "--host=127.0.0.1", f"--port={self.ports[MYSQL].number}",
                 f"--user={USER}", f"--password={self.password}", "--execute=SELECT 1"]
        self._wait(probe, folder)

    def mysql_initialisation(self, inside: str) -> Sequence[str]:
        return [self.mysql, "--no-defaults", f"--datadir={inside}/data", "--initialize-insecure",
                f"--log-error={inside}/initialize.log"]

    def _start_postgresql(self) -> None:
        folder = self._private("postgres", self.pair.certificate, self.pair.key)
        inside = self.inside(folder)
        self._run("postgres", f"{self.postgresql}/initdb", "-D", f"{inside}/data", "--username=postgres", "--auth=trust",
                  "--encoding=UTF8", "--locale=C.UTF-8")
        data = folder / "data"
        (data / "pg_hba.conf").write_text("local all postgres trust\n" + self.postgresql_access, encoding="ascii")
        with open(data / "postgresql.conf", "a", encoding="ascii") as settings:
            settings.write(f"listen_addresses = '127.0.0.1'\nport = {self.ports[POSTGRESQL].number}\n"
                           f"unix_socket_directories = '{inside}'\nssl = on\nssl_cert_file = '{inside}/server.crt'\n"
                           f"ssl_key_file = '{inside}/server.key'\nfsync = off\ndynamic_shared_memory_type = mmap\n"
                           "shared_memory_type = mmap\n" + self.postgresql_settings)
        self._spawn("postgres", f"{self.postgresql}/postgres", "-D", f"{inside}/data")
        psql = [f"{self.postgresql}/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", f"--host={inside}",
                f"--port={self.ports[POSTGRESQL].number}", "--username=postgres"]
        self._wait([*psql, "--command=SELECT 1"], folder)
        quoted = self.password.replace("'", "''")
        self._run("postgres", *psql, "--command", f"CREATE ROLE {USER} LOGIN SUPERUSER PASSWORD '{quoted}'",
                  "--command", f"CREATE DATABASE app OWNER {USER}")
        self._run("postgres", *psql, "--dbname=app", "--command", ORDERS)

    def _run(self, user: str, *command: str) -> None:
        done = subprocess.run(self.as_user(user, *command), capture_output=True, text=True, check=False, cwd="/",
                              timeout=4 * BOUND_SECONDS, env=clean_environment(None))
        log = self.data / user / "initialize.log"
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}"

    def _spawn(self, user: str, *command: str) -> None:
        self.processes.append(spawn(self.as_user(user, *command), log=self.folder / f"{user}.log"))

    def _wait(self, probe: Sequence[str], folder: Path) -> None:
        command = self.as_user("postgres" if folder.name == "postgres" else "nobody", *probe)
        ready = wait_until(lambda: subprocess.run(command, capture_output=True, check=False, cwd="/",
                                                  env=clean_environment(None)).returncode == 0, 2 * BOUND_SECONDS, 0.2)
        assert ready, f"{folder.name} does not answer:\n" + (self.folder / f"{folder.name}.log").read_text()[-4000:]

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(BOUND_SECONDS)
        shutil.rmtree(self.data, ignore_errors=True)


class NewerClients:
    """Client programs of sid, run as root of the chroot. `folder` is where it looks for files."""

    def __init__(self, newer: Newer, gateway_ca: Path) -> None:
        self.newer = newer
        self.folder = Path(tempfile.mkdtemp(prefix="clients-", dir=newer.root / "var" / "tmp"))
        self.ca = self.file("gateway-ca.pem", gateway_ca.read_text(encoding="ascii"))
        self.server_ca = self.file("server-ca.pem", newer.authority.file.read_text(encoding="ascii"))

    def file(self, name: str, text: str) -> str:
        """The path of a new file, as the programs see it."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return self.newer.inside(path)

    def command(self, *command: str) -> list[str]:
        return ["/usr/sbin/chroot", str(self.newer.root), *command]

    def run(self, *command: str, environment: Optional[Mapping[str, str]] = None, stdin: str = "") -> str:
        done = subprocess.run(self.command(*command), env=clean_environment(environment), input=stdin, text=True,
                              capture_output=True, timeout=BOUND_SECONDS, check=False, cwd="/")
        assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def mysql_options(self, where: Mapping[str, Any], name: str = "client.cnf") -> str:
        """--defaults-file=…: for a MySQL program, where to go and with which password. `where`: as Gateway.mysql gives."""
        text = "".join(f'{key}="{value}"\n' for key, value in where.items())
        return "--defaults-file=" + self.file(name, "[client]\n" + text)


class Terminal:
    """A client program that somebody sits in front of."""

    def __init__(self, command: Sequence[str], environment: Optional[Mapping[str, str]]) -> None:
        self.terminal, side = pty.openpty()
        self.process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, start_new_session=True, cwd="/",
                                        env=clean_environment({"TERM": "dumb", **(environment or {})}))
        os.close(side)

    def type(self, line: str) -> None:
        os.write(self.terminal, line.encode() + b"\n")

    def until_the_end(self) -> str:
        said = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody is at its other side any more
            while chunk := os.read(self.terminal, 4096):
                said += chunk
        return said.decode("utf-8", "replace")


@contextlib.contextmanager
def at_a_terminal(command: Sequence[str], environment: Optional[Mapping[str, str]] = None) -> Iterator[Terminal]:
    program = Terminal(command, environment)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait(BOUND_SECONDS)
        os.close(program.terminal)


def check_ctrl_c(program: Terminal, statement: str, next_statement: str, good_bye: str, running: Callable[[], int]) -> None:
    """It ends the statement, and the next one has its answer (42). `running` counts such statements in the server."""
    program.type(statement)
    assert wait_until(lambda: running() == 1, BOUND_SECONDS)
    program.process.send_signal(signal.SIGINT)
    assert wait_until(lambda: running() == 0, BOUND_SECONDS)
    program.type(next_statement)
    program.type(good_bye)
    said = program.until_the_end()
    assert "42" in said.replace(next_statement, ""), said
    assert program.process.wait(BOUND_SECONDS) == 0, said
