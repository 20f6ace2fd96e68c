"""The default world: two accounts, the caller's and the databases'.

Account 111111111111 runs the caller: user `superset` with static keys, and role
SupersetInstanceRole, which IMDS, the container endpoint, web identity and SSO
give out.  Account 222222222222 owns the databases.  Names are the seed
document's, so that its examples work as they stand.
"""

CALLER = "111111111111"
OWNER = "222222222222"
EXTERNAL_ID = "superset-prod-12345"

SUPERSET_USER = f"arn:aws:iam::{CALLER}:user/superset"
INSTANCE_ROLE = f"arn:aws:iam::{CALLER}:role/SupersetInstanceRole"
FIRST_HOP = f"arn:aws:iam::{CALLER}:role/SupersetFirstHop"
SECOND_HOP = f"arn:aws:iam::{CALLER}:role/SupersetSecondHop"
OWNER_USER = f"arn:aws:iam::{OWNER}:user/reports"
OWNER_ROLE = f"arn:aws:iam::{OWNER}:role/ReportsDatabaseAccess"
DATABASE_ROLE = f"arn:aws:iam::{OWNER}:role/SupersetDatabaseAccess"
REDSHIFT_ROLE = f"arn:aws:iam::{OWNER}:role/SupersetRedshiftAccess"
OIDC_PROVIDER = f"arn:aws:iam::{CALLER}:oidc-provider/oidc.example"

# Access for tests only; the shapes are AWS's, the values mean nothing elsewhere.
SUPERSET_KEY = ("AKIALABSUPERSET00001", "labSupersetSecret/+000000000000000000001")
OWNER_KEY = ("AKIALABREPORTS000001", "labReportsSecret/+0000000000000000000001")
WEB_IDENTITY_TOKEN = "lab.web-identity.superset"
WEB_IDENTITY_SUBJECT = "system:serviceaccount:superset:superset"
SSO_TOKEN = "lab-sso-access-token"
CONTAINER_AUTHORIZATION = "lab-container-authorization"

DB_USERS = ("app_rw", "superset_iam_user")
WORKGROUP_ID = "4f1b2c3d-0000-4000-8000-0123456789ab"

AURORA_POSTGRESQL = {"host": "orders.cluster-abc.eu-west-1.rds.amazonaws.com", "port": 5432,
                     "region": "eu-west-1", "resource_id": "cluster-ABCDEFGHIJKL"}
# The same server under the seed's region, so that its first example is usable too.
AURORA_POSTGRESQL_US = {"host": "orders.cluster-abc.us-east-1.rds.amazonaws.com",
                        "region": "us-east-1", "resource_id": "cluster-USABCDEFGHIJ"}
AURORA_MYSQL = {"host": "shop.cluster-def.us-east-1.rds.amazonaws.com", "port": 3306,
                "region": "us-east-1", "resource_id": "cluster-MNOPQRSTUVWX"}
CLUSTER = {"host": "my-cluster.abc123.us-east-1.redshift.amazonaws.com", "port": 5439,
           "region": "us-east-1"}
WORKGROUP = {"host": f"my-workgroup.{OWNER}.us-east-1.redshift-serverless.amazonaws.com",
             "port": 5439, "region": "us-east-1"}


def default_world(aurora_postgresql=None, aurora_mysql=None, cluster=None, workgroup=None):
    """The document.  Each argument overrides host, port, region, resource_id.

    Host and port are what a token must name and what DescribeClusters and
    GetWorkgroup answer, not where the lab's server listens (see connect_to).
    """
    postgresql = {"kind": "rds", "account": OWNER, **AURORA_POSTGRESQL,
                  **(aurora_postgresql or {})}
    postgresql["endpoints"] = [
        {"host": postgresql["host"].replace(".cluster-", ".cluster-ro-")},
        AURORA_POSTGRESQL_US]
    mysql = {"kind": "rds", "account": OWNER, **AURORA_MYSQL, **(aurora_mysql or {})}
    cluster = {"account": OWNER, "databases": ["dev"], **CLUSTER, **(cluster or {})}
    workgroup = {"account": OWNER, "workgroup_id": WORKGROUP_ID, "namespace": "my-namespace",
                 **WORKGROUP, **(workgroup or {})}
    connect = allow("rds-db:connect", [
        f"arn:aws:rds-db:{db['region']}:{OWNER}:dbuser:{db['resource_id']}/{user}"
        for db in (postgresql, AURORA_POSTGRESQL_US, mysql) for user in DB_USERS])
    return {
        "users": [
            _user(SUPERSET_USER, SUPERSET_KEY, [_caller_grant(FIRST_HOP)]),
            _user(OWNER_USER, OWNER_KEY, [
                connect, _redshift_grant(cluster, workgroup)]),
        ],
        "roles": [
            _role(INSTANCE_ROLE, trust_web_identity(), [_caller_grant(FIRST_HOP)]),
            _role(FIRST_HOP, trust([SUPERSET_USER, INSTANCE_ROLE]), [_caller_grant(SECOND_HOP)]),
            _role(SECOND_HOP, trust([FIRST_HOP]), [_caller_grant()]),
            _role(DATABASE_ROLE, trust(
                [SUPERSET_USER, INSTANCE_ROLE, FIRST_HOP, SECOND_HOP], EXTERNAL_ID), [connect]),
            _role(REDSHIFT_ROLE, trust([SUPERSET_USER, INSTANCE_ROLE, FIRST_HOP, SECOND_HOP]),
                  [_redshift_grant(cluster, workgroup)]),
            _role(OWNER_ROLE, trust([OWNER_USER]), [connect]),
        ],
        "web_identity": [{"provider_arn": OIDC_PROVIDER, "tokens": {
            WEB_IDENTITY_TOKEN: {"sub": WEB_IDENTITY_SUBJECT, "aud": "sts.amazonaws.com"}}}],
        "sso": {SSO_TOKEN: {"account_id": CALLER, "role_name": "SupersetInstanceRole",
                            "role_arn": INSTANCE_ROLE}},
        "imds": {"role_arn": INSTANCE_ROLE, "hop_limit_blocks_v2": False, "v2_only": True},
        "container": {"role_arn": INSTANCE_ROLE,
                      "authorization_token": CONTAINER_AUTHORIZATION},
        "clusters": {"my-cluster": cluster},
        "workgroups": {"my-workgroup": workgroup},
        "databases": {
            "aurora_postgresql": postgresql,
            "aurora_mysql": mysql,
            "redshift": {"kind": "redshift", "region": cluster["region"], "account": OWNER,
                         "clusters": ["my-cluster"], "workgroups": ["my-workgroup"]},
        },
        "regions": ["eu-west-1", "us-east-1"],
    }


def allow(action, resource):
    """An identity policy with one statement."""
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]}


def trust(principals, external_id=None):
    """A trust policy for AWS principals, as in the seed document."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}
    if external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust_web_identity():
    """As in "Configuring a role for OIDC federation": subject and audience pinned.

    The second statement is what lets EC2, ECS and SSO hand the role out; the
    lab's metadata services do not evaluate it.
    """
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": OIDC_PROVIDER},
         "Action": "sts:AssumeRoleWithWebIdentity",
         "Condition": {"StringEquals": {"oidc.example:sub": WEB_IDENTITY_SUBJECT,
                                        "oidc.example:aud": "sts.amazonaws.com"}}},
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
         "Action": "sts:AssumeRole"}]}


def _user(arn, key, policies):
    return {"arn": arn, "access_key_id": key[0], "secret_access_key": key[1],
            "policies": policies}


def _role(arn, trust_policy, policies):
    return {"arn": arn, "trust_policy": trust_policy, "policies": policies,
            "max_session_duration": 43200}


def _caller_grant(*further):
    return allow("sts:AssumeRole", [DATABASE_ROLE, REDSHIFT_ROLE, *further])


def _redshift_grant(cluster, workgroup):
    prefix = f"arn:aws:redshift:{cluster['region']}:{OWNER}"
    users = [f"{prefix}:dbuser:my-cluster/{user}" for user in DB_USERS]
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "redshift:GetClusterCredentials",
         "Resource": users + [f"{prefix}:dbname:my-cluster/dev"]},
        {"Effect": "Allow", "Action": "redshift:CreateClusterUser", "Resource": users},
        {"Effect": "Allow", "Action": "redshift:JoinGroup",
         "Resource": f"{prefix}:dbgroup:my-cluster/analysts"},
        {"Effect": "Allow", "Action": "redshift:DescribeClusters",
         "Resource": f"{prefix}:cluster:my-cluster"},
        {"Effect": "Allow",
         "Action": ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"],
         "Resource": f"arn:aws:redshift-serverless:{workgroup['region']}:{OWNER}"
                     f":workgroup/{workgroup['workgroup_id']}"}]}
