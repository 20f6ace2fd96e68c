"""Runs `rolegate serve` for a test, and knows how its clients reach it.

    def test_something(gateway):                     # the fixture of conftest.py: a function that starts one
        running = gateway()                          # every database of the lab, user alice, TCP and unix
        psycopg2.connect(**running.postgresql("aurora_postgresql_cross_account"))
        pymysql.connect(**running.mysql("aurora_mysql_cross_account"))
        opened = running.audit("session_open", user="alice")

        running = gateway({"gateway": {"idle_timeout": "1s"}})    # merged into configuration()

Every wait is for something that really happens (a READY=1, a line, an exit) and has a bound. After the test each
gateway is stopped, and must have ended with status 0 and without a sanitizer's report.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Union

import verifiers
import yaml
from metrics_text import Metrics
from servers.processes import wait_until

BOUND_SECONDS = 30
USER = "alice"
PASSWORD = "the local password of alice"
# One verifier for the whole run: making it costs what every login costs.
VERIFIER = verifiers.both(PASSWORD)

_LISTENERS = "X_ROLEGATE_LISTENERS="
_WHAT = {"postgresql": "PostgreSQL", "mysql": "MySQL", "http": "the admin pages"}
# Nobody else comes from there.
_MARKS = "127.77."
_SANITIZER = re.compile(r"ERROR: (?:Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: ")


def merged(base: Any, changes: Any) -> Any:
    """`changes` over `base`: mappings one into the other, anything else in its place; None takes a key away."""
    if not (isinstance(base, Mapping) and isinstance(changes, Mapping)):
        return changes
    result = {**base}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def lab_document(lab) -> dict:
    return yaml.safe_load(Path(lab.description["config"]).read_text(encoding="utf-8"))


def database(lab, configured: str, **changes: Any) -> dict:
    """The entry of one of the lab's databases, with changes: database(lab, "aurora_mysql_password", database_name="shop",
    listen=["127.0.0.1:0"], encrypted_extra={"aws_iam": {"db_username": "nobody"}})."""
    (entry,) = (entry for entry in lab_document(lab)["databases"] if entry["database_name"] == configured)
    return merged(entry, changes)


class Gateway:
    """One `rolegate serve`. Its folder has a short name, because a unix socket's path may have 107 bytes only."""

    def __init__(self, program: Path, lab, *, profile: str = "superset",
                 environment: Optional[Mapping[str, str]] = None, without: tuple[str, ...] = ()) -> None:
        self.program = program
        self.lab = lab
        self.folder = Path(tempfile.mkdtemp(prefix="rg-"))
        self.folder.chmod(0o755)  # clients of other users reach the sockets in it
        self.config_file = self.folder / "rolegate.yaml"
        self.audit_file = self.folder / "audit.jsonl"
        self.log_file = self.folder / "log"
        self.stdout_file = self.folder / "stdout"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._notify.bind(str(self.folder / "notify"))
        self.environment = {**lab.environment(profile, **(environment or {})), "NOTIFY_SOCKET": str(self.folder / "notify")}
        for name in without:
            self.environment.pop(name, None)
        self.process: Optional[subprocess.Popen] = None
        self._pidfd = -1
        self._marks = 0
        self._listeners: list[dict] = []
        self.document: dict = {}

    # Configuration.

    def configuration(self) -> dict:
        """Every database of the lab; both protocols over TCP and a unix socket; alice may use everything."""
        return {
            **lab_document(self.lab),
            "gateway": {
                "postgresql": {"listen": ["127.0.0.1:0", f"unix:{self.folder}"]},
                "mysql": {"listen": ["127.0.0.1:0", f"unix:{self.folder}/mysql.sock"]},
                "users": [{"name": USER, "password": VERIFIER, "databases": ["*"]}],
                "audit_log": str(self.audit_file),
                "drain_timeout": "2s",  # a test that failed leaves sessions open
            },
            "admin": {"listen": "127.0.0.1:0"},
        }

    def write_configuration(self, changes: Optional[Mapping[str, Any]] = None) -> None:
        """configuration() with changes; replaced as a whole, as an editor or a deployment does it."""
        self.document = merged(self.configuration(), changes or {})
        self.write_configuration_text(yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True, width=1000))

    def write_configuration_text(self, text: str) -> None:
        partial = self.folder / ".rolegate.yaml"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.config_file)

    # Life.

    def start(self, changes: Optional[Mapping[str, Any]] = None, *, arguments: Sequence[str] = (),
              prefix: Sequence[str] = (), ready: bool = True, **popen: Any) -> "Gateway":
        """Writes the configuration and starts the program, behind the command `prefix` if there is one (it must
        exec). With `ready`, returns once the gateway has said that it listens."""
        self.write_configuration(changes)
        command = [*prefix, str(self.program), "serve", *arguments]
        # The kernel ends the program with this process, however that ends.
        command = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *command]
        environment = {**self.environment, "ROLEGATE_CONFIG": str(self.config_file)}
        with open(self.log_file, "ab") as log, open(self.stdout_file, "ab") as out:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            cwd=self.folder, **{"start_new_session": True, **popen})
        self._pidfd = os.pidfd_open(self.process.pid)
        if ready:
            self.wait_notified("READY=1")
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def wait_notified(self, word: str, seconds: float = BOUND_SECONDS) -> str:
        """The next datagram to $NOTIFY_SOCKET with a line `word`; fails at once when the program ends."""
        deadline = time.monotonic() + seconds
        while True:
            readable, _, _ = select.select([self._notify, self._pidfd], [], [], max(0.0, deadline - time.monotonic()))
            if self._notify in readable:
                message = self._notify.recv(1 << 20).decode()
                if message.startswith(_LISTENERS):
                    self._listeners = json.loads(message[len(_LISTENERS):])
                if word in message.split("\n"):
                    return message
                continue
            ended = self._pidfd in readable
            raise AssertionError(f"no {word}: " + ("the gateway ended" if ended else f"within {seconds} s") + self._story())

    def reload(self) -> None:
        """SIGHUP, and back once the gateway has said how it went; the configuration was written before."""
        self.signal(signal.SIGHUP)
        self.wait_notified("READY=1")

    def signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._pidfd, number)

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def wait_exit(self, seconds: float = BOUND_SECONDS) -> int:
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the gateway has not ended within {seconds} s" + self._story()) from None

    def stop(self, status: int = 0) -> None:
        """SIGTERM, unless it has ended already; it must end with `status` and without a sanitizer's report."""
        if self.process is None:
            return
        try:
            if not self.ended():
                self.signal(signal.SIGTERM)
            found = self.wait_exit()
            assert found == status, f"the gateway ended with status {found}" + self._story()
            assert not _SANITIZER.search(self.log()), "a sanitizer complained" + self._story(20000)
        finally:
            self.discard()

    def discard(self) -> None:
        """Ends it whatever its state, and removes its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        self._notify.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What it says.

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    def stdout(self) -> str:
        return self.stdout_file.read_text(encoding="utf-8", errors="replace") if self.stdout_file.exists() else ""

    def wait_log(self, pattern: str, seconds: float = BOUND_SECONDS) -> "re.Match[str]":
        """The first place in the log that matches."""
        found = None

        def appeared() -> bool:
            nonlocal found
            found = re.search(pattern, self.log())
            return found is not None

        assert wait_until(appeared, seconds), f"nothing in the log matches {pattern!r}" + self._story()
        return found

    def _story(self, characters: int = 4000) -> str:
        return f"\nits log ends:\n{self.log()[-characters:]}"

    # Where it listens.

    def listeners(self) -> list[tuple[str, str, Optional[str]]]:
        """(what, address, database or None), as it has last said to $NOTIFY_SOCKET, before READY=1."""
        return [(_WHAT[each["protocol"]], each["address"], each.get("database")) for each in self._listeners]

    def _address(self, what: str, unix: bool, database: Optional[str] = None) -> str:
        addresses = [address for kind, address, own in self.listeners()
                     if kind == what and address.startswith("unix:") == unix and own == database]
        assert addresses, f"it does not listen for {what}, unix {unix}, database {database}" + self._story()
        return addresses[-1]

    def _host_port(self, what: str, database: Optional[str] = None) -> tuple[str, int]:
        host, _, port = self._address(what, False, database).rpartition(":")
        return host.strip("[]"), int(port)

    def postgresql_address(self, listener: Optional[str] = None) -> tuple[str, int]:
        """Host and port over TCP; `listener`: of the database that has one of its own."""
        return self._host_port("PostgreSQL", listener)

    def postgresql_socket(self) -> Path:
        return Path(self._address("PostgreSQL", True)[len("unix:"):])

    def mysql_address(self, listener: Optional[str] = None) -> tuple[str, int]:
        return self._host_port("MySQL", listener)

    def mysql_socket(self) -> Path:
        return Path(self._address("MySQL", True)[len("unix:"):])

    # How clients reach it.

    def postgresql(self, database: Optional[str] = None, *, unix: bool = False, listener: Optional[str] = None,
                   **more: Any) -> dict[str, Any]:
        """libpq's connection parameters, as psycopg2.connect(**…) takes them. None takes one away."""
        if unix:
            path = self.postgresql_socket()
            host, port = str(path.parent), int(path.name.rpartition(".")[2])
        else:
            host, port = self.postgresql_address(listener)
        return merged({"host": host, "port": port, "user": USER, "password": PASSWORD, "dbname": database,
                       "connect_timeout": BOUND_SECONDS, "sslmode": "disable"}, {"dbname": database, **more})

    def postgresql_dsn(self, database: Optional[str] = None, **more: Any) -> str:
        """The same as one string, for psql and the like. It holds the password: only for a local test."""
        quoted = {key: str(value).replace("\\", "\\\\").replace("'", "\\'") for key, value in self.postgresql(database, **more).items()}
        return " ".join(f"{key}='{value}'" for key, value in quoted.items())

    def mysql(self, database: Optional[str] = None, *, unix: bool = False, listener: Optional[str] = None,
              **more: Any) -> dict[str, Any]:
        """As pymysql.connect(**…) takes them. None takes one away."""
        if unix:
            where: dict[str, Any] = {"unix_socket": str(self.mysql_socket())}
        else:
            host, port = self.mysql_address(listener)
            where = {"host": host, "port": port}
        return merged({**where, "user": USER, "password": PASSWORD, "database": database,
                       "connect_timeout": BOUND_SECONDS}, {"database": database, **more})

    # Audit log and admin pages.

    def audit_lines(self) -> list[dict]:
        """Every whole line so far."""
        if not self.audit_file.exists():
            return []
        text = self.audit_file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def whole_audit(self) -> list[dict]:
        """Every line about what has happened before: also that there is no other. The gateway writes its lines in their
        order, but on a thread of its own, so one more is caused here and waited for. It is written at once, since no
        failure of that address has been before it, and not among those that are given back."""
        self._marks += 1
        with socket.create_connection(self.postgresql_address(), BOUND_SECONDS,
                                      (f"{_MARKS}{self._marks >> 8}.{self._marks & 0xFF}", 0)) as client:
            client.sendall(b"\0\0\0\x08\0\2\0\0")  # protocol 2.0, which nobody speaks
            self.audit("session_fail", client_address="{}:{}".format(*client.getsockname()))
        return [line for line in self.audit_lines() if not line.get("client_address", "").startswith(_MARKS)]

    def audit(self, event: Optional[str] = None, *, seconds: float = BOUND_SECONDS, **fields: Any) -> dict:
        """The first line of that event with these fields; waits for it."""
        return self.audit_all(1, event, seconds=seconds, **fields)[0]

    def audit_all(self, count: int, event: Optional[str] = None, *, seconds: float = BOUND_SECONDS,
                  **fields: Any) -> list[dict]:
        """All such lines, once there are at least so many."""
        wanted = {**fields, **({"event": event} if event else {})}
        found: list[dict] = []

        def appeared() -> bool:
            found[:] = [line for line in self.audit_lines() if wanted.items() <= line.items()]
            return len(found) >= count

        assert wait_until(appeared, seconds), \
            f"{len(found)} lines of the audit log have {wanted}; it is {json.dumps(self.audit_lines(), indent=1)}" + self._story()
        return found

    def audit_failures(self, count: int, **fields: Any) -> list[dict]:
        """All lines of failures with these fields, which must stand for exactly so many; those that repeat are one line
        with their count, which a reload brings out. Metrics count a failure before it has a line: where it is known by
        them alone, one reload may not do."""
        found: list[dict] = []

        def failures() -> int:
            return sum(line.get("count", 1) for line in found)

        def have_lines() -> bool:
            self.reload()
            found[:] = [line for line in self.whole_audit() if {**fields, "event": "session_fail"}.items() <= line.items()]
            return failures() >= count

        wait_until(have_lines, BOUND_SECONDS)
        assert failures() == count, (count, fields, self.audit_lines())
        return found

    def admin(self, page: str) -> tuple[int, str]:
        """Status and body of a page of the admin address."""
        host, port = self._host_port("the admin pages")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine's proxy has no business here
        try:
            with opener.open(f"http://{host}:{port}/{page.lstrip('/')}", timeout=BOUND_SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def readiness(self) -> tuple[int, dict]:
        status, body = self.admin("readiness")
        return status, json.loads(body)

    def metrics(self) -> Metrics:
        status, body = self.admin("metrics")
        assert status == 200, body
        return Metrics(body)

    def wait_metric(self, expected: Union[float, Callable[[float], bool]], name: str, seconds: float = BOUND_SECONDS,
                    **labels: str) -> None:
        """Waits until a metric has a value, or one that the function accepts."""
        accepts = expected if callable(expected) else lambda value: value == expected
        assert wait_until(lambda: accepts(self.metrics().value(name, **labels)), seconds), \
            f"{name} {labels} is {self.metrics().value(name, **labels)}" + self._story()


@contextlib.contextmanager
def gateways(program: Path, lab) -> Iterator[Callable[..., Gateway]]:
    """Gives the function that starts gateways; all of them end with the block, and a bad end is an error."""
    started: list[Gateway] = []

    def start(changes: Optional[Mapping[str, Any]] = None, *, profile: str = "superset",
              environment: Optional[Mapping[str, str]] = None, without: tuple[str, ...] = (), **options: Any) -> Gateway:
        running = Gateway(program, lab, profile=profile, environment=environment, without=without)
        started.append(running)
        return running.start(changes, **options)

    try:
        yield start
        for running in started:
            running.stop()
    finally:
        for running in started:
            running.discard()
