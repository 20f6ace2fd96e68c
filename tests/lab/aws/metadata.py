"""Where a machine gets its role: IMDS, the container endpoint, the SSO portal.

EC2 User Guide "Use the Instance Metadata Service"; ECS Developer Guide "Task IAM
role"; EKS User Guide "EKS Pod Identity"; IAM Identity Center Portal API
Reference "GetRoleCredentials".
"""

import hmac
import secrets
import threading
from urllib.parse import parse_qsl

from .clock import iso8601
from .errors import AwsError, HoldConnection
from .messages import json_response, text_response

INSTANCE = "i-0123456789abcdef0"
_LIFETIME = 6 * 3600
_RENEW_BEFORE = 15 * 60
_ROLES = "/latest/meta-data/iam/security-credentials"


class ImdsTokens:
    """IMDSv2's session tokens (no AWS credentials, only proof of being local)."""

    def __init__(self, clock):
        self._clock = clock
        self._tokens = {}
        self._lock = threading.Lock()

    def issue(self, seconds):
        token = "AQAE" + secrets.token_urlsafe(39) + "=="
        with self._lock:
            self._tokens[token] = self._clock.now() + seconds
        return token

    def valid(self, token):
        with self._lock:
            return self._tokens.get(token, 0) > self._clock.now()

    def clear(self):
        with self._lock:
            self._tokens.clear()


def operation_of(request):
    """The name under which a metadata request is counted, or None."""
    path = request.path
    if path == "/latest/api/token":
        return "imds:token"
    if path.rstrip("/") == _ROLES:
        return "imds:role"
    if path.startswith(_ROLES + "/"):
        return "imds:credentials"
    if path.startswith("/latest/"):
        return "imds:region"
    if path.startswith(("/v2/credentials", "/v1/credentials")):
        return "container:credentials"
    return "sso:GetRoleCredentials" if path == "/federation/credentials" else None


def answer(operation, request, lab, call):
    """The Response to a metadata request."""
    if operation == "sso:GetRoleCredentials":
        return _sso(request, lab, call)
    if operation == "container:credentials":
        return _container(request, lab, call)
    return _imds(operation, request, lab, call)


def failure(error, operation):
    if operation == "sso:GetRoleCredentials":
        code = "TooManyRequestsException" if error.code == "Throttling" else error.code
        status = 429 if error.code == "Throttling" else error.status
        return json_response(status, {"message": error.message, "__type": code},
                             headers={"x-amzn-ErrorType": code})
    if operation == "container:credentials":
        return json_response(error.status, {"code": error.code, "message": error.message})
    return text_response(error.status, f"{error.status} - {error.message}")


def malformed():
    answer_ = json_response(200, {})
    answer_.body = b'{"Code": "Success", "AccessKeyId": "ASIA'
    return answer_


def _imds(operation, request, lab, call):
    settings = lab.world.section("imds")
    if settings is None:
        raise AwsError("NotFound", "Not Found", 404, "this world has no instance role")
    if operation == "imds:token":
        return _imds_token(request, settings, lab)
    token = request.header("X-aws-ec2-metadata-token")
    if request.method != "GET":
        raise AwsError("MethodNotAllowed", "Method Not Allowed", 405)
    if token is None and settings.get("v2_only", True):
        raise AwsError("Unauthorized", "Unauthorized", 401, "IMDSv2 is required, no token sent")
    if token is not None and not lab.imds_tokens.valid(token):
        raise AwsError("Unauthorized", "Unauthorized", 401, "the IMDS token is unknown or expired")
    if operation == "imds:region":
        return _imds_facts(request, settings)
    role_name = settings["role_arn"].rsplit("/", 1)[1]
    if operation == "imds:role":
        return text_response(200, role_name)
    if request.path != f"{_ROLES}/{role_name}":
        raise AwsError("NotFound", "Not Found", 404, "the instance has another role")
    session = _session(lab, call, "imds", settings["role_arn"], INSTANCE)
    return json_response(200, {
        "Code": "Success", "LastUpdated": iso8601(lab.clock.now()), "Type": "AWS-HMAC",
        "AccessKeyId": session.access_key_id, "SecretAccessKey": session.secret,
        "Token": session.token, "Expiration": iso8601(session.expiration)}, "text/plain")


def _imds_token(request, settings, lab):
    if settings.get("hop_limit_blocks_v2"):
        # The answer's TTL of 1 dies at the container's bridge: the client sees silence.
        raise HoldConnection()
    if request.method != "PUT":
        raise AwsError("MethodNotAllowed", "Method Not Allowed", 405)
    if request.header("X-Forwarded-For") is not None:
        raise AwsError("Forbidden", "Forbidden", 403, "X-Forwarded-For is present")
    seconds = request.header("X-aws-ec2-metadata-token-ttl-seconds") or ""
    if not (seconds.isascii() and seconds.isdigit() and 1 <= int(seconds) <= 21600):
        raise AwsError("BadRequest", "Bad Request", 400, "the TTL header is missing or not 1-21600")
    response = text_response(200, lab.imds_tokens.issue(int(seconds)))
    response.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] = seconds
    return response


def _imds_facts(request, settings):
    region = settings.get("region", "eu-west-1")
    if request.path == "/latest/meta-data/placement/region":
        return text_response(200, region)
    if request.path == "/latest/dynamic/instance-identity/document":
        return json_response(200, {"region": region, "instanceId": INSTANCE,
                                   "accountId": settings["role_arn"].split(":")[4]}, "text/plain")
    raise AwsError("NotFound", "Not Found", 404)


def _container(request, lab, call):
    settings = lab.world.section("container")
    if settings is None:
        raise AwsError("NotFound", "this world has no container role", 404)
    if request.method != "GET":
        raise AwsError("MethodNotAllowed", "Method Not Allowed", 405)
    wanted = settings.get("authorization_token")
    if wanted and not _same(wanted, request.header("Authorization")):
        raise AwsError("Unauthorized", "Authorization token is missing or wrong", 401)
    session = _session(lab, call, "container", settings["role_arn"], "task-0123456789abcdef")
    return json_response(200, {
        "RoleArn": session.entity_arn, "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret, "Token": session.token,
        "Expiration": iso8601(session.expiration)})


def _sso(request, lab, call):
    query = dict(parse_qsl(request.query))
    role_name, account = query.get("role_name"), query.get("account_id")
    if request.method != "GET" or not role_name or not account:
        raise AwsError("InvalidRequestException", "role_name and account_id are required", 400)
    bearer = request.header("x-amz-sso_bearer_token")
    grants = [grant for token, grant in lab.world.section("sso", {}).items()
              if _same(token, bearer)]
    if not grants:
        raise AwsError("UnauthorizedException", "Session token not found or invalid", 401)
    granted = grants[0]
    if (granted["role_name"], granted["account_id"]) != (role_name, account):
        raise AwsError("ForbiddenException", "No access", 403,
                       f"the access token is not for {role_name} in {account}")
    session = _session(lab, call, "sso", granted["role_arn"], "superset@example.com")
    return json_response(200, {"roleCredentials": {
        "accessKeyId": session.access_key_id, "secretAccessKey": session.secret,
        "sessionToken": session.token, "expiration": int(session.expiration) * 1000}})


def _session(lab, call, source, role_arn, session_name):
    """These services repeat the same credentials until shortly before their end."""
    world = lab.world
    if world.role(role_arn) is None:
        raise AwsError("NotFound", f"this world has no role {role_arn}", 404)
    with lab.metadata_lock:
        session = lab.metadata_sessions.get((source, role_arn))
        session = session and lab.sessions.find(world, session.access_key_id)
        if (session is None or lab.sessions.expired(session)
                or session.expiration - lab.clock.now() < _RENEW_BEFORE):
            session = lab.sessions.issue(world, role_arn, session_name, _LIFETIME,
                                         (f"{source} {role_arn.rsplit('/', 1)[1]}",))
            lab.metadata_sessions[(source, role_arn)] = session
    call.issued = session
    return session


def _same(wanted, sent):
    return sent is not None and hmac.compare_digest(wanted.encode(), sent.encode())
