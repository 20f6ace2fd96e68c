"""Real PostgreSQL and MariaDB servers let a boto3 token in, and refuse each one that has something wrong with it."""

import subprocess

import psycopg2
import pymysql
import pytest

from login_tools import REFUSED, assume, client, log_in, token

AURORA = ("aurora_postgresql", "aurora_mysql")
REDSHIFT_USER = {"redshift_cluster": "IAM:superset_iam_user", "redshift_serverless": "IAMR:SupersetRedshiftAccess"}


def refused(lab, kind, user, password, reason):
    """The server says no, and the verifier's own words say why: a refusal for any other reason is no proof."""
    with pytest.raises(REFUSED):
        log_in(lab, kind, user, password)
    last = lab.decisions()[-1]
    assert (last["decision"], last["user"]) == ("deny", user)
    assert reason in last["reason"], last


@pytest.mark.parametrize("kind", AURORA)
def test_token_of_assumed_role_logs_in(lab, kind):
    rows = log_in(lab, kind, "superset_iam_user", token(lab, kind, "superset_iam_user"))
    assert len(rows) == 5 and rows[2][1] == "Jörg" and rows[3][1] == "李雷"
    last = lab.decisions()[-1]
    assert (last["database"], last["user"], last["decision"]) == (kind, "superset_iam_user", "allow")


@pytest.mark.parametrize("kind", AURORA)
def test_token_of_same_account_logs_in(lab, kind):
    secret = token(lab, kind, "app_rw", lab.description["access_keys"]["same-account"])
    assert len(log_in(lab, kind, "app_rw", secret)) == 5
    assert lab.decisions()[-1]["principal"].endswith(":user/reports")


@pytest.mark.parametrize("kind", AURORA)
def test_refuses_token_of_another_user(lab, kind):
    refused(lab, kind, "app_rw", token(lab, kind, "superset_iam_user"), "superset_iam_user")


@pytest.mark.parametrize("kind", AURORA)
def test_refuses_user_without_permission(lab, kind):
    refused(lab, kind, "reporting_ro", token(lab, kind, "reporting_ro"), "rds-db:connect")


@pytest.mark.parametrize("kind", AURORA)
def test_refuses_token_for_another_port(lab, kind):
    refused(lab, kind, "app_rw", token(lab, kind, "app_rw", port=lab.kinds[kind]["connect_port"]), "is for port")


@pytest.mark.parametrize("kind", AURORA)
def test_refuses_tampered_token(lab, kind):
    secret = token(lab, kind, "app_rw")
    refused(lab, kind, "app_rw", secret[:-1] + ("0" if secret[-1] != "0" else "1"), "signature")


@pytest.mark.parametrize("kind", AURORA)
def test_refuses_token_after_fifteen_minutes(lab, kind):
    secret = token(lab, kind, "app_rw")
    lab.shift_clock(880)
    assert log_in(lab, kind, "app_rw", secret)
    lab.shift_clock(905)
    refused(lab, kind, "app_rw", secret, "expired")


@pytest.mark.parametrize("kind", AURORA)
@pytest.mark.parametrize("size", (3900, 7000))
def test_takes_long_token(lab, kind, size):
    lab.patch_world({"session_token_bytes": size})
    secret = token(lab, kind, "app_rw")
    assert size < len(secret) < 10238, len(secret)
    assert len(log_in(lab, kind, "app_rw", secret)) == 5


@pytest.mark.parametrize("kind", AURORA)
@pytest.mark.parametrize("user", ("Mixed.Case", "jörg böhm"))
def test_takes_unusual_user_names(lab, kind, user):
    refused(lab, kind, user, token(lab, kind, user), "rds-db:connect")
    target = lab.world()["databases"][kind]
    resource = f"arn:aws:rds-db:{target['region']}:{target['account']}:dbuser:{target['resource_id']}/{user}"
    grant = {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Action": "rds-db:connect", "Resource": resource}]}
    roles = [{**role, "policies": [*role["policies"], grant]} for role in lab.world()["roles"]]
    lab.patch_world({"roles": roles})
    assert len(log_in(lab, kind, user, token(lab, kind, user))) == 5


@pytest.mark.parametrize("kind", AURORA)
def test_plain_user_needs_its_password_and_no_verifier(lab, kind):
    login = lab.description["password_login"]
    assert len(log_in(lab, kind, login["user"], login["password"])) == 5
    with pytest.raises(REFUSED):
        log_in(lab, kind, login["user"], "wrong")
    assert lab.decisions() == []


def redshift_login(lab, kind):
    target, role = lab.kinds[kind], assume(lab, kind)
    if kind == "redshift_cluster":
        answer = client(lab, "redshift", target["region"], role).get_cluster_credentials(
            DbUser="superset_iam_user", DbName="dev", ClusterIdentifier="my-cluster")
        return answer["DbUser"], answer["DbPassword"]
    answer = client(lab, "redshift-serverless", target["region"], role).get_credentials(
        workgroupName="my-workgroup", dbName="dev")
    return answer["dbUser"], answer["dbPassword"]


@pytest.mark.parametrize("kind", REDSHIFT_USER)
def test_temporary_redshift_password_logs_in(lab, kind):
    user, password = redshift_login(lab, kind)
    assert user == REDSHIFT_USER[kind]
    assert [row[1] for row in log_in(lab, kind, user, password)] == ["EMEA", "AMER", "APAC"]
    assert lab.decisions()[-1]["decision"] == "allow"


@pytest.mark.parametrize("kind", REDSHIFT_USER)
def test_refuses_wrong_redshift_password(lab, kind):
    user, password = redshift_login(lab, kind)
    refused(lab, kind, user, password[:-1] + ("x" if password[-1] != "x" else "y"), "password")


@pytest.mark.parametrize("kind", REDSHIFT_USER)
def test_refuses_expired_redshift_password(lab, kind):
    user, password = redshift_login(lab, kind)
    lab.shift_clock(3700)
    refused(lab, kind, user, password, "expired")


def test_refuses_login_without_tls(lab):
    target = lab.kinds["aurora_postgresql"]
    secret = token(lab, "aurora_postgresql", "app_rw")
    with pytest.raises(psycopg2.OperationalError, match="no encryption"):
        psycopg2.connect(host="127.0.0.1", port=target["connect_port"], user="app_rw", password=secret,
                         dbname="app", sslmode="disable")
    target, login = lab.kinds["aurora_mysql"], lab.description["password_login"]
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=target["connect_port"], ssl_disabled=True, **login)
    assert "rds-db:connect" not in [decision["operation"] for decision in lab.decisions()]


def test_certificate_names_the_endpoint_and_not_the_address(lab):
    target = lab.kinds["aurora_postgresql"]
    with pytest.raises(psycopg2.OperationalError, match="does not match host name"):
        psycopg2.connect(host="127.0.0.1", port=target["connect_port"], user="plain", password="plain-password",
                         dbname=target["database"], sslmode="verify-full", sslrootcert=str(lab.ca))


def test_psql_logs_in_with_token(lab):
    target = lab.kinds["aurora_postgresql"]
    environment = lab.environment(
        PGPASSWORD=token(lab, "aurora_postgresql", "app_rw"), PGUSER="app_rw", PGDATABASE=target["database"],
        PGHOST=target["host"], PGHOSTADDR="127.0.0.1", PGPORT=str(target["connect_port"]),
        PGSSLMODE="verify-full", PGSSLROOTCERT=str(lab.ca))
    result = subprocess.run(["psql", "-AtX", "-c", "SELECT count(*) FROM orders"], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    assert (result.returncode, result.stdout) == (0, "5\n")
