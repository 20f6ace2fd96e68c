"""IMDS, the container endpoint and the SSO portal, asked by botocore's providers."""

import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher

from aws_fixture import names

ROLES = "/latest/meta-data/iam/security-credentials/"


def imds(aws, **more):
    return InstanceMetadataFetcher(
        timeout=more.pop("timeout", 5), num_attempts=1, base_url=aws.endpoint + "/",
        env={}, config={}, **more).retrieve_iam_role_credentials()


def imds_token(aws, seconds="60", **headers):
    return aws.http("PUT", "/latest/api/token",
                    headers={"X-aws-ec2-metadata-token-ttl-seconds": seconds, **headers})


def as_credentials(found):
    return (found["access_key"], found["secret_key"], found["token"])


def test_imds_gives_the_instances_role(aws):
    found = imds(aws)
    assert found["role_name"] == "SupersetInstanceRole"
    role = aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, by=as_credentials(found))
    assert aws.ask(aws.token(role)) == "allow\n"
    assert aws.decision()["chain"] == ["imds SupersetInstanceRole",
                                       "sts:AssumeRole SupersetDatabaseAccess"]
    assert aws.calls("imds:token") == aws.calls("imds:role") == aws.calls("imds:credentials") == 1


def test_an_instance_role_counts_as_chained(aws):
    with pytest.raises(ClientError, match="role chaining"):
        aws.assume(names.FIRST_HOP, by=as_credentials(imds(aws)), DurationSeconds=3601)


def test_imds_repeats_credentials_until_shortly_before_their_end(aws):
    first = imds(aws)["access_key"]
    assert imds(aws)["access_key"] == first
    aws.shift_clock(6 * 3600 - 60)
    assert imds(aws)["access_key"] != first


def test_imds_gives_new_credentials_after_revocation(aws):
    first = imds(aws)["access_key"]
    aws.admin("POST", "expire", {"all": True})
    assert imds(aws)["access_key"] != first


def test_imds_wants_a_token(aws):
    assert aws.http("GET", ROLES)[0] == 401
    assert aws.http("GET", ROLES, headers={"X-aws-ec2-metadata-token": "made-up"})[0] == 401
    status, headers, token = imds_token(aws)
    assert (status, headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"]) == (200, "60")
    with_token = {"X-aws-ec2-metadata-token": token}
    assert aws.http("GET", ROLES, headers=with_token)[2] == "SupersetInstanceRole"
    assert aws.http("GET", ROLES + "Other", headers=with_token)[0] == 404
    region = aws.http("GET", "/latest/meta-data/placement/region", headers=with_token)
    assert region[2] == "eu-west-1"
    aws.shift_clock(61)
    assert aws.http("GET", ROLES, headers=with_token)[0] == 401


@pytest.mark.parametrize("seconds", ["", "0", "21601", "x"])
def test_imds_refuses_a_bad_token_request(aws, seconds):
    assert imds_token(aws, seconds)[0] == 400


def test_imds_refuses_a_forwarded_token_request(aws):
    assert imds_token(aws, **{"X-Forwarded-For": "10.0.0.1"})[0] == 403


def test_imds_v1_only_where_the_world_allows_it(aws):
    aws.admin("PATCH", "world", {"imds": {"role_arn": names.INSTANCE_ROLE, "v2_only": False}})
    assert aws.http("GET", ROLES)[0] == 200


def test_imds_behind_a_hop_limit_stays_silent(aws):
    aws.admin("PATCH", "world", {"imds": {"role_arn": names.INSTANCE_ROLE, "v2_only": False,
                                          "hop_limit_blocks_v2": True}})
    # botocore gives up on the token and goes on without one.
    assert imds(aws, timeout=0.3)["role_name"] == "SupersetInstanceRole"
    assert aws.calls("imds:token") == 1


def test_no_instance_role(aws):
    aws.admin("PATCH", "world", {"imds": None})
    assert imds_token(aws)[0] == 404
    assert imds(aws) == {}


def test_container_credentials(aws):
    found = ContainerMetadataFetcher().retrieve_full_uri(
        aws.endpoint + "/v2/credentials/lab",
        headers={"Authorization": names.CONTAINER_AUTHORIZATION})
    assert found["RoleArn"] == names.INSTANCE_ROLE
    credentials = (found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
    assert aws.assume(names.FIRST_HOP, by=credentials)
    assert aws.decision()["chain"] == ["container SupersetInstanceRole"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "wrong"}])
def test_container_refuses_a_wrong_authorization(aws, headers):
    assert aws.http("GET", "/v2/credentials/lab", headers=headers)[0] == 401
    assert aws.decision()["decision"] == "deny"


def test_container_without_authorization_where_none_is_configured(aws):
    aws.admin("PATCH", "world", {"container": {"role_arn": names.INSTANCE_ROLE}})
    status, _, text = aws.http("GET", "/v1/credentials")
    assert status == 200 and json.loads(text)["Expiration"].endswith("Z")


def sso(aws, token=names.SSO_TOKEN, role="SupersetInstanceRole", account=names.CALLER):
    client = boto3.session.Session().client(
        "sso", region_name="eu-west-1", endpoint_url=aws.endpoint,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    return client.get_role_credentials(roleName=role, accountId=account, accessToken=token)


def test_sso_role_credentials(aws):
    found = sso(aws)["roleCredentials"]
    assert found["expiration"] > 1000 * aws.admin("GET", "clock")["now"]
    credentials = (found["accessKeyId"], found["secretAccessKey"], found["sessionToken"])
    arn = aws.client("sts", credentials).get_caller_identity()["Arn"]
    assert arn.endswith(":assumed-role/SupersetInstanceRole/superset@example.com")
    assert aws.decision()["chain"] == ["sso SupersetInstanceRole"]


@pytest.mark.parametrize("change, code", [
    ({"token": "expired-or-forged"}, "UnauthorizedException"),
    ({"role": "Admin"}, "ForbiddenException"),
    ({"account": names.OWNER}, "ForbiddenException"),
])
def test_sso_refuses(aws, change, code):
    with pytest.raises(ClientError) as problem:
        sso(aws, **change)
    assert problem.value.response["Error"]["Code"] == code
