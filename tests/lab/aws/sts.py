"""AWS Security Token Service: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity.

API Reference pages of the same names; sentences are AWS's own.
"""

import json
import re

from . import policy
from .authorize import may_assume, may_assume_with_web_identity
from .clock import iso8601
from .conditions import PolicyError
from .errors import AwsError, constraint, validation_error
from .query import expect_parameters, number
from .world_model import account_of

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
VERSION = "2011-06-15"
UNSIGNED = ("AssumeRoleWithWebIdentity",)
_SESSION_NAME = r"[\w+=,.@-]*"
_EXTERNAL_ID = r"[\w+=,.@:\/-]*"


def assume_role(call):
    parameters = call.parameters
    expect_parameters(parameters, {"Action", "Version", "RoleArn", "RoleSessionName",
                                   "ExternalId", "DurationSeconds", "SourceIdentity", "Policy"})
    external_id = parameters.get("ExternalId")
    call.external_id_sent = external_id
    role_arn = _role_arn(parameters)
    session_name = _session_name(parameters)
    _check_text("externalId", external_id, 2, 1224, _EXTERNAL_ID)
    _check_text("sourceIdentity", parameters.get("SourceIdentity"), 2, 64, _SESSION_NAME)
    duration = _duration(parameters)
    context = {"sts:ExternalId": external_id, "sts:RoleSessionName": session_name,
               "sts:SourceIdentity": parameters.get("SourceIdentity"),
               "aws:RequestedRegion": call.region}
    context = {key: value for key, value in context.items() if value is not None}
    identity, world = call.identity, call.lab.world
    role = world.role(role_arn)
    if role is None:
        _deny_assume(identity, role_arn, f"there is no role {role_arn}")
    verdict = may_assume(world, identity, role, context)
    if not verdict.allowed:
        _deny_assume(identity, role_arn, verdict.reason)
    if identity.is_role and duration > 3600:
        raise validation_error("The requested DurationSeconds exceeds the 1 hour session limit "
                               "for roles assumed by role chaining.")
    _check_role_maximum(role, duration)
    chain = identity.chain + (f"sts:AssumeRole {role_arn.rsplit('/', 1)[1]}",)
    return _issued(call, role_arn, session_name, duration, chain, external_id,
                   _session_policy(parameters))


def assume_role_with_web_identity(call):
    parameters = call.parameters
    expect_parameters(parameters, {"Action", "Version", "RoleArn", "RoleSessionName",
                                   "WebIdentityToken", "ProviderId", "DurationSeconds"})
    role_arn = _role_arn(parameters)
    session_name = _session_name(parameters)
    _check_text("webIdentityToken", parameters.get("WebIdentityToken", ""), 4, 20000)
    duration = _duration(parameters)
    provider_arn, claims = _claims(call, parameters["WebIdentityToken"])
    prefix = provider_arn.split(":oidc-provider/", 1)[1]
    context = {f"{prefix}:{name}": str(value) for name, value in claims.items()}
    context["sts:RoleSessionName"] = session_name
    role = call.lab.world.role(role_arn)
    if role is None:
        reason = f"there is no role {role_arn}"
    elif account_of(role_arn) != account_of(provider_arn):
        reason = "the identity provider belongs to another account than the role"
    else:
        verdict = may_assume_with_web_identity(role, provider_arn, context)
        reason = None if verdict.allowed else verdict.reason
    if reason:
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                       403, reason)
    _check_role_maximum(role, duration)
    answer = _issued(call, role_arn, session_name, duration,
                     (f"web_identity {role_arn.rsplit('/', 1)[1]}",))
    return {**answer, "SubjectFromWebIdentityToken": claims.get("sub"),
            "Audience": claims.get("aud"), "Provider": provider_arn}


def get_caller_identity(call):
    expect_parameters(call.parameters, {"Action", "Version"})
    return {"Arn": call.identity.arn, "UserId": call.identity.unique_id,
            "Account": call.identity.account}


OPERATIONS = {"AssumeRole": assume_role, "GetCallerIdentity": get_caller_identity,
              "AssumeRoleWithWebIdentity": assume_role_with_web_identity}


def _issued(call, role_arn, session_name, duration, chain, external_id=None, policies=()):
    session = call.lab.sessions.issue(call.lab.world, role_arn, session_name, duration, chain,
                                      external_id, policies)
    call.issued = session
    return {"AssumedRoleUser": {"Arn": session.arn, "AssumedRoleId": session.unique_id},
            "Credentials": {"AccessKeyId": session.access_key_id,
                            "SecretAccessKey": session.secret, "SessionToken": session.token,
                            "Expiration": iso8601(session.expiration)}}


def _deny_assume(identity, role_arn, reason):
    """A missing role, a wrong external id and a missing grant all read the same."""
    raise AwsError("AccessDenied", f"User: {identity.arn} is not authorized to perform: "
                   f"sts:AssumeRole on resource: {role_arn}", 403, reason)


def _claims(call, token):
    for provider in call.lab.world.section("web_identity", []):
        claims = provider["tokens"].get(token)
        if claims is None:
            continue
        now = call.lab.clock.now()
        if "exp" in claims and now >= claims["exp"]:
            raise AwsError("ExpiredTokenException", f"Token expired: current date/time "
                           f"{int(now)} must be before the expiration date/time {claims['exp']}")
        return provider["provider_arn"], claims
    raise AwsError("InvalidIdentityToken", "Couldn't retrieve verification key from your identity "
                   "provider,  please reference AssumeRoleWithWebIdentity documentation for "
                   "requirements", 400, "no provider of this world issued the token")


def _role_arn(parameters):
    arn = parameters.get("RoleArn")
    if arn is None:
        raise constraint("roleArn", None, "Member must not be null")
    _check_text("roleArn", arn, 20, 2048)
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", arn, re.ASCII):
        raise validation_error(f"{arn} is invalid")
    return arn


def _session_name(parameters):
    name = parameters.get("RoleSessionName")
    if name is None:
        raise constraint("roleSessionName", None, "Member must not be null")
    _check_text("roleSessionName", name, 2, 64, _SESSION_NAME)
    return name


def _duration(parameters):
    duration = number(parameters, "DurationSeconds", 3600)
    if duration < 900:
        raise constraint("durationSeconds", duration,
                         "Member must have value greater than or equal to 900")
    if duration > 43200:
        raise constraint("durationSeconds", duration,
                         "Member must have value less than or equal to 43200")
    return duration


def _check_role_maximum(role, duration):
    if duration > role.get("max_session_duration", 3600):
        raise validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set "
                               "for this role.")


def _check_text(field, value, least, most, pattern=None):
    if value is None:
        return
    if len(value) < least:
        raise constraint(field, value, f"Member must have length greater than or equal to {least}")
    if len(value) > most:
        raise constraint(field, value, f"Member must have length less than or equal to {most}")
    if pattern and not re.fullmatch(pattern, value, re.ASCII):
        raise constraint(field, value,
                         f"Member must satisfy regular expression pattern: {pattern}")


def _session_policy(parameters):
    if "Policy" not in parameters:
        return ()
    try:
        document = json.loads(parameters["Policy"])
        policy.check(document, trust=False)
    except (ValueError, PolicyError) as problem:
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.", 400,
                       f"session policy: {problem}") from problem
    return (document,)
