"""Where base credentials come from: each source of the chain logs in, and the decision log names it."""

import datetime
import hashlib
import json
import stat

import pytest
from aws import world as default
from program import made_calls

DATABASE = "aurora_postgresql_cross_account"
NO_PROFILE = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def log_in(lab, rolegate, database=DATABASE, **options):
    """Logs in and gives the chain by which the credentials that signed the token came to be."""
    assert rolegate.rows(database, "SELECT 1 AS one", **options) == [{"one": 1}]
    return [entry for entry in lab.decisions() if entry["operation"] == "rds-db:connect"][-1]["chain"]


def write_profiles(rolegate, text, credentials=""):
    config = rolegate.folder / "aws-config"
    config.write_text(text, encoding="utf-8")
    shared = rolegate.folder / "aws-credentials"
    shared.write_text(credentials, encoding="utf-8")
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(shared)}


@pytest.fixture
def nothing(rolegate):
    """An environment in which no file of this machine gives credentials."""
    return {**write_profiles(rolegate, ""), "HOME": str(rolegate.folder)}


def superset_keys(name="default"):
    key, secret = default.SUPERSET_KEY
    return f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"


def test_static_keys_of_the_environment(lab, rolegate, nothing):
    key, secret = default.SUPERSET_KEY
    chain = log_in(lab, rolegate, without=("AWS_PROFILE",),
                   environment={**nothing, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    assert "superset" in chain[0]


def test_same_account_with_static_keys(lab, rolegate, nothing):
    key, secret = default.OWNER_KEY
    chain = log_in(lab, rolegate, database="aurora_postgresql_same_account", without=("AWS_PROFILE",),
                   environment={**nothing, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    assert len(chain) == 1 and "reports" in chain[0]


def test_profile_chain(lab, rolegate):
    files = write_profiles(rolegate, f"""
[profile second]
role_arn = {default.SECOND_HOP}
source_profile = first
region = eu-west-1
[profile first]
role_arn = {default.FIRST_HOP}
source_profile = keys
region = eu-west-1
""", superset_keys("keys"))
    chain = log_in(lab, rolegate, profile="second", environment=files)
    assert [part.split("/")[-1].split()[-1] for part in chain][1:] == \
        ["SupersetFirstHop", "SupersetSecondHop", "SupersetDatabaseAccess"]
    assert lab.calls()["sts:AssumeRole"] == 3


def test_profile_loop_is_named(lab, rolegate):
    files = write_profiles(rolegate, f"""
[profile a]
role_arn = {default.FIRST_HOP}
source_profile = b
[profile b]
role_arn = {default.SECOND_HOP}
source_profile = a
""")
    error = rolegate.failure(DATABASE, profile="a", environment=files)
    assert error["step"] == "base_credentials"
    assert "a" in error["message"] and "b" in error["message"] and "loop" in error["message"].lower()
    assert made_calls(lab) == {}


def test_web_identity(lab, rolegate, nothing):
    token = rolegate.folder / "token"
    token.write_text(default.WEB_IDENTITY_TOKEN, encoding="utf-8")
    chain = log_in(lab, rolegate, without=("AWS_PROFILE",), environment={
        **nothing, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": default.INSTANCE_ROLE})
    assert "SupersetInstanceRole" in " ".join(chain)
    assert lab.calls()["sts:AssumeRoleWithWebIdentity"] == 1


def test_container_with_token_file(lab, rolegate, nothing):
    token = rolegate.folder / "authorization"
    token.write_text(default.CONTAINER_AUTHORIZATION, encoding="utf-8")
    chain = log_in(lab, rolegate, without=("AWS_PROFILE",), environment={
        **nothing, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{lab.endpoint}/v2/credentials/1",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})
    assert "container SupersetInstanceRole" in chain


def test_imds(lab, rolegate, nothing):
    chain = log_in(lab, rolegate, without=("AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"), environment={
        **nothing, "AWS_EC2_METADATA_SERVICE_ENDPOINT": lab.endpoint})
    assert "imds SupersetInstanceRole" in chain
    assert lab.calls()["imds:token"] >= 1


def test_credential_process(lab, rolegate):
    key, secret = default.SUPERSET_KEY
    program = rolegate.folder / "give keys"
    program.write_text("#!/bin/sh\necho '" + json.dumps(
        {"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret}) + "'\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    files = write_profiles(rolegate, f'[profile process]\ncredential_process = "{program}" --for "two words"\n')
    assert "superset" in log_in(lab, rolegate, profile="process", environment=files)[0]


def test_sso_with_cached_token(lab, rolegate):
    start_url = "https://superset.awsapps.com/start"
    cache = rolegate.folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)
    name = hashlib.sha1(start_url.encode()).hexdigest() + ".json"
    (cache / name).write_text(json.dumps({
        "startUrl": start_url, "region": "eu-west-1", "accessToken": default.SSO_TOKEN,
        "expiresAt": later.strftime("%Y-%m-%dT%H:%M:%SZ")}), encoding="utf-8")
    files = write_profiles(rolegate, f"""
[profile sso]
sso_start_url = {start_url}
sso_region = eu-west-1
sso_account_id = {default.CALLER}
sso_role_name = SupersetInstanceRole
""")
    chain = log_in(lab, rolegate, profile="sso", environment={**files, "HOME": str(rolegate.folder)})
    assert "sso SupersetInstanceRole" in chain


def test_no_credentials_lists_what_was_tried(lab, rolegate, nothing):
    error = rolegate.failure(DATABASE, without=("AWS_PROFILE",), environment=nothing)
    assert error["code"] == "no_credentials"
    text = error["message"].lower()
    for provider in ("environment", "web identity", "container", "imds"):
        assert provider in text, error["message"]
    assert made_calls(lab) == {}


@pytest.mark.parametrize("line", [
    "source_profile = other", "credential_source = Ec2InstanceMetadata", "sso_session = corp",
    "sso_start_url = https://x.awsapps.com/start", "aws_secret_access_key = x", "login_session = x"])
def test_half_a_profile_is_not_the_machines_role(lab, rolegate, line):
    files = write_profiles(rolegate, f"[profile half]\nregion = eu-west-1\n{line}\n")
    error = rolegate.failure(DATABASE, profile="half", without=("AWS_EC2_METADATA_DISABLED",),
                             environment={**files, "AWS_EC2_METADATA_SERVICE_ENDPOINT": lab.endpoint})
    assert (error["step"], error["code"]) == ("base_credentials", "credentials_invalid")
    assert line.split(" ")[0] in error["message"]
    assert made_calls(lab) == {}


def test_endpoints_that_the_profile_sets(lab, rolegate):
    files = write_profiles(rolegate, f"""
[profile own]
services = lab
endpoint_url = http://127.0.0.1:1
[services lab]
sts =
  endpoint_url = {lab.endpoint}
""", superset_keys("own"))
    assert "superset" in log_in(lab, rolegate, profile="own", without=("AWS_ENDPOINT_URL",), environment=files)[0]
    assert lab.calls()["sts:AssumeRole"] == 1
