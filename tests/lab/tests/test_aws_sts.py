"""STS of the lab, asked by boto3: what it grants and what it refuses, in AWS's words."""

import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_fixture import names, signing_time


def refused(call, code, *fragments):
    with pytest.raises(ClientError) as problem:
        call()
    error = problem.value.response["Error"]
    assert error["Code"] == code, error
    for fragment in fragments:
        assert fragment in error["Message"]
    assert problem.value.response["ResponseMetadata"]["RequestId"]


def web_identity(aws, token=names.WEB_IDENTITY_TOKEN, role=names.INSTANCE_ROLE):
    client = boto3.session.Session().client(
        "sts", region_name="eu-west-1", endpoint_url=aws.endpoint,
        config=Config(signature_version=UNSIGNED))
    return client.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="pod", WebIdentityToken=token)


def test_names_the_caller(aws):
    answer = aws.client("sts", names.SUPERSET_KEY).get_caller_identity()
    assert answer["Arn"] == names.SUPERSET_USER
    assert answer["Account"] == names.CALLER


def test_assumes_a_role_of_another_account_with_the_external_id(aws):
    credentials = aws.database_role()
    answer = aws.client("sts", credentials).get_caller_identity()
    assert answer["Arn"] == (f"arn:aws:sts::{names.OWNER}:assumed-role/"
                             "SupersetDatabaseAccess/test-session")
    entry = next(e for e in aws.admin("GET", "decisions") if e["operation"] == "sts:AssumeRole")
    assert (entry["decision"], entry["external_id_sent"]) == ("allow", names.EXTERNAL_ID)
    assert aws.decision()["chain"] == ["user superset", "sts:AssumeRole SupersetDatabaseAccess"]


@pytest.mark.parametrize("external_id", ["superset-prod-99999", None])
def test_refuses_a_wrong_or_missing_external_id_with_the_plain_text(aws, external_id):
    refused(lambda: aws.assume(names.DATABASE_ROLE, external_id), "AccessDenied",
            f"User: {names.SUPERSET_USER} is not authorized to perform: sts:AssumeRole "
            f"on resource: {names.DATABASE_ROLE}")
    assert "sts:ExternalId does not hold" in aws.decision()["reason"]
    assert aws.decision()["external_id_sent"] == external_id


def test_refuses_a_role_that_does_not_exist_with_the_same_text(aws):
    refused(lambda: aws.assume(names.DATABASE_ROLE + "X", names.EXTERNAL_ID), "AccessDenied",
            "is not authorized to perform: sts:AssumeRole")


def test_needs_the_callers_own_grant_across_accounts(aws):
    world = aws.admin("GET", "world")
    world["users"][0]["policies"] = []
    aws.admin("PUT", "world", world)
    refused(lambda: aws.database_role(), "AccessDenied")
    assert "identity policies of " + names.SUPERSET_USER in aws.decision()["reason"]


def test_needs_the_trust_policy_across_accounts(aws):
    refused(lambda: aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, by=names.OWNER_KEY),
            "AccessDenied")
    assert "trust policy" in aws.decision()["reason"]


def test_same_account_trust_naming_the_user_is_enough(aws):
    assert aws.assume(names.OWNER_ROLE, by=names.OWNER_KEY)["AccessKeyId"].startswith("ASIA")


def test_same_account_trust_naming_the_root_needs_the_identity_policy_too(aws):
    world = aws.admin("GET", "world")
    role = next(role for role in world["roles"] if role["arn"] == names.OWNER_ROLE)
    role["trust_policy"] = names.trust([f"arn:aws:iam::{names.OWNER}:root"])
    aws.admin("PUT", "world", world)
    refused(lambda: aws.assume(names.OWNER_ROLE, by=names.OWNER_KEY), "AccessDenied")
    world["users"][1]["policies"].append(names.allow("sts:AssumeRole", names.OWNER_ROLE))
    aws.admin("PUT", "world", world)
    assert aws.assume(names.OWNER_ROLE, by=names.OWNER_KEY)


def test_an_explicit_deny_of_the_caller_wins_over_the_trust_policy(aws):
    world = aws.admin("GET", "world")
    deny = names.allow("sts:AssumeRole", "*")
    deny["Statement"][0]["Effect"] = "Deny"
    world["users"][1]["policies"].append(deny)
    aws.admin("PUT", "world", world)
    refused(lambda: aws.assume(names.OWNER_ROLE, by=names.OWNER_KEY), "AccessDenied")
    assert "explicit deny" in aws.decision()["reason"]


def test_walks_a_chain_of_roles(aws):
    first = aws.assume(names.FIRST_HOP)
    second = aws.assume(names.SECOND_HOP, by=first)
    last = aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, by=second)
    assert aws.ask(aws.token(last)) == "allow\n"
    assert aws.decision()["chain"] == [
        "user superset", "sts:AssumeRole SupersetFirstHop", "sts:AssumeRole SupersetSecondHop",
        "sts:AssumeRole SupersetDatabaseAccess"]


def test_limits_a_chained_session_to_one_hour(aws):
    first = aws.assume(names.FIRST_HOP, DurationSeconds=7200)
    refused(lambda: aws.assume(names.SECOND_HOP, by=first, DurationSeconds=3601),
            "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining.")


def test_limits_a_session_to_the_roles_maximum(aws):
    world = aws.admin("GET", "world")
    for role in world["roles"]:
        role["max_session_duration"] = 3600
    aws.admin("PUT", "world", world)
    refused(lambda: aws.assume(names.FIRST_HOP, DurationSeconds=3601), "ValidationError",
            "exceeds the MaxSessionDuration set for this role")


@pytest.mark.parametrize("parameters, field", [
    ({"DurationSeconds": 43201}, "durationSeconds"),
    ({"RoleSessionName": "has space"}, "roleSessionName"),
    ({"RoleSessionName": "x" * 65}, "roleSessionName"),
    ({"RoleSessionName": "ümlaut"}, "roleSessionName"),
    ({"ExternalId": "has space"}, "externalId"),
])
def test_validates_parameters(aws, parameters, field):
    refused(lambda: aws.assume(names.FIRST_HOP, **parameters), "ValidationError",
            "1 validation error detected", f"at '{field}'")


def test_refuses_what_is_no_role_arn(aws):
    refused(lambda: aws.assume("arn:aws:iam::1:role/TooShortAccount"), "ValidationError",
            "is invalid")


def test_a_session_policy_narrows_the_session(aws):
    policy = json.dumps(names.allow("s3:*", "*"))
    narrowed = aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, Policy=policy)
    assert "do not allow rds-db:connect" in aws.ask(aws.token(narrowed))


def test_takes_a_web_identity_unsigned(aws):
    answer = web_identity(aws)
    assert answer["SubjectFromWebIdentityToken"] == names.WEB_IDENTITY_SUBJECT
    assert aws.assume(names.DATABASE_ROLE, names.EXTERNAL_ID, by=answer["Credentials"])
    assert aws.decision()["chain"] == ["web_identity SupersetInstanceRole"]


def test_refuses_an_unknown_web_identity(aws):
    refused(lambda: web_identity(aws, "forged.token"), "InvalidIdentityToken",
            "Couldn't retrieve verification key")


def test_refuses_a_web_identity_the_role_does_not_trust(aws):
    refused(lambda: web_identity(aws, role=names.FIRST_HOP), "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_refuses_a_web_identity_with_another_subject(aws):
    aws.admin("PATCH", "world", {"web_identity": [{
        "provider_arn": names.OIDC_PROVIDER,
        "tokens": {"other.token": {"sub": "someone-else", "aud": "sts.amazonaws.com"}}}]})
    refused(lambda: web_identity(aws, "other.token"), "AccessDenied")
    assert "oidc.example:sub" in aws.decision()["reason"]


def test_refuses_a_web_identity_for_another_accounts_role(aws):
    """Even where the trust policy names the provider: a provider serves its own account."""
    world = aws.admin("GET", "world")
    role = next(role for role in world["roles"] if role["arn"] == names.DATABASE_ROLE)
    role["trust_policy"] = names.trust_web_identity()
    aws.admin("PUT", "world", world)
    refused(lambda: web_identity(aws, role=names.DATABASE_ROLE), "AccessDenied")
    assert "another account" in aws.decision()["reason"]


def test_refuses_an_expired_web_identity(aws):
    aws.admin("PATCH", "world", {"web_identity": [{
        "provider_arn": names.OIDC_PROVIDER,
        "tokens": {"old.token": {"sub": names.WEB_IDENTITY_SUBJECT,
                                 "aud": "sts.amazonaws.com", "exp": 1000}}}]})
    refused(lambda: web_identity(aws, "old.token"), "ExpiredTokenException")


def test_refuses_a_wrong_secret(aws):
    wrong = (names.SUPERSET_KEY[0], names.OWNER_KEY[1])
    refused(lambda: aws.client("sts", wrong).get_caller_identity(), "SignatureDoesNotMatch",
            "The request signature we calculated does not match")


def test_refuses_an_unknown_access_key(aws):
    unknown = ("AKIAUNKNOWN000000000", "x")
    refused(lambda: aws.client("sts", unknown).get_caller_identity(), "InvalidClientTokenId")


def test_refuses_a_session_token_of_another_session(aws):
    mixed = {**aws.database_role(), "SessionToken": aws.database_role()["SessionToken"]}
    refused(lambda: aws.client("sts", mixed).get_caller_identity(), "InvalidClientTokenId")


def test_refuses_temporary_credentials_without_their_token(aws):
    credentials = aws.database_role()
    bare = (credentials["AccessKeyId"], credentials["SecretAccessKey"])
    refused(lambda: aws.client("sts", bare).get_caller_identity(), "InvalidClientTokenId")


def test_refuses_a_revoked_session(aws):
    credentials = aws.database_role()
    aws.admin("POST", "expire", {"access_key_id": credentials["AccessKeyId"]})
    refused(lambda: aws.client("sts", credentials).get_caller_identity(), "ExpiredToken",
            "The security token included in the request is expired")


def test_refuses_an_expired_session(aws):
    credentials = aws.database_role()
    aws.shift_clock(3601)
    with signing_time(3601):
        refused(lambda: aws.client("sts", credentials).get_caller_identity(), "ExpiredToken")


@pytest.mark.parametrize("offset, text", [(-1000, "Signature expired"),
                                          (1000, "Signature not yet current")])
def test_refuses_a_stale_or_early_clock(aws, offset, text):
    with signing_time(offset):
        refused(lambda: aws.client("sts", names.SUPERSET_KEY).get_caller_identity(),
                "SignatureDoesNotMatch", text)
    with signing_time(offset / 2):
        assert aws.client("sts", names.SUPERSET_KEY).get_caller_identity()


def test_refuses_a_region_that_is_not_there(aws):
    refused(lambda: aws.client("sts", names.SUPERSET_KEY, "mars-north-1").get_caller_identity(),
            "SignatureDoesNotMatch", "Credential should be scoped to a valid region")


def test_never_logs_a_secret(aws):
    credentials = aws.database_role()
    token = aws.token(credentials)
    aws.ask(token)
    aws.ask(token[:-1] + "0")
    text = json.dumps(aws.admin("GET", "decisions")) + aws.log.read_text()
    for secret in (credentials["SecretAccessKey"], credentials["SessionToken"],
                   names.SUPERSET_KEY[1], token.rsplit("=", 1)[1]):
        assert secret not in text
