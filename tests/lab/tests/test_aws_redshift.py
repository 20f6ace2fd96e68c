"""Redshift and Redshift Serverless of the lab, asked by boto3."""

import pytest
from botocore.exceptions import ClientError

from aws_fixture import names


@pytest.fixture
def credentials(aws):
    return aws.assume(names.REDSHIFT_ROLE)


@pytest.fixture
def cluster(aws, credentials):
    return aws.client("redshift", credentials)


@pytest.fixture
def serverless(aws, credentials):
    return aws.client("redshift-serverless", credentials)


def password(cluster, **parameters):
    parameters = {"DbUser": "superset_iam_user", "DbName": "dev",
                  "ClusterIdentifier": "my-cluster", **parameters}
    return cluster.get_cluster_credentials(**parameters)


def refused(call, code, *fragments):
    with pytest.raises(ClientError) as problem:
        call()
    assert problem.value.response["Error"]["Code"] == code, problem.value
    for fragment in fragments:
        assert fragment in problem.value.response["Error"]["Message"]


def test_a_temporary_password_logs_in(aws, cluster):
    answer = password(cluster)
    assert answer["DbUser"] == "IAM:superset_iam_user"
    assert answer["Expiration"].timestamp() == pytest.approx(
        aws.admin("GET", "clock")["now"] + 900, abs=10)
    assert aws.ask(answer["DbPassword"], answer["DbUser"], "redshift") == "allow\n"
    entry = aws.decision()
    assert (entry["operation"], entry["user"]) == ("redshift:login", "IAM:superset_iam_user")
    assert entry["chain"] == ["user superset", "sts:AssumeRole SupersetRedshiftAccess"]
    assert answer["DbPassword"] not in aws.log.read_text()


def test_auto_create_and_groups(cluster):
    answer = password(cluster, AutoCreate=True, DbGroups=["analysts"], DurationSeconds=3600)
    assert answer["DbUser"] == "IAMA:superset_iam_user"
    refused(lambda: password(cluster, DbGroups=["admins"]), "AccessDenied",
            "redshift:JoinGroup on resource: "
            "arn:aws:redshift:us-east-1:222222222222:dbgroup:my-cluster/admins")
    refused(lambda: password(cluster, DbGroups=["Analysts"]), "InvalidParameterValue")


def test_auto_create_needs_its_own_permission(aws, cluster):
    world = aws.admin("GET", "world")
    role = next(role for role in world["roles"] if role["arn"] == names.REDSHIFT_ROLE)
    role["policies"] = [names.allow("redshift:GetClusterCredentials", "*")]
    aws.admin("PUT", "world", world)
    assert password(cluster)
    refused(lambda: password(cluster, AutoCreate=True), "AccessDenied",
            "redshift:CreateClusterUser")


def test_succeeds_for_a_user_that_does_not_exist(aws, cluster):
    world = aws.admin("GET", "world")
    role = next(role for role in world["roles"] if role["arn"] == names.REDSHIFT_ROLE)
    role["policies"] = [names.allow("redshift:GetClusterCredentials", "*")]
    aws.admin("PUT", "world", world)
    assert password(cluster, DbUser="nobody_made_me")["DbUser"] == "IAM:nobody_made_me"


@pytest.mark.parametrize("parameters, resource", [
    ({"DbUser": "admin"}, "dbuser:my-cluster/admin"),
    ({"DbName": "prod"}, "dbname:my-cluster/prod"),
    ({"ClusterIdentifier": "other"}, "dbuser:other/superset_iam_user"),
])
def test_refuses_what_no_policy_allows(cluster, parameters, resource):
    refused(lambda: password(cluster, **parameters), "AccessDenied",
            f"arn:aws:redshift:us-east-1:222222222222:{resource}",
            "because no identity-based policy allows")


@pytest.mark.parametrize("parameters", [
    {"DurationSeconds": 899}, {"DurationSeconds": 3601}, {"DbUser": "a:b"}, {"DbUser": "PUBLIC"},
    {"DbUser": "1st"}, {"DbName": "a/b"}])
def test_refuses_bad_parameters(cluster, parameters):
    refused(lambda: password(cluster, **parameters), "InvalidParameterValue")


def test_describes_a_cluster(cluster):
    found = cluster.describe_clusters(ClusterIdentifier="my-cluster")["Clusters"][0]
    assert found["Endpoint"] == {"Address": names.CLUSTER["host"], "Port": 5439}
    assert found["ClusterStatus"] == "available"
    refused(lambda: cluster.describe_clusters(ClusterIdentifier="other"), "AccessDenied")


def test_sees_its_own_account_and_region_only(aws, credentials):
    world = aws.admin("GET", "world")
    for entity in world["users"] + world["roles"]:
        entity["policies"].append(names.allow("redshift*:*", "*"))
    aws.admin("PUT", "world", world)
    for caller, region in ((names.SUPERSET_KEY, "us-east-1"), (credentials, "eu-west-1")):
        client = aws.client("redshift", caller, region)
        refused(lambda: password(client), "ClusterNotFound", "Cluster my-cluster not found.")
        refused(lambda: client.describe_clusters(ClusterIdentifier="my-cluster"),
                "ClusterNotFound")
        assert client.describe_clusters()["Clusters"] == []
        refused(lambda: aws.client("redshift-serverless", caller, region).get_workgroup(
            workgroupName="my-workgroup"), "ResourceNotFoundException")


def test_a_serverless_password_logs_in_as_the_role(aws, serverless):
    answer = serverless.get_credentials(workgroupName="my-workgroup", dbName="dev",
                                        durationSeconds=1800)
    assert answer["dbUser"] == "IAMR:SupersetRedshiftAccess"
    assert answer["nextRefreshTime"] < answer["expiration"]
    assert aws.ask(answer["dbPassword"], answer["dbUser"], "redshift") == "allow\n"


def test_a_serverless_password_of_a_user(aws):
    client = aws.client("redshift-serverless", names.OWNER_KEY)
    assert client.get_credentials(workgroupName="my-workgroup")["dbUser"] == "IAM:reports"


def test_describes_a_workgroup(serverless):
    found = serverless.get_workgroup(workgroupName="my-workgroup")["workgroup"]
    assert found["endpoint"]["address"] == names.WORKGROUP["host"]
    assert found["endpoint"]["port"] == 5439
    assert found["workgroupArn"].endswith(f"workgroup/{names.WORKGROUP_ID}")


def test_serverless_says_no_in_json(aws, serverless):
    refused(lambda: serverless.get_credentials(workgroupName="elsewhere"),
            "ResourceNotFoundException")
    refused(lambda: serverless.get_credentials(workgroupName="my-workgroup", durationSeconds=899),
            "ValidationException")
    refused(lambda: aws.client("redshift-serverless", aws.database_role()).get_credentials(
        workgroupName="my-workgroup"), "AccessDeniedException", "redshift-serverless:GetCredentials")
    wrong = (names.OWNER_KEY[0], "wrong")
    refused(lambda: aws.client("redshift-serverless", wrong).get_credentials(
        workgroupName="my-workgroup"), "InvalidSignatureException")
    unknown = ("AKIAUNKNOWN000000000", "x")
    refused(lambda: aws.client("redshift-serverless", unknown).get_credentials(
        workgroupName="my-workgroup"), "UnrecognizedClientException")


def test_a_login_needs_the_very_user_and_password(aws, cluster):
    answer = password(cluster)
    user, secret = answer["DbUser"], answer["DbPassword"]
    for asked_user, asked_secret, database, fragment in (
            (user, secret + "x", "redshift", "no such temporary password"),
            ("superset_iam_user", secret, "redshift", "the password is for user 'IAM:"),
            ("IAMA:superset_iam_user", secret, "redshift", "the password is for user 'IAM:"),
            (user, secret, "aurora_postgresql", "not a token")):
        assert fragment in aws.ask(asked_secret, asked_user, database)


def test_a_login_needs_its_own_cluster(aws, cluster):
    answer = password(cluster)
    world = aws.admin("GET", "world")
    world["databases"]["redshift"]["clusters"] = []
    aws.admin("PUT", "world", world)
    assert "not this database" in aws.ask(answer["DbPassword"], answer["DbUser"], "redshift")


def test_a_temporary_password_ends(aws, cluster):
    answer = password(cluster)
    aws.shift_clock(895)
    assert aws.ask(answer["DbPassword"], answer["DbUser"], "redshift") == "allow\n"
    aws.shift_clock(901)
    assert "expired" in aws.ask(answer["DbPassword"], answer["DbUser"], "redshift")


def test_a_temporary_password_can_be_withdrawn(aws, cluster):
    answer = password(cluster)
    assert aws.admin("POST", "expire", {"redshift_logins": True}) == {"expired": 1}
    assert aws.ask(answer["DbPassword"], answer["DbUser"], "redshift").startswith("deny ")
