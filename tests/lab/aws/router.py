"""Tells the services apart and walks each call through the same steps:
count, fault, signature, operation, decision log, answer.
"""

import secrets
import uuid
from dataclasses import dataclass

from . import admin, metadata, query, redshift, serverless, sts
from .errors import AwsError
from .faults import MalformedAnswer
from .messages import text_response
from .signature import ALGORITHM, Scope, verify_header

_QUERY_SERVICES = {"sts": sts, "redshift": redshift}


@dataclass
class Call:
    """One API call while it is being answered, and what the log shall say of it."""
    lab: object
    operation: str
    request_id: str
    parameters: dict = None
    body: bytes = b""
    identity: object = None
    region: str = ""
    issued: object = None
    database: str = None
    user: str = None
    external_id_sent: str = None

    def log(self, allowed, reason):
        further = {}
        if self.issued is not None:
            further = {"issued_access_key_id": self.issued.access_key_id,
                       "issued_principal": self.issued.arn}
        self.lab.decisions.record(
            self.operation, allowed, reason, self.identity, self.database, self.user,
            self.external_id_sent, self.request_id, **further)


def route(request, lab):
    """Request to Response; DropConnection and HoldConnection pass through."""
    if request.path.startswith("/_lab/"):
        return admin.answer(request, lab)
    request_id = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    response = _route_aws(request, lab, request_id)
    response.headers["x-amzn-RequestId"] = request_id
    return response


def _route_aws(request, lab, request_id):
    operation = metadata.operation_of(request)
    if operation is not None:
        call = Call(lab, operation, request_id)
        return _run(call, lambda: metadata.answer(operation, request, lab, call),
                    lambda error: metadata.failure(error, operation), metadata.malformed)
    target = request.header("X-Amz-Target") or ""
    if target.startswith(serverless.TARGET_PREFIX):
        return _json_call(request, lab, request_id, target[len(serverless.TARGET_PREFIX):])
    return _query_call(request, lab, request_id)


def _json_call(request, lab, request_id, action):
    handler = serverless.OPERATIONS.get(action)
    call = Call(lab, f"redshift-serverless:{action}", request_id, body=request.body)

    def work():
        if handler is None:
            raise AwsError("InvalidAction", f"Could not find operation {action}")
        _authenticate(call, request, "redshift-serverless")
        return serverless.success(handler(call))

    return _run(call, work, serverless.failure, serverless.malformed)


def _query_call(request, lab, request_id):
    try:
        parameters = request.parameters()
    except AwsError as error:
        return query.failure(error, sts.NAMESPACE, request_id)
    name = _query_service(request, parameters)
    service = _QUERY_SERVICES.get(name, sts)
    action = parameters.get("Action", "")
    call = Call(lab, f"{name}:{action}", request_id, parameters=parameters)

    def work():
        handler = service.OPERATIONS.get(action)
        version = parameters.get("Version")
        if handler is None or version != service.VERSION:
            raise AwsError("InvalidAction",
                           f"Could not find operation {action} for version {version}")
        if action not in service.UNSIGNED:
            _authenticate(call, request, name)
        return query.success(action, service.NAMESPACE, handler(call), request_id)

    return _run(call, work, lambda error: query.failure(error, service.NAMESPACE, request_id),
                lambda: query.malformed(action, service.NAMESPACE))


def _query_service(request, parameters):
    """One address stands for all: the API version names the service, else the scope."""
    for name, service in _QUERY_SERVICES.items():
        if parameters.get("Version") == service.VERSION:
            return name
    authorization = request.header("Authorization") or ""
    _, _, rest = authorization.partition("Credential=")
    try:
        scope = Scope(rest.partition(",")[0])
    except ValueError:
        return "sts"
    return scope.service if scope.service in _QUERY_SERVICES else "sts"


def _authenticate(call, request, service):
    authorization = request.header("Authorization")
    if authorization is None:
        raise AwsError("MissingAuthenticationToken",
                       "Request is missing Authentication Token", 403)
    if not authorization.startswith(ALGORITHM + " "):
        raise AwsError("IncompleteSignature", f"Unsupported AWS 'algorithm': "
                       f"'{authorization.split(' ')[0]}'", 400,
                       "the Authorization header is not Signature Version 4")
    call.identity, call.region = verify_header(request, service, call.lab)


def _run(call, work, failure, malformed):
    call.lab.calls.count(call.operation)
    try:
        call.lab.faults.strike(call.operation, call.lab.stopping)
        response = work()
    except MalformedAnswer:
        call.log(False, "injected fault: malformed answer")
        return malformed()
    except AwsError as error:
        call.log(False, error.reason)
        return failure(error)
    call.log(True, "ok")
    return response


def internal_failure(request_id):
    """For a bug of the lab itself; the traceback is on stderr."""
    return text_response(500, f"InternalFailure {request_id}")
