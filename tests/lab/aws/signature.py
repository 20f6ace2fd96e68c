"""Signature Version 4, recomputed by botocore.

IAM User Guide, "Signature Version 4 signing process" and "Elements of an AWS
API request signature".  Canonicalisation, string to sign and HMAC are
botocore's; this module only feeds it what the client claims to have signed, and
checks what no signature can show: scope, freshness, session token.
"""

import hashlib
import hmac
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .clock import basic, parse_basic
from .errors import AwsError

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 900
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<credential>[^,\s]+),\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[^,\s]+)\s*")
_REGIONAL_HOST = re.compile(r"(?:sts|redshift|redshift-serverless)\.([a-z0-9-]+)\.amazonaws\.com")


class _SignedHeadersOnly(SigV4Auth):
    """botocore signs all headers it has; a verifier takes the ones named."""

    def __init__(self, identity, service, region, names):
        super().__init__(Credentials(identity.access_key_id, identity.secret), service, region)
        self._names = names

    def headers_to_sign(self, request):
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._names:
                chosen[name.lower()] = value
        return chosen


class Scope:
    """AKID/date/region/service/aws4_request"""

    def __init__(self, credential):
        parts = credential.split("/")
        if len(parts) != 5:
            raise ValueError("Credential must have exactly 5 slash-delimited elements, e.g. "
                             f"keyid/date/region/service/term, got '{credential}'")
        self.access_key_id, self.date, self.region, self.service, self.terminator = parts


def query_signature(identity, scope, timestamp, url, pairs):
    """The signature of a presigned GET whose only signed header is host."""
    auth = SigV4Auth(Credentials(identity.access_key_id, identity.secret),
                     scope.service, scope.region)
    request = AWSRequest(method="GET", url=url, params=pairs)
    request.context["timestamp"] = timestamp
    return _sign(auth, request)


def verify_header(request, service, lab):
    """Check a signed API request; returns (identity, region) or raises AwsError."""
    authorization = request.header("Authorization")
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise AwsError("IncompleteSignature", "Authorization header requires 'Credential', "
                       "'SignedHeaders' and 'Signature' parameters.", 400)
    try:
        scope = Scope(found["credential"])
    except ValueError as problem:
        raise AwsError("IncompleteSignature", str(problem), 400) from problem
    identity = _identity(request, scope, lab)
    timestamp = _check_scope(request, scope, service, lab)
    _check_freshness(timestamp, lab.clock.now())
    names = found["headers"].split(";")
    _check_signed_headers(request, names)
    _check_payload_digest(request)
    # The host that counts is the signed Host header; http makes botocore hash the body.
    aws_request = AWSRequest(method=request.method, url="http://lab" + request.target,
                             data=request.body)
    for name, value in request.headers:
        if name.lower() in names:
            aws_request.headers[name] = value
    aws_request.context["timestamp"] = timestamp
    expected = _sign(_SignedHeadersOnly(identity, scope.service, scope.region, names), aws_request)
    if found["headers"] != ";".join(sorted(names)) or not signatures_equal(expected, found["signature"]):
        raise _mismatch("The request signature we calculated does not match the signature you "
                        "provided. Check your AWS Secret Access Key and signing method. Consult "
                        "the service documentation for details.")
    if lab.sessions.expired(identity):
        raise AwsError("ExpiredToken", "The security token included in the request is expired",
                       403)
    return identity, scope.region


def _identity(request, scope, lab):
    identity = lab.sessions.find(lab.world, scope.access_key_id)
    token = request.header("X-Amz-Security-Token") or ""
    if identity is None:
        reason = f"no such access key {scope.access_key_id}"
    elif identity.token and not token:
        reason = "temporary credentials without their session token"
    elif not signatures_equal(identity.token, token):
        reason = "the session token does not belong to the access key"
    else:
        return identity
    raise AwsError("InvalidClientTokenId",
                   "The security token included in the request is invalid.", 403, reason)


def _check_scope(request, scope, service, lab):
    """Returns X-Amz-Date."""
    timestamp = request.header("X-Amz-Date") or ""
    try:
        parse_basic(timestamp)
    except ValueError as problem:
        raise AwsError("IncompleteSignature", "Date must be in ISO-8601 'basic format'. Got "
                       f"'{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601",
                       400) from problem
    if scope.terminator != "aws4_request":
        raise _mismatch("Credential should be scoped with a valid terminator: 'aws4_request', "
                        f"not '{scope.terminator}'.")
    if scope.service != service:
        raise _mismatch(f"Credential should be scoped to correct service: '{service}'.")
    regional = _REGIONAL_HOST.fullmatch(request.header("Host") or "")
    if scope.region not in lab.world.regions() or (regional and regional[1] != scope.region):
        raise _mismatch("Credential should be scoped to a valid region.",
                        f"region {scope.region!r} is not one of {lab.world.regions()}")
    if scope.date != timestamp[:8]:
        raise _mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                        f"of date from HTTP: '{scope.date}' != '{timestamp[:8]}', from "
                        f"'{timestamp}'.")
    return timestamp


def _check_freshness(timestamp, now):
    signed = parse_basic(timestamp)
    if signed < now - MAX_SKEW_SECONDS:
        raise _mismatch(f"Signature expired: {timestamp} is now earlier than "
                        f"{basic(now - MAX_SKEW_SECONDS)} ({basic(now)} - 15 min.)")
    if signed > now + MAX_SKEW_SECONDS:
        raise _mismatch(f"Signature not yet current: {timestamp} is still later than "
                        f"{basic(now + MAX_SKEW_SECONDS)} ({basic(now)} + 15 min.)")


def _check_signed_headers(request, names):
    sent = {name.lower() for name, _ in request.headers}
    must = {"host"} | {name for name in sent if name.startswith("x-amz-")}
    unsigned = sorted(must - set(names))
    if unsigned:
        raise AwsError("SignatureDoesNotMatch", "'Host' or 'X-Amz-*' must be a signed header: "
                       f"{', '.join(unsigned)} not in SignedHeaders.", 403)
    missing = sorted(set(names) - sent)
    if missing:
        raise _mismatch(f"SignedHeaders names headers that were not sent: {', '.join(missing)}")


def _check_payload_digest(request):
    claimed = request.header("X-Amz-Content-SHA256")
    if claimed is not None and claimed != hashlib.sha256(request.body).hexdigest():
        raise _mismatch("The provided 'x-amz-content-sha256' header does not match what was "
                        "computed.")


def _sign(auth, request):
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def _mismatch(message, reason=None):
    return AwsError("SignatureDoesNotMatch", message, 403, reason)


def signatures_equal(left, right):
    return hmac.compare_digest(left.encode(), right.encode("utf-8", "surrogateescape"))
