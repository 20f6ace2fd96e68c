"""Test suites of other projects: where they come from, how one is run, and how each of its tests ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import xml.etree.ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Sequence

from newer import MYSQL, POSTGRESQL
from servers.processes import clean_environment
from suite_servers import Place
from sources import Unavailable, run

PYTHON = "/usr/bin/python3"
SUITE_SECONDS = 900
FILE_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    word: str          # passed, skipped, failed
    reason: str = ""   # a line


@dataclass(frozen=True)
class Suite:
    """`databases` are there, and empty but for what `statements` do in each, before every run."""

    package: str
    release: str
    kind: str
    databases: Sequence[str] = ()
    statements: Sequence[str] = ()

    def make_ready(self, tree: Path) -> None:
        """Once, in the unpacked source."""

    def outcomes(self, tree: Path, place: Place, log: Path, only: Sequence[str] = ()) -> dict[str, Outcome]:
        """By test; of all, or of these."""
        raise NotImplementedError


def ended(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, seconds: float) -> Optional[int]:
    """The command's exit status, or None when it had to be ended, with everything that it had started."""
    with open(log, "ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=clean_environment({**environment, "HOME": str(log.parent)}),
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def libpq_environment(place: Place, database: str = "postgres") -> dict[str, str]:
    """Many drivers besides libpq read these. The certificate of server and gateway is verified where a driver can."""
    return {"PGHOST": place.host, "PGPORT": str(place.port), "PGUSER": place.user, "PGPASSWORD": place.password,
            "PGDATABASE": database, "PGSSLMODE": "require"}


class PythonSuite(Suite):
    """Runs under pytest."""

    tests = "tests"

    def prepare(self, tree: Path, place: Place) -> dict[str, str]:
        """What tells the tests where to go: files, or the environment that is returned."""
        return libpq_environment(place, *self.databases[:1])

    def outcomes(self, tree: Path, place: Place, log: Path, only: Sequence[str] = ()) -> dict[str, Outcome]:
        report = log.with_suffix(".xml")
        report.unlink(missing_ok=True)
        command = [PYTHON, "-m", "pytest", "-v", "-p", "no:cacheprovider", f"--junitxml={report}", "-o", "junit_family=xunit1",
                   *(only or [self.tests])]
        status = ended(command, tree, self.prepare(tree, place), log, SUITE_SECONDS)
        if not report.exists():
            raise Unavailable(f"pytest ended with {status or f'nothing within {SUITE_SECONDS} s'}; see {log}")
        return {self._name(case): self._outcome(case) for case in xml.etree.ElementTree.parse(report).iter("testcase")}

    @staticmethod
    def _name(case: xml.etree.ElementTree.Element) -> str:
        """As pytest takes it."""
        file = case.get("file", "")
        within = case.get("classname", "")[len(file.removesuffix(".py")) + 1:]
        return "::".join(part for part in (file, within, case.get("name", "")) if part)

    @staticmethod
    def _outcome(case: xml.etree.ElementTree.Element) -> Outcome:
        for tag, word in (("error", "failed"), ("failure", "failed"), ("skipped", "skipped")):
            found = case.find(tag)
            if found is not None:
                return Outcome(word, " ".join((found.get("message") or "").split()))
        return Outcome("passed")


class BuiltPythonSuite(PythonSuite):
    """The driver is a C extension and is made from the source that its tests come with."""

    def make_ready(self, tree: Path) -> None:
        run([PYTHON, "setup.py", "-q", "build", "--build-lib", "."], tree)


class PyMySQL(PythonSuite):
    tests = "pymysql/tests"

    def prepare(self, tree: Path, place: Place) -> dict[str, str]:
        where = {"host": place.host, "port": place.port, "user": place.user, "passwd": place.password,
                 "ssl": {"ca": str(place.ca)}, "local_infile": True}
        (tree / self.tests / "databases.json").write_text(
            json.dumps([{**where, "database": database} for database in self.databases]), encoding="utf-8")
        return {}


class Psycopg2(BuiltPythonSuite):
    def prepare(self, tree: Path, place: Place) -> dict[str, str]:
        return {**libpq_environment(place, self.databases[0]), "PSYCOPG2_TESTDB": self.databases[0],
                "PSYCOPG2_TEST_REPL_DSN": ""}


class NodeSuite(Suite):
    """Every file is a test: a program that ends with status 0 or not."""

    libraries: Sequence[str] = ()
    folder = "."
    files = ""

    def make_ready(self, tree: Path) -> None:
        # Beside the source, whose own package.json asks for much more.
        run(["npm", "install", "--prefix", str(tree.parent), "--ignore-scripts", "--no-audit", "--no-fund", *self.libraries],
            tree.parent)

    def prepare(self, folder: Path, place: Place, log: Path) -> dict[str, str]:
        raise NotImplementedError

    def outcomes(self, tree: Path, place: Place, log: Path, only: Sequence[str] = ()) -> dict[str, Outcome]:
        folder = tree / self.folder
        environment = self.prepare(folder, place, log)
        files = only or sorted(str(file.relative_to(folder)) for file in folder.glob(self.files))
        return {file: self._outcome(folder, file, environment, log) for file in files}

    @staticmethod
    def _outcome(folder: Path, file: str, environment: Mapping[str, str], log: Path) -> Outcome:
        output = log.with_suffix(".part")
        output.unlink(missing_ok=True)
        status = ended(["node", file], folder, environment, output, FILE_SECONDS)
        said = output.read_text(encoding="utf-8", errors="replace")
        with open(log, "a", encoding="utf-8") as whole:
            whole.write(f"{file}\n{said}\n")
        if status == 0:
            return Outcome("skipped" if said.startswith("skipping - ") else "passed")
        if status is None:
            return Outcome("failed", f"not over within {FILE_SECONDS} s")
        return Outcome("failed", next((line for line in said.splitlines() if "Error" in line), f"status {status}"))


class NodeMysql(NodeSuite):
    # It has no way to be told to use TLS.
    libraries = ("bignumber.js@9.0.0", "readable-stream@2.3.7", "safe-buffer@5.1.2", "sqlstring@2.3.1", "after@0.8.2",
                 "seedrandom@3.0.5", "timezone-mock@0.0.7", "utest@0.0.8")
    files = "test/integration/**/test-*.js"

    def prepare(self, folder: Path, place: Place, log: Path) -> dict[str, str]:
        return {"MYSQL_HOST": place.host, "MYSQL_PORT": str(place.port), "MYSQL_USER": place.user,
                "MYSQL_PASSWORD": place.password, "MYSQL_DATABASE": self.databases[0]}


class NodePostgres(NodeSuite):
    libraries = ("pg-connection-string@2.9.1", "pg-pool@3.10.1", "pg-protocol@1.10.3", "pg-types@2.2.0", "pgpass@1.0.5",
                 "async@2.6.4", "bluebird@3.7.2", "co@4.6.0", "pg-copy-streams@0.3.0")
    folder = "packages/pg"
    files = "test/integration/**/*-tests.js"

    def prepare(self, folder: Path, place: Place, log: Path) -> dict[str, str]:
        environment = {**libpq_environment(place, self.databases[0]), "NODE_EXTRA_CA_CERTS": str(place.ca)}
        if ended(["node", "script/create-test-tables.js"], folder, environment, log, FILE_SECONDS) != 0:
            raise Unavailable(f"script/create-test-tables.js failed; see {log}")
        return environment


SUITES = {
    "psycopg2": Psycopg2("psycopg2", "trixie", POSTGRESQL, ["psycopg2_test"], ["CREATE EXTENSION hstore"]),
    # Its tests name the database postgres, and expect to be in the same when they name none.
    "asyncpg": BuiltPythonSuite("asyncpg", "trixie", POSTGRESQL),
    "node-postgres": NodePostgres("node-postgres", "sid", POSTGRESQL, ["node_postgres_test"]),
    "PyMySQL": PyMySQL("python-pymysql", "trixie", MYSQL, ["test1", "test2"]),
    "node-mysql": NodeMysql("node-mysql", "trixie", MYSQL, ["node_mysql_test"]),
}
