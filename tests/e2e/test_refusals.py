"""What AWS or the database refuses becomes the right step, code, sentence and hint."""

import json

import psycopg2
import pymysql
import pytest
from program import made_calls

AURORA = ("aurora_postgresql", "aurora_mysql")


@pytest.mark.parametrize("external_id", ("wrong-external-id", None))
def test_wrong_or_missing_external_id(lab, rolegate, external_id):
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", external_id=external_id))
    error = rolegate.failure("db", config=config)
    assert (error["step"], error["code"]) == ("role_credentials", "assume_role_denied")
    assert "sts:ExternalId" in error["hint"] and "trust policy" in error["hint"]
    assert error["aws"]["code"] == "AccessDenied" and error["aws"]["request_id"]
    assert "rds-db:connect" not in [entry["operation"] for entry in lab.decisions()]


@pytest.mark.parametrize("kind", AURORA)
def test_user_without_rds_db_connect(lab, rolegate, kind):
    config = rolegate.config(rolegate.database(f"{kind}_cross_account", db_username="reporting_ro"))
    error = rolegate.failure("db", config=config)
    assert (error["step"], error["code"]) == ("handshake", "iam_token_refused")
    assert "rds-db:connect" in error["hint"] and "reporting_ro" in error["message"]
    assert "pg_hba" not in json.dumps(error)
    if kind == "aurora_mysql":  # MariaDB says "(using password: NO)" although a token was sent
        assert "a token was sent" in error["message"]


@pytest.mark.parametrize("kind", AURORA)
def test_a_refused_login_is_made_once_more_at_most(lab, rolegate, kind):
    config = rolegate.config(rolegate.database(f"{kind}_cross_account", db_username="reporting_ro"))
    rolegate.failure("db", config=config)
    tries = [entry for entry in lab.decisions() if entry["operation"] == "rds-db:connect"]
    assert 1 <= len(tries) <= 2


@pytest.mark.parametrize("kind, asked", (("aurora_postgresql", "SASL authentication"), ("aurora_mysql", "mysql_native_password")))
def test_a_user_who_has_a_password_gets_no_token(lab, rolegate, gateway, kind, asked):
    """Nor anything made of it: the server would compare that with the password."""
    config = rolegate.config(rolegate.database(f"{kind}_cross_account", db_username="plain"))
    error = rolegate.failure("db", config=config)
    assert (error["step"], error["code"]) == ("handshake", "iam_token_refused")
    assert asked in error["message"] and ("rds_iam" in error["hint"] or "AWSAuthenticationPlugin" in error["hint"])

    running = gateway({"databases": [rolegate.database(f"{kind}_cross_account", db_username="plain")]})
    with pytest.raises((psycopg2.OperationalError, pymysql.err.OperationalError)) as refused:
        if kind == "aurora_postgresql":
            psycopg2.connect(**running.postgresql("db"))
        else:
            pymysql.connect(**running.mysql("db"))
    assert asked in str(refused.value)
    assert running.audit("session_fail")["reason"] == "iam_token_refused"
    assert "rds-db:connect" not in [entry["operation"] for entry in lab.decisions()]


def test_token_of_another_endpoint(lab, rolegate):
    """The reader's name is in the certificate, but the verifier no longer knows it as this database's."""
    target = lab.kinds["aurora_postgresql"]
    world = lab.world()
    world["databases"]["aurora_postgresql"]["endpoints"] = []
    lab.patch_world({"databases": world["databases"]})
    uri = (f"postgresql://orders.cluster-ro-abc.eu-west-1.rds.amazonaws.com:5432/{target['database']}"
           f"?connect_to={target['connect_to']}&sslrootcert={lab.ca}")
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", uri=uri))
    assert rolegate.failure("db", config=config)["code"] == "iam_token_refused"


def test_unknown_role(lab, rolegate):
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account",
                                               role_arn="arn:aws:iam::222222222222:role/NoSuchRole"))
    assert rolegate.failure("db", config=config)["code"] == "assume_role_denied"


def test_redshift_permission_missing(lab, rolegate):
    config = rolegate.config(rolegate.database("redshift_cluster_cross_account", db_username="somebody_else"))
    error = rolegate.failure("db", config=config)
    assert (error["step"], error["code"]) == ("login", "access_denied")
    assert "redshift:GetClusterCredentials" in error["hint"] + error["message"]


def test_unknown_workgroup(lab, rolegate):
    config = rolegate.config(rolegate.database("redshift_serverless_cross_account", workgroup_name="no-such-workgroup"))
    assert rolegate.failure("db", config=config)["code"] in ("workgroup_not_found", "access_denied")


def test_flag_off_asks_aws_nothing(lab, rolegate):
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account"), flag=False)
    for command in (("token", "db"), ("query", "db", "SELECT 1"), ("test", "db"), ("exec", "db", "--", "true"),
                    ("connect", "db")):
        done = rolegate.run(*command, config=config)
        assert done.returncode == 2, done
        text = done.stderr + done.stdout
        assert "AWS IAM database authentication is not enabled." in text
        assert "AWS_DATABASE_IAM_AUTH" in text
    assert made_calls(lab) == {} and lab.decisions() == []


def test_role_chaining_limit(lab, rolegate):
    """A role that assumes a role gets an hour at most; the error says which field to change."""
    environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": lab.endpoint, "HOME": str(rolegate.folder),
                   "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", session_duration=7200))
    error = rolegate.failure("db", config=config, environment=environment,
                             without=("AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"))
    assert error["code"] == "role_chaining_limit"
    assert "session_duration" in error["hint"] and "3600" in error["hint"]


def test_expired_session(lab, rolegate):
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None,
                                  "fault": {"error": {"code": "ExpiredToken", "message": "The security token included in the request is expired"}}}])
    assert rolegate.failure("aurora_postgresql_cross_account")["code"] == "expired_token"


def test_throttling_and_5xx_are_retried(lab, rolegate):
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": 1, "fault": {"throttle": True}},
                                 {"operation": "sts:AssumeRole", "times": 1,
                                  "fault": {"status": 503, "code": "ServiceUnavailable"}}])
    assert rolegate.walk("aurora_postgresql_cross_account")["ok"]
    assert lab.calls()["sts:AssumeRole"] == 3


def test_dropped_connection_is_retried(lab, rolegate):
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": 1, "fault": {"drop": True}}])
    assert rolegate.walk("aurora_postgresql_cross_account")["ok"]


def test_attempts_end(lab, rolegate):
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None,
                                  "fault": {"status": 503, "code": "ServiceUnavailable"}}])
    error = rolegate.failure("aurora_postgresql_cross_account", environment={"AWS_MAX_ATTEMPTS": "2"})
    assert error["code"] == "service_unavailable"
    assert lab.calls()["sts:AssumeRole"] == 2


def test_access_denied_is_not_retried(lab, rolegate):
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", external_id="wrong-external-id"))
    rolegate.failure("db", config=config)
    assert lab.calls()["sts:AssumeRole"] == 1


@pytest.mark.parametrize("operation, database", (
    ("sts:AssumeRole", "aurora_postgresql_cross_account"),
    ("redshift:GetClusterCredentials", "redshift_cluster_cross_account"),
    ("redshift-serverless:GetCredentials", "redshift_serverless_cross_account")))
def test_malformed_answers(lab, rolegate, operation, database):
    lab.admin("POST", "faults", [{"operation": operation, "times": None, "fault": {"malformed": True}}])
    assert rolegate.failure(database)["code"] == "unexpected_answer"


def test_nobody_answers(lab, rolegate):
    error = rolegate.failure("aurora_postgresql_cross_account",
                             environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "2"})
    assert (error["step"], error["code"]) == ("role_credentials", "http_connect")


def test_slow_sts_meets_the_deadline(lab, rolegate):
    lab.admin("POST", "faults", [{"operation": "sts:AssumeRole", "times": None, "fault": {"delay": 30}}])
    done = rolegate.run("--timeout", "1", "test", "--json", "aurora_postgresql_cross_account")
    assert json.loads(done.stdout)["steps"][-1]["error"]["code"] == "login_timeout"
