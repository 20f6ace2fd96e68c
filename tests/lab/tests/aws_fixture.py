"""Starts the AWS stand-in for a test run and talks to it as its users do.

The peers are real botocore clients: independent of the code under test.
"""

import contextlib
import datetime
import json
import os
import socket
import subprocess
import sys
import time
import types
import urllib.error
import urllib.request
from pathlib import Path
from unittest import mock

import boto3
import pytest
from botocore.config import Config

LAB = Path(__file__).resolve().parent.parent
if str(LAB) not in sys.path:
    sys.path.insert(0, str(LAB))

from aws import world as names  # noqa: E402

START_SECONDS = 20


class AwsLab:
    """One running stand-in."""

    def __init__(self, folder, world=None, arguments=()):
        self.folder = Path(folder)
        self.log = self.folder / "decisions.jsonl"
        self.socket = str(self.folder / "verifier.sock")
        ready = self.folder / "ready.json"
        (self.folder / "world.json").write_text(json.dumps(world or names.default_world()))
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "aws.main", "--world", str(self.folder / "world.json"),
             "--log", str(self.log), "--socket", self.socket, "--ready", str(ready),
             *arguments], cwd=LAB)
        _until(lambda: ready.exists() or self.process.poll() is not None)
        self.ready = json.loads(ready.read_text())
        self.endpoint = self.ready["endpoint"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=START_SECONDS)

    def http(self, method, path, body=None, headers=None):
        """(status, headers, text), whatever the status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def admin(self, method, path, body=None):
        status, _, text = self.http(method, f"/_lab/{path}", body)
        assert status in (200, 204), text
        return json.loads(text) if text else None

    def shift_clock(self, seconds):
        self.admin("POST", "clock", {"offset_seconds": seconds})

    def fault(self, operation, fault, times=None):
        self.admin("POST", "faults", [{"operation": operation, "times": times, "fault": fault}])

    def calls(self, operation):
        return self.admin("GET", "calls")[operation]

    def decision(self):
        return self.admin("GET", "decisions")[-1]

    def client(self, service, credentials, region="us-east-1", attempts=1, **more):
        """A boto3 client; `credentials` is (key, secret) or STS's Credentials."""
        if isinstance(credentials, dict):
            credentials = (credentials["AccessKeyId"], credentials["SecretAccessKey"],
                           credentials["SessionToken"])
        more.setdefault("endpoint_url", self.endpoint)
        return boto3.session.Session().client(
            service, region_name=region, aws_access_key_id=credentials[0],
            aws_secret_access_key=credentials[1],
            aws_session_token=credentials[2] if len(credentials) > 2 else None,
            config=Config(retries={"total_max_attempts": attempts}), **more)

    def assume(self, role, external_id=None, by=names.SUPERSET_KEY, **parameters):
        if external_id is not None:
            parameters["ExternalId"] = external_id
        parameters.setdefault("RoleSessionName", "test-session")
        return self.client("sts", by).assume_role(RoleArn=role, **parameters)["Credentials"]

    def database_role(self):
        return self.assume(names.DATABASE_ROLE, names.EXTERNAL_ID)

    def token(self, credentials, endpoint=None, user="app_rw"):
        """A login token as boto3 makes it."""
        endpoint = endpoint or names.AURORA_POSTGRESQL
        client = self.client("rds", credentials, endpoint["region"], endpoint_url=None)
        return client.generate_db_auth_token(endpoint["host"], endpoint["port"], user)

    def ask(self, token, user="app_rw", database="aurora_postgresql"):
        """What the PAM module does; returns the verifier's line."""
        return self.ask_raw(f"{database}\0{user}\0{token}\0".encode())

    def ask_raw(self, data):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(START_SECONDS)
            connection.connect(self.socket)
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(4096):
                answer += chunk
        return answer.decode()


@pytest.fixture(scope="session")
def running_aws(tmp_path_factory):
    lab = AwsLab(tmp_path_factory.mktemp("aws"))
    yield lab
    assert lab.stop() == 0


@pytest.fixture
def clean_environment(monkeypatch):
    """The machine's own AWS settings and proxies have no business in here."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def aws(running_aws, clean_environment):
    running_aws.admin("POST", "reset")
    yield running_aws


@contextlib.contextmanager
def signing_time(offset_seconds):
    """Let botocore sign as if it were earlier or later, with either of its signers."""
    class Shifted(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() + datetime.timedelta(seconds=offset_seconds)

    shifted = types.SimpleNamespace(datetime=Shifted, timedelta=datetime.timedelta,
                                    timezone=datetime.timezone)
    with contextlib.ExitStack() as stack:
        for signer in ("botocore.auth", "botocore.crt.auth"):
            if signer in sys.modules:  # the C one only where Debian's python3-awscrt is
                stack.enter_context(mock.patch(f"{signer}.datetime", shifted))
        yield


def _until(condition):
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        os.sched_yield()
