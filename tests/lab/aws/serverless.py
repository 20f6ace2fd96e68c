"""Amazon Redshift Serverless: GetCredentials and GetWorkgroup (AWS JSON 1.1).

Redshift Serverless API Reference, pages of the same names.
"""

import json
import re

from .authorize import identity_allows
from .errors import AwsError, validation_error
from .messages import json_response
from .world_model import partition

TARGET_PREFIX = "RedshiftServerless."
CONTENT_TYPE = "application/x-amz-json-1.1"


def get_credentials(call):
    members = _members(call.body, {"workgroupName": str, "dbName": str, "durationSeconds": int})
    name, workgroup = _workgroup(call, members)
    call.database = name
    duration = members.get("durationSeconds", 900)
    if not 900 <= duration <= 3600:
        raise validation_error("durationSeconds must be between 900 and 3600")
    context = {"redshift-serverless:dbName": members["dbName"]} if "dbName" in members else {}
    _require(call, "GetCredentials", workgroup, context)
    # "Redshift Serverless: connecting with IAM": the role or user is the database user.
    user = ("IAMR:" if call.identity.is_role else "IAM:") + call.identity.name
    call.user = user
    password, expiration = call.lab.logins.issue("workgroups", name, user, duration,
                                                 call.identity)
    return {"dbUser": user, "dbPassword": password, "expiration": float(expiration),
            "nextRefreshTime": float(expiration - duration // 4)}


def get_workgroup(call):
    members = _members(call.body, {"workgroupName": str})
    name, workgroup = _workgroup(call, members)
    call.database = name
    _require(call, "GetWorkgroup", workgroup, {})
    return {"workgroup": {
        "workgroupName": name, "workgroupId": workgroup["workgroup_id"],
        "workgroupArn": _arn(workgroup), "namespaceName": workgroup.get("namespace"),
        "status": "AVAILABLE", "publiclyAccessible": False, "enhancedVpcRouting": False,
        "endpoint": {"address": workgroup["host"], "port": workgroup["port"],
                     "vpcEndpoints": []}}}


OPERATIONS = {"GetCredentials": get_credentials, "GetWorkgroup": get_workgroup}


def success(value):
    return json_response(200, value, CONTENT_TYPE)


def failure(error):
    return json_response(error.json_status(),
                         {"__type": error.json_code(), "message": error.message}, CONTENT_TYPE,
                         {"x-amzn-ErrorType": error.json_code()})


def malformed():
    answer = json_response(200, {}, CONTENT_TYPE)
    answer.body = b'{"dbUser": "IAMR:x", "dbPass'
    return answer


def _members(body, types):
    try:
        members = json.loads(body)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise AwsError("SerializationException", "the body is not a JSON object")
    for name, value in members.items():
        if name not in types:
            raise validation_error(f"The lab knows no member named {name}")
        if not isinstance(value, types[name]) or isinstance(value, bool):
            raise AwsError("SerializationException", f"{name} has the wrong type")
    return members


def _workgroup(call, members):
    name = members.get("workgroupName")
    if name is None:
        raise validation_error("1 validation error detected: Value null at 'workgroupName' failed "
                               "to satisfy constraint: Member must not be null")
    if not re.fullmatch(r"[a-z0-9-]{3,64}", name):
        raise validation_error(f"1 validation error detected: Value '{name}' at 'workgroupName' "
                               "failed to satisfy constraint: Member must satisfy regular "
                               "expression pattern: ^[a-z0-9-]+$")
    workgroup = call.lab.world.section("workgroups", {}).get(name)
    here = (call.identity.account, call.region)
    if workgroup is None or (workgroup["account"], workgroup["region"]) != here:
        raise AwsError("ResourceNotFoundException", f"Workgroup {name} not found", 400,
                       f"no workgroup {name} in account {here[0]}, region {here[1]}")
    return name, workgroup


def _arn(workgroup):
    region = workgroup["region"]
    return (f"arn:{partition(region)}:redshift-serverless:{region}:{workgroup['account']}"
            f":workgroup/{workgroup['workgroup_id']}")


def _require(call, action, workgroup, context):
    action = f"redshift-serverless:{action}"
    verdict = identity_allows(call.lab.world, call.identity, action, _arn(workgroup),
                              {"aws:RequestedRegion": call.region, **context})
    if not verdict.allowed:
        raise AwsError("AccessDenied", f"User: {call.identity.arn} is not authorized to perform: "
                       f"{action} on resource: {_arn(workgroup)}", 403, verdict.reason)
