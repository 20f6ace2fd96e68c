"""Amazon Redshift, provisioned: GetClusterCredentials and DescribeClusters.

Redshift API Reference (2012-12-01) and Management Guide, "Using IAM
authentication to generate database user credentials".
"""

import re

from .authorize import identity_allows
from .clock import iso8601
from .errors import AwsError
from .query import expect_parameters, number
from .world_model import partition

NAMESPACE = "http://redshift.amazonaws.com/doc/2012-12-01/"
VERSION = "2012-12-01"
UNSIGNED = ()
_NAME = r"[A-Za-z][A-Za-z0-9_+.@-]{0,63}"
_GROUP = r"[a-z][a-z0-9_+.@-]{0,63}"
_FLAGS = {"true": True, "false": False}


def get_cluster_credentials(call):
    parameters = call.parameters
    expect_parameters(parameters, {"Action", "Version", "DbUser", "DbName", "ClusterIdentifier",
                                   "DurationSeconds", "AutoCreate", "DbGroups."})
    user, cluster = (_required(parameters, name) for name in ("DbUser", "ClusterIdentifier"))
    call.user, call.database = user, cluster
    database = parameters.get("DbName")
    _check_name("DbUser", user, _NAME)
    if user.upper() == "PUBLIC":
        raise _invalid("The DbUser value cannot be PUBLIC.")
    if database is not None:
        _check_name("DbName", database, _NAME)
    groups = _groups(parameters)
    duration = number(parameters, "DurationSeconds", 900)
    if not 900 <= duration <= 3600:
        raise _invalid("The DurationSeconds value must be between 900 and 3600.")
    auto_create = _FLAGS.get(parameters.get("AutoCreate", "false").lower())
    if auto_create is None:
        raise AwsError("MalformedInput", "AutoCreate is not a boolean")
    _check_permissions(call, cluster, user, database, groups, auto_create)
    _find(call, cluster)
    login = ("IAMA:" if auto_create else "IAM:") + user
    password, expiration = call.lab.logins.issue("clusters", cluster, login, duration,
                                                 call.identity)
    return {"DbUser": login, "DbPassword": password, "Expiration": iso8601(expiration)}


def describe_clusters(call):
    parameters = call.parameters
    expect_parameters(parameters, {"Action", "Version", "ClusterIdentifier", "MaxRecords"})
    wanted = parameters.get("ClusterIdentifier")
    call.database = wanted
    _require(call, "DescribeClusters", f"cluster:{wanted or '*'}")
    if wanted is not None:
        _find(call, wanted)
    names = [name for name, cluster in call.lab.world.section("clusters", {}).items()
             if wanted in (None, name) and _here(call, cluster)]
    return {"Clusters": {"Cluster": [_describe(call, name) for name in names]}}


OPERATIONS = {"GetClusterCredentials": get_cluster_credentials,
              "DescribeClusters": describe_clusters}


def _check_permissions(call, cluster, user, database, groups, auto_create):
    """Management Guide, "Create an IAM role with permissions to call GetClusterCredentials"."""
    context = {"redshift:DbUser": user}
    if database is not None:
        context["redshift:DbName"] = database
    _require(call, "GetClusterCredentials", f"dbuser:{cluster}/{user}", context)
    if database is not None:
        _require(call, "GetClusterCredentials", f"dbname:{cluster}/{database}", context)
    if auto_create:
        _require(call, "CreateClusterUser", f"dbuser:{cluster}/{user}", context)
    for group in groups:
        _require(call, "JoinGroup", f"dbgroup:{cluster}/{group}", context)


def _require(call, action, resource, context=None):
    action = f"redshift:{action}"
    arn = (f"arn:{partition(call.region)}:redshift:{call.region}:{call.identity.account}"
           f":{resource}")
    verdict = identity_allows(call.lab.world, call.identity, action, arn,
                              {"aws:RequestedRegion": call.region, **(context or {})})
    if not verdict.allowed:
        how = ("with an explicit deny in an identity-based policy" if verdict.explicit_deny
               else f"because no identity-based policy allows the {action} action")
        raise AwsError("AccessDenied", f"User: {call.identity.arn} is not authorized to perform: "
                       f"{action} on resource: {arn} {how}", 403, verdict.reason)


def _find(call, name):
    cluster = call.lab.world.section("clusters", {}).get(name)
    if cluster is None or not _here(call, cluster):
        raise AwsError("ClusterNotFound", f"Cluster {name} not found.", 404)
    return cluster


def _here(call, cluster):
    """An API call sees its own account and region only."""
    return (cluster["account"], cluster["region"]) == (call.identity.account, call.region)


def _describe(call, name):
    cluster = call.lab.world.section("clusters")[name]
    return {"ClusterIdentifier": name, "NodeType": "ra3.large", "ClusterStatus": "available",
            "ClusterAvailabilityStatus": "Available", "MasterUsername": "awsuser",
            "DBName": (cluster.get("databases") or ["dev"])[0],
            "Endpoint": {"Address": cluster["host"], "Port": cluster["port"]},
            "PubliclyAccessible": False, "Encrypted": True, "NumberOfNodes": 1}


def _groups(parameters):
    numbered = {}
    for key, value in parameters.items():
        if key.startswith("DbGroups."):
            found = re.fullmatch(r"DbGroups\.DbGroup\.([1-9][0-9]*)", key)
            if found is None:
                raise AwsError("InvalidQueryParameter", f"The lab knows no parameter named {key}")
            numbered[int(found[1])] = value
    groups = [numbered[index] for index in sorted(numbered)]
    for group in groups:
        _check_name("DbGroups", group, _GROUP)
    return groups


def _required(parameters, name):
    if not parameters.get(name):
        raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")
    return parameters[name]


def _check_name(field, value, pattern):
    if not re.fullmatch(pattern, value):
        raise _invalid(f"The {field} value '{value}' is not valid.")


def _invalid(message):
    return AwsError("InvalidParameterValue", message)
