"""Policy evaluation, as pure functions; the expectations are the IAM User Guide's."""

import pytest

from aws import policy
from aws.conditions import PolicyError

USER = policy.Principal("arn:aws:iam::111111111111:user/u", "arn:aws:iam::111111111111:user/u",
                        "111111111111")
SESSION = policy.Principal("arn:aws:sts::111111111111:assumed-role/r/s",
                           "arn:aws:iam::111111111111:role/r", "111111111111")


def document(*statements, version="2012-10-17"):
    return {"Version": version, "Statement": list(statements)}


def statement(effect="Allow", action="s:Do", resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def allowed(*documents, action="s:Do", resource="arn:aws:s:r:1:x/y", **context):
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return policy.evaluate(documents, policy.Request(action, resource, keys)).allowed


def trusted(principal, element, **more):
    trust = document({"Effect": "Allow", "Principal": element, "Action": "sts:AssumeRole", **more})
    return policy.evaluate([trust], policy.Request("sts:AssumeRole", "", {}), principal).grants


def test_nothing_is_allowed_without_a_statement():
    assert not allowed()
    assert not allowed(document(statement(action="s:Other")))


def test_an_explicit_deny_wins_wherever_it_is():
    grant, deny = document(statement()), document(statement("Deny"))
    assert allowed(grant)
    assert not allowed(grant, deny) and not allowed(deny, grant)
    outcome = policy.evaluate([grant, document(statement("Deny", Sid="NoNoNo"))],
                              policy.Request("s:Do", "x"))
    assert outcome.explain() == "explicit deny in NoNoNo"


@pytest.mark.parametrize("pattern, action, expected", [
    ("s:Do", "s:do", True), ("s:*", "s:Do", True), ("*", "s:Do", True), ("s:D?", "s:Do", True),
    ("s:D?", "s:Doo", False), ("t:*", "s:Do", False), ("s.Do", "s:Do", False)])
def test_actions_match_with_wildcards_and_without_case(pattern, action, expected):
    assert allowed(document(statement(action=pattern)), action=action) is expected


@pytest.mark.parametrize("pattern, expected", [
    ("arn:aws:s:r:1:x/y", True), ("arn:aws:s:r:1:x/*", True), ("arn:aws:s:*:*:x/?", True),
    ("arn:aws:s:r:1:X/y", False), ("arn:aws:s:r:1:x", False), ("arn:aws:s:r:1:x/y*z", False)])
def test_resources_match_with_wildcards_and_case(pattern, expected):
    assert allowed(document(statement(resource=pattern))) is expected


def test_not_action_and_not_resource():
    assert allowed(document({"Effect": "Allow", "NotAction": "s:Other", "Resource": "*"}))
    assert not allowed(document({"Effect": "Allow", "NotAction": "s:*", "Resource": "*"}))
    assert not allowed(document({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s:*"}))
    assert allowed(document({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:t:*"}))


@pytest.mark.parametrize("condition, expected", [
    ({"StringEquals": {"k:A": "v"}}, True),
    ({"StringEquals": {"K:a": ["w", "v"]}}, True),
    ({"StringEquals": {"k:A": "V"}}, False),
    ({"StringEquals": {"k:A": "*"}}, False),
    ({"StringEquals": {"k:Absent": "v"}}, False),
    ({"StringEqualsIfExists": {"k:Absent": "v"}}, True),
    ({"StringEqualsIfExists": {"k:A": "w"}}, False),
    ({"StringNotEquals": {"k:A": "w"}}, True),
    ({"StringNotEquals": {"k:A": ["w", "v"]}}, False),
    ({"StringNotEquals": {"k:Absent": "v"}}, True),
    ({"StringEqualsIgnoreCase": {"k:A": "V"}}, True),
    ({"StringLike": {"k:A": "?"}}, True),
    ({"StringLike": {"k:A": "v?"}}, False),
    ({"StringNotLike": {"k:A": "v*"}}, False),
    ({"StringEquals": {"k:A": "v", "k:B": "x"}}, False),
    ({"StringEquals": {"k:A": "v"}, "Null": {"k:B": "false"}}, True),
    ({"Null": {"k:A": "true"}}, False),
    ({"Null": {"k:Absent": True}}, True),
    ({"Bool": {"k:Yes": "true"}}, True),
    ({"Bool": {"k:Yes": False}}, False),
    ({"ArnLike": {"k:Arn": "arn:aws:iam::*:role/*"}}, True),
    ({"ArnEquals": {"k:Arn": "arn:aws:iam::111111111111:role/x"}}, True),
    ({"ArnLike": {"k:Arn": "arn:*:role/x"}}, False),
    ({"ArnNotLike": {"k:Arn": "arn:aws:iam::2*:role/x"}}, True),
])
def test_conditions(condition, expected):
    context = {"k__A": "v", "k__B": "w", "k__Yes": "true",
               "k__Arn": "arn:aws:iam::111111111111:role/x"}
    assert allowed(document(statement(Condition=condition)), **context) is expected


@pytest.mark.parametrize("operator", ["NumericEquals", "DateLessThan", "IpAddress",
                                      "ForAnyValue:StringEquals", "BinaryEquals", "StringEqual",
                                      "NullIfExists"])
def test_an_operator_it_does_not_know_is_an_error_even_in_an_allow(operator):
    with pytest.raises(PolicyError, match="not supported"):
        allowed(document(statement(), statement(Condition={operator: {"k:A": "v"}})), k__A="v")


@pytest.mark.parametrize("broken", [
    {}, {"Statement": []}, {"Version": "2020-01-01", "Statement": [statement()]},
    document({"Effect": "Allow", "Action": "*"}), document(statement("allow")),
    document(statement(Principal="*")), document({**statement(), "NotAction": "x"}),
    document({**statement(), "Resources": "x"}), document(statement(action=[])), "*", None])
def test_refuses_what_is_no_policy(broken):
    with pytest.raises(PolicyError):
        policy.evaluate([broken], policy.Request("s:Do", "x"))


def test_policy_variables():
    grant = document(statement(resource="arn:aws:redshift:r:1:dbuser:c/${redshift:DbUser}"))
    named = "arn:aws:redshift:r:1:dbuser:c/ann"
    assert allowed(grant, resource=named, redshift__DbUser="ann")
    assert not allowed(grant, resource=named, redshift__DbUser="bob")
    assert not allowed(grant, resource=named)
    assert not allowed(grant, resource=named, redshift__DbUser="*")  # a value is literal
    defaulted = document(statement(resource="x/${k:A, 'd'}"))
    assert allowed(defaulted, resource="x/d") and not allowed(defaulted, resource="x/e")
    star = document(statement(resource="x/${*}"))
    assert allowed(star, resource="x/*") and not allowed(star, resource="x/y")


def test_policy_variables_are_text_in_the_old_version():
    old = document(statement(resource="x/${k:A}"), version="2008-10-17")
    assert not allowed(old, resource="x/v", k__A="v")
    assert allowed(old, resource="x/${k:A}", k__A="v")


@pytest.mark.parametrize("principal, element, expected", [
    (USER, {"AWS": USER.arn}, {policy.DIRECT}),
    (USER, {"AWS": ["arn:aws:iam::111111111111:user/v", USER.arn]}, {policy.DIRECT}),
    (USER, {"AWS": "arn:aws:iam::111111111111:user/v"}, set()),
    (USER, {"AWS": "111111111111"}, {policy.ACCOUNT}),
    (USER, {"AWS": "arn:aws:iam::111111111111:root"}, {policy.ACCOUNT}),
    (USER, {"AWS": "arn:aws:iam::222222222222:root"}, set()),
    (USER, "*", {policy.DIRECT}), (USER, {"AWS": "*"}, {policy.DIRECT}),
    (SESSION, {"AWS": "arn:aws:iam::111111111111:role/r"}, {policy.DIRECT}),
    (SESSION, {"AWS": SESSION.arn}, {policy.DIRECT}),
    (SESSION, {"AWS": "arn:aws:sts::111111111111:assumed-role/r/other"}, set()),
    (SESSION, {"Service": "ec2.amazonaws.com"}, set()),
    (USER, {"Federated": USER.arn}, set()),
])
def test_principals(principal, element, expected):
    assert trusted(principal, element) == expected


@pytest.mark.parametrize("element", [{"AWS": "arn:aws:iam::111111111111:user/*"},
                                     {"CanonicalUser": "x"}, {}, "arn:aws:iam::1:root"])
def test_refuses_a_principal_it_does_not_know(element):
    with pytest.raises(PolicyError):
        trusted(USER, element)


def test_the_reason_names_the_statement_that_got_furthest():
    grant = document(statement(action="s:Other"),
                     statement(Sid="Near", Condition={"StringEquals": {"k:A": "v"}}))
    outcome = policy.evaluate([grant], policy.Request("s:Do", "x", {"k:A": "w"}))
    assert outcome.explain() == (
        "Near: condition StringEquals k:A does not hold: the request has 'w'")
