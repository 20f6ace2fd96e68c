"""What the gateway tells: errors to the client, readiness, metrics, and the audit log, which holds no secret."""

import json
import os
import re

import postgresql_wire as wire
import psycopg2
import pytest
from gateway import PASSWORD, USER, VERIFIER, database, lab_document
from postgresql_clients import PG, connect, rows, value
from test_secrets import assert_clean

OTHER = "aurora_postgresql_password"
CLUSTER = "redshift_cluster_cross_account"
STEPS = ["feature_flag", "base_credentials", "role_credentials", "login", "resolve", "tcp", "tls", "handshake"]


def with_database(lab, entry):
    return {"databases": [*lab_document(lab)["databases"], entry]}


def refusal(running, name):
    """The fields of the ErrorResponse that a login to that database ends with."""
    with wire.Connection(running.postgresql_address()) as connection:
        return wire.error_of(connection.log_in(USER, PASSWORD, name)).fields()


# Errors to the client.


def test_a_token_that_the_database_refuses(lab, gateway):
    entry = database(lab, PG, database_name="db", encrypted_extra={"aws_iam": {"db_username": "reporting_ro"}})
    running = gateway(with_database(lab, entry))
    fields = refusal(running, "db")
    assert fields["C"] == "28000"
    assert "refused the IAM token" in fields["M"] and "SupersetDatabaseAccess" in fields["M"] and "reporting_ro" in fields["M"]
    assert "PAM authentication failed" in fields["D"]
    assert "rds_iam" in fields["H"] and "rds-db:connect" in fields["H"]
    failed = running.audit("session_fail", database="db")
    assert (failed["reason"], failed["failed_step"]) == ("iam_token_refused", "handshake")
    assert failed["role_arn"].endswith(":role/SupersetDatabaseAccess") and failed["upstream_user"] == "reporting_ro"
    # Refused with fresh credentials; a login is made again only when they came from the cache, and once.
    tries = [entry for entry in lab.decisions() if entry["operation"] == "rds-db:connect"]
    assert len(tries) == 1
    refusal(running, "db")
    tries = [entry for entry in lab.decisions() if entry["operation"] == "rds-db:connect"]
    assert len(tries) == 3


def test_a_role_that_may_not_be_assumed(lab, gateway):
    entry = database(lab, PG, database_name="db", encrypted_extra={"aws_iam": {"external_id": "wrong-external-id"}})
    running = gateway(with_database(lab, entry))
    fields = refusal(running, "db")
    assert fields["C"] == "28000" and "sts:ExternalId" in fields["H"]
    failed = running.audit("session_fail", database="db")
    assert (failed["reason"], failed["failed_step"]) == ("assume_role_denied", "role_credentials")
    assert failed["aws_request_id"]


def test_a_database_that_cannot_be_reached(lab, gateway):
    uri = lab.databases[PG]["sqlalchemy_uri"]
    entry = database(lab, PG, database_name="db", sqlalchemy_uri=re.sub(r"connect_to=[^&]*", "connect_to=127.0.0.1:1", uri))
    running = gateway(with_database(lab, entry))
    assert refusal(running, "db")["C"] == "08001"
    failed = running.audit("session_fail", database="db")
    assert (failed["reason"], failed["failed_step"]) == ("connect_failed", "tcp")


def test_an_impostor_gets_no_token(lab, gateway):
    entry = database(lab, PG, database_name="db", sqlalchemy_uri=lab.impostor_uri("postgresql", "wrong_name"))
    running = gateway(with_database(lab, entry))
    before = sum(event["stage"] == "closed" for event in lab.impostor_events("postgresql", "wrong_name"))
    assert refusal(running, "db")["C"] == "08001"
    assert lab.impostor_passwords("postgresql", "wrong_name", before + 1) == []
    assert running.audit("session_fail", database="db")["reason"] == "tls_verification_failed"


def test_the_feature_flag(lab, gateway):
    running = gateway({"feature_flags": {"AWS_DATABASE_IAM_AUTH": False}})
    assert "AWS IAM database authentication is not enabled" in refusal(running, PG)["M"]
    with connect(running, OTHER) as connection:
        assert value(connection, "SELECT 1") == 1


def test_what_the_database_itself_says_keeps_its_sqlstate(lab, gateway):
    """A database that does not exist at the server, behind a listener of its own."""
    running = gateway({"databases": [database(lab, PG, database_name="db", listen=["127.0.0.1:0"])]})
    with wire.Connection(running.postgresql_address(listener="db")) as connection:
        fields = wire.error_of(connection.log_in(USER, PASSWORD, "no_such_database")).fields()
    assert fields["C"] == "3D000" and "no_such_database" in fields["M"] + fields.get("D", "")


# Health.


def test_readiness_names_databases_whose_last_login_failed(lab, gateway):
    entry = database(lab, PG, database_name="db", encrypted_extra={"aws_iam": {"external_id": "wrong-external-id"}})
    running = gateway(with_database(lab, entry))
    assert running.admin("startup")[0] == running.admin("liveness")[0] == 200
    status, page = running.readiness()
    assert (status, page["ready"], page["failing_databases"]) == (200, True, [])
    refusal(running, "db")
    running.audit("session_fail")
    status, page = running.readiness()
    assert (status, page["ready"]) == (200, True)
    assert [(failing["database"], failing["code"]) for failing in page["failing_databases"]] == [("db", "assume_role_denied")]
    # Mended, the next login takes it off the list.
    running.write_configuration(with_database(lab, {**database(lab, PG), "database_name": "db"}))
    running.reload()
    with connect(running, "db") as connection:
        assert value(connection, "SELECT 1") == 1
    assert running.readiness()[1]["failing_databases"] == []


def test_readiness_forgets_a_database_that_a_reload_takes_away(lab, gateway):
    entry = database(lab, PG, database_name="db", encrypted_extra={"aws_iam": {"external_id": "wrong-external-id"}})
    running = gateway(with_database(lab, entry))
    refusal(running, "db")
    running.audit("session_fail")
    assert [failing["database"] for failing in running.readiness()[1]["failing_databases"]] == ["db"]
    running.write_configuration()
    running.reload()
    assert running.readiness()[1]["failing_databases"] == []


@pytest.mark.parametrize("page", ("", "nothing", "metrics/../etc/passwd", "readiness%00"))
def test_there_are_no_other_pages(gateway, page):
    assert gateway().admin(page)[0] in (400, 404)


# Metrics.


def test_metrics(lab, gateway):
    running = gateway()
    with connect(running) as connection:
        rows(connection, "SELECT repeat('x', 100000)")
        metrics = running.metrics()
        assert metrics.value("rolegate_sessions", database=PG) == 1
        assert metrics.value("rolegate_logins_total", database=PG, outcome="ok") == 1
        assert metrics.value("rolegate_open_connections") == 1
        assert metrics.value("rolegate_assume_role_calls_total") == lab.calls()["sts:AssumeRole"] == 1
        assert 0 < metrics.value("rolegate_credential_expiry_seconds") <= 3600
        running.wait_metric(lambda sent: sent > 100_000, "rolegate_bytes_total", database=PG, direction="to_client")
    running.wait_metric(0, "rolegate_sessions", database=PG)
    with connect(running):
        pass
    closed = running.audit_all(2, "session_close")
    metrics = running.metrics()
    assert metrics.value("rolegate_assume_role_calls_total") == 1
    assert metrics.value("rolegate_credential_cache_hits_total") == 1
    for step in STEPS:
        assert metrics.value("rolegate_step_duration_seconds_count", database=PG, step=step) == 2, step
        buckets = [sample.value for sample in metrics.samples if sample.name == "rolegate_step_duration_seconds_bucket"
                   and sample.labels["database"] == PG and sample.labels["step"] == step]
        assert buckets == sorted(buckets) and buckets[-1] == 2
    assert metrics.value("rolegate_bytes_total", database=PG, direction="to_client") == sum(line["bytes_to_client"] for line in closed)


# The audit log.


def test_audit_lines_of_a_session(lab, gateway):
    running = gateway()
    with connect(running) as connection:
        opened = running.audit("session_open")
        assert not [line for line in running.whole_audit() if line["event"] == "session_close"]
        rows(connection, "SELECT repeat('x', 100000)")
    closed = running.audit("session_close")
    kind = lab.kinds["aurora_postgresql"]
    same = {"listener": "{}:{}".format(*running.postgresql_address()), "user": USER, "authentication": "scram-sha-256",
            "database": PG, "engine": "postgresql", "upstream": f"{kind['host']}:{kind['port']}",
            "upstream_dial": kind["connect_to"], "upstream_user": "superset_iam_user", "role_arn": kind["role_arn"]}
    for line in (opened, closed):
        assert same.items() <= line.items()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert re.fullmatch(r"[0-9a-f]{16}", line["session"])
        assert re.fullmatch(r"127\.0\.0\.1:\d+", line["client_address"])
        assert line["upstream_tls"].startswith("TLSv1.3 ")
        assert "client_uid" not in line and "client_tls" not in line
    assert opened["session"] == closed["session"] and opened["client_address"] == closed["client_address"]
    (assumed,) = (entry for entry in lab.decisions() if entry["operation"] == "sts:AssumeRole")
    assert opened["aws_request_id"] == assumed["request_id"]
    assert list(opened["steps_ms"]) == STEPS
    assert closed["reason"] == "client_closed" and closed["bytes_to_client"] > 100_000
    assert 0 < closed["bytes_to_database"] < 10_000 and closed["duration_ms"] >= 0


def test_audit_lines_on_a_unix_socket_and_of_redshift(lab, gateway):
    running = gateway()
    with connect(running, CLUSTER, unix=True):
        pass
    opened = running.audit("session_open")
    assert opened["client_uid"] == os.getuid() and "client_address" not in opened
    assert opened["listener"] == f"unix:{running.postgresql_socket()}"
    assert (opened["engine"], opened["upstream_user"]) == ("redshift", "IAM:superset_iam_user")
    calls = {entry["request_id"] for entry in lab.decisions() if entry["operation"].startswith(("sts:", "redshift:Get"))}
    assert opened["aws_request_id"] in calls


def test_a_failed_authentication_has_a_line(gateway):
    running = gateway()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**running.postgresql(PG, password="wrong"))
    failed = running.audit("session_fail")
    assert (failed["user"], failed["reason"]) == (USER, "authentication_failed")
    assert "upstream" not in failed and "role_arn" not in failed


def test_what_a_client_writes_cannot_make_a_line_of_its_own(gateway):
    running = gateway()
    name = 'x"}\n{"event":"session_open","user":"forged\x1b[2J' + "\u2028" + "y" * 3000
    with wire.Connection(running.postgresql_address()) as connection:
        connection.send(wire.startup_message({"user": name, "database": name}))
        while connection.socket.recv(4096)[:1] == b"R":
            connection.send(wire.framed("p", b"SCRAM-SHA-256\0" + b"\0\0\0\x05" + b"n,,n="))
    (line,) = running.audit_all(1)
    text = running.audit_file.read_text(encoding="utf-8")
    assert line["event"] == "session_fail" and len(text.splitlines()) == 1 and len(text) < 4000
    assert "\x1b" not in text and "\u2028" not in text


def test_no_secret_is_in_the_log_the_audit_log_the_metrics_or_an_error(lab, gateway):
    """Logged as loudly as it can, through all kinds of databases, logins that work and logins that do not."""
    refused = database(lab, PG, database_name="refused", encrypted_extra={"aws_iam": {"db_username": "reporting_ro"}})
    running = gateway(with_database(lab, refused), arguments=["-vvv"])
    for name in (PG, OTHER, CLUSTER, "redshift_serverless_cross_account"):
        with connect(running, name) as connection:
            rows(connection, "SELECT 'the query of a client'")
    errors = [str(refusal(running, name)) for name in ("refused", "no_such_database")]
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(**running.postgresql(PG, password="a wrong password"))
    running.audit_all(4, "session_close")
    running.audit_all(3, "session_fail")
    texts = [running.log(), running.stdout(), json.dumps(running.audit_lines()), running.metrics().text,
             running.admin("readiness")[1], str(caught.value), *errors]
    assert len(running.log()) > 500, "there is no log to look at: this test would prove nothing"
    assert_clean(lab, *texts)
    stored = [part for text in VERIFIER.split() for part in re.split(r"[$:]", text) if len(part) > 20]
    assert len(stored) == 4
    for text in texts:
        for secret in (PASSWORD, "a wrong password", "the query of a client", *stored):
            assert secret not in text, f"{secret!r} is in: {text[:3000]}"
