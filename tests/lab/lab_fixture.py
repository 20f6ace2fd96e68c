"""The lab for tests: `lab` is a pytest fixture, Lab a class for everything else.

    def test_something(lab):                # one lab per test run; reset before each test
        kind = lab.kinds["aurora_mysql"]    # host, port, region, connect_port, database, users ...
        lab.patch_world({...}); lab.shift_clock(901); lab.decisions(); lab.calls()

If ROLEGATE_LAB names a lab.json (`lab run -- pytest ...`), that lab is used; else one is started, and ends with this
process, however that ends.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional
from urllib.parse import quote

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from servers import impostor_log, launch  # noqa: E402
from servers.processes import wait_until  # noqa: E402


class Lab:
    def __init__(self, description: dict, running: Optional[launch.RunningLab] = None) -> None:
        self.description = description
        self.folder = Path(description["dir"])
        self.kinds: dict[str, dict] = description["kinds"]
        self.databases: dict[str, dict] = description["databases"]
        self.endpoint: str = description["aws"]["endpoint"]
        self.ca = Path(description["ca"])
        self._running = running

    @classmethod
    def start(cls, folder: Optional[Path] = None, world: Optional[Path] = None) -> "Lab":
        """Without a folder: in a temporary one, and no longer than this process. With one: until stop()."""
        running = launch.RunningLab(folder, progress=lambda text: None, world=world,
                                    died=lambda text: print("lab: " + text, file=sys.stderr))
        return cls(running.description, running)

    @classmethod
    def from_environment(cls) -> Optional["Lab"]:
        file = os.environ.get("ROLEGATE_LAB")
        return cls(json.loads(Path(file).read_text(encoding="utf-8"))) if file else None

    def stop(self) -> None:
        """Only what start() started."""
        if self._running is not None:
            self._running.stop()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The AWS endpoint's own API (tests/lab/aws/admin.py).

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.description['aws']['admin']}{path}", data, method=method)
        # No proxy: the machine's HTTP_PROXY has no business with 127.0.0.1.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        """World, clock, sessions, faults, counters and decisions as at the start."""
        self.admin("POST", "reset")

    def patch_world(self, sections: Mapping[str, Any]) -> None:
        self.admin("PATCH", "world", sections)

    def world(self) -> dict:
        return self.admin("GET", "world")

    def shift_clock(self, seconds: int) -> None:
        """Moves AWS's and the databases' clock to now + seconds."""
        self.admin("POST", "clock", {"offset_seconds": seconds})

    def calls(self) -> dict[str, int]:
        return self.admin("GET", "calls")

    def decisions(self) -> list[dict]:
        return self.admin("GET", "decisions")

    # Running a program against the lab.

    def environment(self, profile: str = "superset", **more: str) -> dict[str, str]:
        """This process's environment without any AWS or ROLEGATE settings of its own, plus what env.sh sets."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("AWS_", "ROLEGATE_", "PG", "MYSQL_"))}
        aws = self.description["aws"]
        return {**kept, "ROLEGATE_CONFIG": self.description["config"], "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_CONFIG_FILE": aws["config_file"], "AWS_SHARED_CREDENTIALS_FILE": aws["credentials_file"],
                "AWS_PROFILE": profile, "AWS_DEFAULT_REGION": self.kinds["aurora_postgresql"]["region"],
                "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1,localhost", **more}

    # Impostors.

    def impostor_port(self, engine: str, mode: str) -> int:
        return self.description["impostors"][engine][mode]

    def impostor_uri(self, engine: str, mode: str) -> str:
        """A sqlalchemy_uri whose endpoint is the real one and whose connect_to is the impostor."""
        kind = self.kinds[f"aurora_{engine}"]
        return (f"{kind['scheme']}://{kind['host']}:{kind['port']}/{kind['database']}"
                f"?connect_to=127.0.0.1:{self.impostor_port(engine, mode)}&sslrootcert={quote(str(self.ca))}")

    def impostor_events(self, engine: Optional[str] = None, mode: Optional[str] = None) -> list[dict]:
        return impostor_log.read(Path(self.description["impostors"]["log"]), engine, mode)

    def impostor_passwords(self, engine: str, mode: str, connections: int = 1) -> list[str]:
        """What the impostor was told, once it has seen at least so many connections end: an empty list that was
        read too early would prove nothing."""
        def ended() -> bool:
            return sum(event["stage"] == "closed" for event in self.impostor_events(engine, mode)) >= connections

        assert wait_until(ended, 10), f"{engine} {mode} has not seen {connections} connections end"
        return impostor_log.passwords(self.impostor_events(engine, mode))


@pytest.fixture(scope="session")
def shared_lab() -> Iterator[Lab]:
    lab = Lab.from_environment() or Lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def lab(shared_lab: Lab) -> Lab:
    shared_lab.reset()
    return shared_lab
