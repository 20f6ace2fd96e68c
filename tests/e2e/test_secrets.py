"""A canary test: secrets that are known here must not turn up anywhere they have no business to be."""

import os
import re
import resource
import signal
import subprocess

import pytest
from aws import world as default
from servers.processes import wait_until

DATABASES = ("aurora_postgresql_cross_account", "aurora_mysql_cross_account", "redshift_cluster_cross_account",
             "redshift_serverless_cross_account", "aurora_postgresql_password", "aurora_mysql_password")
# A session token and a temporary secret key cannot be known beforehand: their traces are looked for by form.
FORMS = (re.compile(r"X-Amz-Signature=[0-9a-f]{64}"), re.compile(r"X-Amz-Security-Token=[^&\s]{8,}"),
         re.compile(r"Signature=[0-9a-f]{64}"), re.compile(r"<SecretAccessKey>|SecretAccessKey\"|dbPassword"))


def secrets(lab):
    return [default.SUPERSET_KEY[1], default.OWNER_KEY[1], "plain-password", default.CONTAINER_AUTHORIZATION,
            default.WEB_IDENTITY_TOKEN, default.SSO_TOKEN]


def assert_clean(lab, *texts):
    for text in texts:
        for secret in secrets(lab):
            assert secret not in text, f"a secret is in: {text[:2000]}"
        for form in FORMS:
            assert not form.search(text), f"{form.pattern} is in: {text[:2000]}"


@pytest.mark.parametrize("database", DATABASES)
def test_trace_logs_and_reports(lab, rolegate, database):
    done = rolegate.run("-vvv", "test", "--json", database)
    assert done.returncode == 0, done
    assert done.stderr.strip(), "there is no log to look at: this test would prove nothing"
    assert_clean(lab, done.stdout, done.stderr)
    done = rolegate.run("-vvv", "query", "--json", database, "SELECT 1 AS one")
    assert_clean(lab, done.stdout, done.stderr)
    # What these are for is the secret: their logs are looked at all the same.
    done = rolegate.run("-vvv", "token", database)
    assert done.returncode == 0 and done.stdout.strip()
    assert_clean(lab, done.stderr)
    assert done.stdout.strip() not in done.stderr
    done = rolegate.run("-vvv", "exec", database, "--", "true")
    assert done.returncode == 0 and done.stderr.strip()
    assert_clean(lab, done.stdout, done.stderr)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("operation", ("sts:AssumeRole", "redshift:GetClusterCredentials", "redshift-serverless:GetCredentials"))
@pytest.mark.parametrize("fault", ({"malformed": True}, {"status": 503, "code": "ServiceUnavailable"}))
def test_failures(lab, rolegate, database, operation, fault):
    lab.admin("POST", "faults", [{"operation": operation, "times": None, "fault": fault}])
    done = rolegate.run("-vvv", "test", "--json", database, environment={"AWS_MAX_ATTEMPTS": "1"})
    assert_clean(lab, done.stdout, done.stderr)


@pytest.mark.parametrize("database", DATABASES)
def test_refused_by_the_database(lab, rolegate, database):
    """The wrong upstream (PostgreSQL's certificate behind MySQL's name and so on) and a user that does not exist."""
    known = lab.databases[database]
    entry = {"database_name": "db", "sqlalchemy_uri": known["sqlalchemy_uri"].replace("plain:", "nobody:")}
    if known["aws_iam"]:
        entry["encrypted_extra"] = {"aws_iam": {**known["aws_iam"], **({"db_username": "nobody"} if "db_username" in known["aws_iam"] else {})}}
    done = rolegate.run("-vvv", "test", "--json", "db", config=rolegate.config(entry))
    assert_clean(lab, done.stdout, done.stderr)


def test_a_password_in_a_broken_uri_is_not_shown(lab, rolegate):
    config = rolegate.config({"database_name": "db", "sqlalchemy_uri": "postgresql://plain:plain-password@host:99999/app?sslmode=disable"})
    for arguments in (("config", "check"), ("config", "check", "--json"), ("token", "db"), ("test", "--json", "db")):
        done = rolegate.run("-vvv", *arguments, config=config)
        assert done.returncode != 0
        assert_clean(lab, done.stdout, done.stderr)


def dumps_core(pid, wait):
    """Whether a process that may write a core of any size leaves one when it crashes."""
    resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.kill(pid, signal.SIGSEGV)
    return os.WCOREDUMP(wait())


def test_no_core_dump_holds_a_secret(lab, rolegate):
    """Held still inside a login by a server that never answers; even with the limit raised from outside the kernel
    must not write its memory out (prctl PR_SET_DUMPABLE): a core_pattern that pipes ignores the limit."""
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", uri=lab.impostor_uri("postgresql", "stall_greeting")))
    before = sum(event["stage"] == "connected" for event in lab.impostor_events("postgresql", "stall_greeting"))
    process = subprocess.Popen([str(rolegate.path), "--timeout", "20", "test", "db"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd=rolegate.folder,
                               env={**lab.environment(), "ROLEGATE_CONFIG": str(config)})
    try:
        assert wait_until(lambda: sum(event["stage"] == "connected" for event in
                                      lab.impostor_events("postgresql", "stall_greeting")) > before, 15)
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        assert core.split()[4] == "0"
        assert not dumps_core(process.pid, lambda: os.waitpid(process.pid, 0)[1])
    finally:
        process.kill()


def test_control_a_process_without_protection_dumps_core(rolegate):
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd=rolegate.folder)
    if not dumps_core(process.pid, lambda: os.waitpid(process.pid, 0)[1]):
        pytest.skip("this machine writes no core dumps at all, so the test above proves less here")


def test_the_childs_environment_has_no_more_than_it_needs(rolegate):
    out = rolegate.ok("exec", "aurora_postgresql_cross_account", "--", "env")
    assert out.count("X-Amz-Signature") == 1
