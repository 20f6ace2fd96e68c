"""Runs the rolegate program against the lab."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Mapping, Optional

import yaml

BOUND_SECONDS = 60


def made_calls(lab) -> dict[str, int]:
    """The AWS operations that were called at all, with how often."""
    return {operation: count for operation, count in lab.calls().items() if count}


class Program:
    """`run` gives the finished process; every run has a bound and an environment of the lab's own."""

    def __init__(self, path: Path, lab, folder: Path) -> None:
        self.path = path
        self.lab = lab
        self.folder = folder

    def run(self, *arguments: str, profile: str = "superset", environment: Optional[Mapping[str, str]] = None,
            config: Optional[Path] = None, stdin: str = "", without: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        variables = self.lab.environment(profile, **(environment or {}))
        if config is not None:
            variables["ROLEGATE_CONFIG"] = str(config)
        for name in without:
            variables.pop(name, None)
        return subprocess.run([str(self.path), *arguments], env=variables, input=stdin, text=True,
                              capture_output=True, timeout=BOUND_SECONDS, cwd=self.folder, check=False)

    def ok(self, *arguments: str, **options: Any) -> str:
        """Standard output of a run that must succeed."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"exit {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}"
        return done.stdout

    def rows(self, database: str, sql: str, **options: Any) -> list[dict]:
        return json.loads(self.ok("query", "--json", database, sql, **options))

    def walk(self, database: str, **options: Any) -> dict:
        """What `test --json` says, whether it went well or not."""
        done = self.run("test", "--json", database, **options)
        assert done.returncode in (0, 1), f"exit {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}"
        report = json.loads(done.stdout)
        assert report["ok"] == (done.returncode == 0), report
        return report

    def failure(self, database: str, **options: Any) -> dict:
        """The error of the step that failed; `step` is added to it."""
        report = self.walk(database, **options)
        assert not report["ok"], report
        step = report["steps"][-1]
        return {**step["error"], "step": step["name"]}

    def config(self, *databases: Mapping[str, Any], flag: bool = True) -> Path:
        """Writes a rolegate.yaml and gives its path."""
        path = self.folder / "rolegate.yaml"
        document = {"feature_flags": {"AWS_DATABASE_IAM_AUTH": flag}, "databases": list(databases)}
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        path.chmod(0o600)
        return path

    def database(self, configured: str, name: str = "db", uri: Optional[str] = None, **block: Any) -> dict:
        """A database of the lab's configuration, with fields of its block changed; None takes a field away."""
        known = self.lab.databases[configured]
        merged = {key: value for key, value in {**(known["aws_iam"] or {}), **block}.items() if value is not None}
        entry: dict[str, Any] = {"database_name": name, "sqlalchemy_uri": uri or known["sqlalchemy_uri"]}
        if merged:
            entry["encrypted_extra"] = {"aws_iam": merged}
        return entry
