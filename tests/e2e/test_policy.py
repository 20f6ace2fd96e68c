"""`rolegate policy`: with exactly what it prints and nothing else each kind logs in; with any of it missing, none does.

The lab's own IAM evaluation decides, on a world whose roles and users have no other policy.
"""

import json

import pytest
from aws import world as default

KINDS = ("aurora_postgresql", "aurora_mysql", "redshift_cluster", "redshift_serverless")
NOBODY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}]}


def resource_id(lab, kind):
    world = lab.world()
    if kind.startswith("aurora"):
        return world["databases"][kind]["resource_id"]
    return world["workgroups"]["my-workgroup"]["workgroup_id"] if kind == "redshift_serverless" else ""


def printed(lab, rolegate, database, kind, caller):
    identifier = resource_id(lab, kind)
    arguments = ["policy", database, "--format", "json", "--caller", caller]
    if identifier:
        arguments += ["--resource-id", identifier]
    answer = json.loads(rolegate.ok(*arguments))
    assert answer["notes"] == [], "a placeholder is left: nothing could log in with that"
    return answer


def grant(lab, kind, answer, left_out=None):
    """A world in which the printed policies are the only ones."""
    policies = {name: answer.get(name) if name != left_out else None
                for name in ("permission_policy", "trust_policy", "caller_policy")}
    world = lab.world()
    target = lab.kinds[kind]["role_arn"]
    roles = [{**role, "policies": [], "trust_policy": NOBODY} for role in world["roles"] if role["arn"] != target]
    roles.append({"arn": target, "max_session_duration": 43200, "trust_policy": policies["trust_policy"] or NOBODY,
                  "policies": [policies["permission_policy"]] if policies["permission_policy"] else []})
    users = [{**user, "policies": [policies["caller_policy"]] if policies["caller_policy"] else []} for user in world["users"]]
    lab.patch_world({"roles": roles, "users": users})


@pytest.mark.parametrize("kind", KINDS)
def test_cross_account_needs_all_three_and_nothing_else(lab, rolegate, kind):
    database = f"{kind}_cross_account"
    answer = printed(lab, rolegate, database, kind, default.SUPERSET_USER)
    grant(lab, kind, answer)
    assert rolegate.rows(database, "SELECT 1 AS one") == [{"one": 1}]
    for name in ("permission_policy", "trust_policy", "caller_policy"):
        lab.reset()
        grant(lab, kind, answer, left_out=name)
        assert not rolegate.walk(database)["ok"], f"logs in without the {name}"


@pytest.mark.parametrize("kind", KINDS)
def test_same_account_needs_the_callers_policy(lab, rolegate, kind):
    database = f"{kind}_same_account"
    answer = printed(lab, rolegate, database, kind, default.OWNER_USER)
    assert "trust_policy" not in answer and "permission_policy" not in answer
    grant(lab, kind, answer)
    assert rolegate.rows(database, "SELECT 1 AS one", profile="same-account") == [{"one": 1}]
    lab.reset()
    grant(lab, kind, answer, left_out="caller_policy")
    assert not rolegate.walk(database, profile="same-account")["ok"]


@pytest.mark.parametrize("kind", ("redshift_cluster", "redshift_serverless"))
def test_the_endpoint_lookup_is_granted_when_the_uri_has_no_host(lab, rolegate, kind):
    port = lab.kinds[kind]["connect_port"]
    config = rolegate.config(rolegate.database(
        f"{kind}_cross_account", uri=f"redshift:///dev?connect_to=127.0.0.1:{port}&sslrootcert={lab.ca}"))
    identifier = resource_id(lab, kind)
    answer = json.loads(rolegate.ok("policy", "db", "--format", "json", "--caller", default.SUPERSET_USER,
                                    *(["--resource-id", identifier] if identifier else []), config=config))
    grant(lab, kind, answer)
    assert rolegate.rows("db", "SELECT 1 AS one", config=config) == [{"one": 1}]


def test_the_statements_create_a_user_that_can_log_in(lab, rolegate):
    """An administrator runs the PostgreSQL statements as they are printed; the user they make logs in."""
    user = 'new "user"'
    config = rolegate.config(rolegate.database("aurora_postgresql_cross_account", db_username=user))
    sql = rolegate.ok("policy", "db", "--format", "sql", config=config)
    world = lab.world()
    target = world["databases"]["aurora_postgresql"]
    grant_user = default.allow("rds-db:connect", f"arn:aws:rds-db:{target['region']}:{target['account']}:dbuser:{target['resource_id']}/{user}")
    lab.patch_world({"roles": [{**role, "policies": [*role["policies"], grant_user]} for role in world["roles"]]})
    assert not rolegate.walk("db", config=config)["ok"]
    rolegate.ok("query", "aurora_postgresql_password", sql)
    try:
        assert rolegate.rows("db", "SELECT session_user AS who", config=config) == [{"who": user}]
    finally:
        rolegate.ok("query", "aurora_postgresql_password", 'DROP USER "new ""user"""')


@pytest.mark.parametrize("form", ("text", "json", "terraform", "cloudformation", "sql"))
def test_every_format_prints(rolegate, form):
    assert rolegate.ok("policy", "aurora_postgresql_cross_account", "--format", form).strip()


def test_placeholders_say_where_to_find_the_value(rolegate):
    out = rolegate.ok("policy", "aurora_postgresql_cross_account")
    assert "cluster-RESOURCE_ID" in out and "aws rds describe-db-clusters" in out and "CALLER_ARN" in out
