"""The RDS token verifier: tokens by boto3, each broken in one way."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws_fixture import names, signing_time

POSTGRESQL = names.AURORA_POSTGRESQL


def presigned(key, *, expires=900, service="rds-db", region="eu-west-1", action="connect",
              user="app_rw", authority=None, headers=None):
    """A correctly signed token that says whatever the test wants."""
    authority = authority or f"{POSTGRESQL['host']}:{POSTGRESQL['port']}"
    request = AWSRequest("GET", f"https://{authority}/", headers or {},
                         params={"Action": action, "DBUser": user})
    SigV4QueryAuth(Credentials(*key), service, region, expires=expires).add_auth(request)
    return request.url[len("https://"):]


def refused(aws, answer, fragment):
    assert answer.startswith("deny ") and fragment in answer, answer
    assert aws.decision()["decision"] == "deny"
    assert fragment in aws.decision()["reason"]


def test_lets_a_role_of_the_databases_account_in(aws):
    credentials = aws.database_role()
    assert aws.ask(aws.token(credentials)) == "allow\n"
    entry = aws.decision()
    assert entry["operation"] == "rds-db:connect"
    assert (entry["database"], entry["user"]) == ("aurora_postgresql", "app_rw")
    assert entry["principal"].endswith(":assumed-role/SupersetDatabaseAccess/test-session")
    assert entry["access_key_id"] == credentials["AccessKeyId"]
    assert entry["chain"] == ["user superset", "sts:AssumeRole SupersetDatabaseAccess"]
    assert entry["external_id_sent"] == names.EXTERNAL_ID
    assert json.loads(aws.log.read_text().splitlines()[-1]) == entry


def test_lets_a_user_of_the_same_account_in_with_a_static_key(aws):
    assert aws.ask(aws.token(names.OWNER_KEY)) == "allow\n"
    assert aws.decision()["chain"] == ["user reports"]


def test_lets_mysql_and_further_endpoints_in(aws):
    credentials = aws.database_role()
    assert aws.ask(aws.token(credentials, names.AURORA_MYSQL), database="aurora_mysql") == "allow\n"
    american = {**POSTGRESQL, **names.AURORA_POSTGRESQL_US}
    token = aws.token(credentials, american, "superset_iam_user")
    assert aws.ask(token, "superset_iam_user") == "allow\n"


def test_takes_a_host_written_in_capitals(aws):
    """botocore signs the host in lower case and leaves it in the token as it was given."""
    token = aws.token(names.OWNER_KEY, {**POSTGRESQL, "host": POSTGRESQL["host"].upper()})
    assert token.startswith("ORDERS.") and aws.ask(token) == "allow\n"


def test_takes_parameters_in_any_order(aws):
    authority, _, query = aws.token(names.OWNER_KEY).partition("/?")
    pairs = query.split("&")
    assert aws.ask(f"{authority}/?{'&'.join(reversed(pairs))}") == "allow\n"


def test_takes_a_token_of_four_kilobytes(aws):
    aws.admin("PATCH", "world", {"session_token_bytes": 3800})
    token = aws.token(aws.database_role())
    assert len(token) > 4096
    assert aws.ask(token) == "allow\n"


@pytest.mark.parametrize("user", ["ünïcode ø", "a b+c/d@e%f", "x'\"\\;&=", "日本"])
def test_takes_any_user_name(aws, user):
    aws.admin("PATCH", "world", {"databases": {"aurora_postgresql": {
        **POSTGRESQL, "kind": "rds", "account": names.OWNER}}, "users": [{
            "arn": names.OWNER_USER, "access_key_id": names.OWNER_KEY[0],
            "secret_access_key": names.OWNER_KEY[1],
            "policies": [names.allow("rds-db:*", "*")]}]})
    assert aws.ask(aws.token(names.OWNER_KEY, user=user), user) == "allow\n"
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, user=user), user + "x"), "the token is for user")


def test_refuses_a_tampered_signature(aws):
    token = aws.token(names.OWNER_KEY)
    flipped = token[:-1] + ("0" if token[-1] != "0" else "1")
    refused(aws, aws.ask(flipped), "the signature does not match")


@pytest.mark.parametrize("change", [
    lambda token: token.replace("DBUser=app_rw", "DBUser=superset_iam_user"),
    lambda token: re.sub("X-Amz-Expires=900", "X-Amz-Expires=899", token),
])
def test_refuses_a_parameter_changed_after_signing(aws, change):
    token = change(aws.token(names.OWNER_KEY))
    user = re.search("DBUser=([a-z_]+)", token)[1]
    refused(aws, aws.ask(token, user), "the signature does not match")


def test_refuses_another_users_token(aws):
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, user="superset_iam_user")),
            "the token is for user 'superset_iam_user', the login is for 'app_rw'")


def test_user_names_are_case_sensitive(aws):
    refused(aws, aws.ask(aws.token(names.OWNER_KEY), "APP_RW"), "the token is for user")


def test_refuses_another_endpoints_token(aws):
    elsewhere = {**POSTGRESQL, "host": "other.cluster-abc.eu-west-1.rds.amazonaws.com"}
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, elsewhere)), "the token is for host other.")


def test_refuses_another_ports_token(aws):
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, {**POSTGRESQL, "port": 5433})),
            "the token is for port 5433, not for 5432")


def test_refuses_a_token_without_port(aws):
    refused(aws, aws.ask(presigned(names.OWNER_KEY, authority=POSTGRESQL["host"])),
            "names no port")


def test_refuses_another_regions_token(aws):
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, {**POSTGRESQL, "region": "us-east-1"})),
            "region is 'us-east-1'")


def test_refuses_another_services_signature(aws):
    refused(aws, aws.ask(presigned(names.OWNER_KEY, service="rds")), "not 'rds-db'")


def test_refuses_another_action(aws):
    refused(aws, aws.ask(presigned(names.OWNER_KEY, action="DbConnect")), "Action is not connect")


def test_refuses_more_than_900_seconds(aws):
    assert aws.ask(presigned(names.OWNER_KEY, expires=900)) == "allow\n"
    refused(aws, aws.ask(presigned(names.OWNER_KEY, expires=901)), "at most 900 is allowed")


def test_refuses_an_unsigned_host(aws):
    token = aws.token(names.OWNER_KEY).replace("SignedHeaders=host", "SignedHeaders=accept")
    refused(aws, aws.ask(token), "the signed headers must be exactly 'host'")


def test_refuses_more_signed_headers_than_a_login_can_send(aws):
    refused(aws, aws.ask(presigned(names.OWNER_KEY, headers={"x-amz-meta": "1"})),
            "the signed headers must be exactly 'host'")


def test_refuses_an_expired_token(aws):
    with signing_time(-895):
        fresh = aws.token(names.OWNER_KEY)
    with signing_time(-905):
        old = aws.token(names.OWNER_KEY)
    assert aws.ask(fresh) == "allow\n"
    refused(aws, aws.ask(old), "the token expired")


def test_refuses_a_token_when_the_verifiers_clock_moves_on(aws):
    token = aws.token(names.OWNER_KEY)
    aws.shift_clock(890)
    assert aws.ask(token) == "allow\n"
    aws.shift_clock(905)
    refused(aws, aws.ask(token), "the token expired")


def test_refuses_a_token_from_the_future(aws):
    with signing_time(1000):
        token = aws.token(names.OWNER_KEY)
    refused(aws, aws.ask(token), "not yet valid")


def test_a_token_dies_with_the_session_that_signed_it(aws):
    credentials = aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, DurationSeconds=900)
    aws.shift_clock(850)
    with signing_time(850):
        token = aws.token(credentials)
    assert aws.ask(token) == "allow\n"
    aws.shift_clock(901)
    refused(aws, aws.ask(token), "the credentials that signed the token expired")


def test_refuses_a_revoked_session(aws):
    token = aws.token(aws.database_role())
    aws.admin("POST", "expire", {"all": True})
    refused(aws, aws.ask(token), "were revoked")


def test_refuses_a_principal_of_another_account(aws):
    refused(aws, aws.ask(aws.token(names.SUPERSET_KEY)), "does not work across accounts")


def test_refuses_without_rds_db_connect(aws):
    refused(aws, aws.ask(aws.token(names.OWNER_KEY, user="admin"), "admin"),
            "do not allow rds-db:connect on arn:aws:rds-db:eu-west-1:222222222222:dbuser:"
            "cluster-ABCDEFGHIJKL/admin")
    refused(aws, aws.ask(aws.token(aws.assume(names.REDSHIFT_ROLE))), "do not allow rds-db:connect")


@pytest.mark.parametrize("resource", [
    "arn:aws:rds-db:eu-west-1:222222222222:dbuser/cluster-ABCDEFGHIJKL/app_rw",  # the seed's form
    "arn:aws:rds-db:eu-west-1:222222222222:dbuser:db-ABCDEFGHIJKL/app_rw",
    "arn:aws:rds-db:us-east-1:222222222222:dbuser:cluster-ABCDEFGHIJKL/app_rw",
    "arn:aws:rds-db:eu-west-1:111111111111:dbuser:cluster-ABCDEFGHIJKL/app_rw",
])
def test_refuses_a_policy_for_another_resource(aws, resource):
    world = aws.admin("GET", "world")
    world["users"][1]["policies"] = [names.allow("rds-db:connect", resource)]
    aws.admin("PUT", "world", world)
    refused(aws, aws.ask(aws.token(names.OWNER_KEY)), "do not allow rds-db:connect")


def test_refuses_a_missing_or_foreign_session_token(aws):
    token = aws.token(aws.database_role())
    other = quote(aws.database_role()["SessionToken"], safe="")
    without = re.sub("&X-Amz-Security-Token=[^&]*", "", token)
    foreign = re.sub("X-Amz-Security-Token=[^&]*", f"X-Amz-Security-Token={other}", token)
    for changed in (without, foreign):
        assert changed != token
        refused(aws, aws.ask(changed), "session token is missing or does not belong")


@pytest.mark.parametrize("token, fragment", [
    ("", "not a token"),
    ("secret-password", "not a token"),
    ("https://h:1/?Action=connect", "not a token"),
    ("h:1/?Action=connect&Action=connect", "twice"),
    ("h:1/?Action=connect&DBUser=a+b", "percent-encoded"),
    ("h:1/?Action=connect&DBUser=%zz", "percent-encoded"),
    ("h:1/?Action=connect&DBUser=%ff", "not UTF-8"),
    ("h:1/?Action=connect", "lacks DBUser"),
])
def test_refuses_what_is_no_token(aws, token, fragment):
    refused(aws, aws.ask(token), fragment)


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"aurora_postgresql\0app_rw\0tok",
                                  b"a\0b\0c\0d\0", b"aurora_postgresql\0\xff\0t\0",
                                  b"aurora_postgresql\0u\0" + b"x" * 300_000 + b"\0"])
def test_refuses_a_question_that_is_not_one(aws, data):
    try:
        assert aws.ask_raw(data).startswith("deny ")
    except (BrokenPipeError, ConnectionResetError):
        pass  # too long: closed on
    assert aws.decision()["decision"] == "deny"


def test_refuses_an_unknown_database(aws):
    refused(aws, aws.ask("x", database="nowhere"), "no database is called 'nowhere'")


def test_answers_many_at_once(aws):
    token = aws.token(aws.database_role())
    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(aws.ask, [token] * 128)) == {"allow\n"}
    assert aws.calls("rds-db:connect") == 128
