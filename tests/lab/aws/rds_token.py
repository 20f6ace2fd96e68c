"""Judges an RDS login token as RDS does.

Amazon Aurora User Guide, "Connecting to your DB cluster using IAM
authentication": a SigV4 query-presigned GET, scheme stripped, whose parameters
may come in any order (signers differ), valid for 15 minutes at most.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .authorize import identity_allows
from .clock import basic, parse_basic
from .signature import ALGORITHM, MAX_SKEW_SECONDS, Scope, query_signature, signatures_equal

MAX_EXPIRES_SECONDS = 900
_REQUIRED = ("Action", "DBUser", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
             "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*")


class Refused(Exception):
    """The token is not good.  `identity` is set once it is known who signed."""

    def __init__(self, reason, identity=None):
        super().__init__(reason)
        self.identity = identity


@dataclass(frozen=True)
class Token:
    authority: str
    host: str
    port: int
    parameters: dict  # decoded, order kept


def verify(token_text, user, endpoints, lab):
    """Returns the Identity that may log in as `user`, else raises Refused."""
    token = _parse(token_text)
    _check_parameters(token.parameters)
    endpoint = _check_endpoint(token, endpoints)
    if token.parameters["DBUser"] != user:
        raise Refused(f"the token is for user {token.parameters['DBUser']!r}, "
                      f"the login is for {user!r}")
    scope = _check_scope(token.parameters, endpoint)
    identity = _identity(token.parameters, scope, lab)
    try:
        _check_signature(token, scope, identity)
        _check_time(token.parameters, identity, lab)
        _check_permission(identity, endpoint, user, lab)
    except Refused as refused:
        refused.identity = identity
        raise
    return identity


def _parse(text):
    authority, slash, rest = text.partition("/")
    if not slash or not rest.startswith("?"):
        raise Refused("not a token: it does not read HOST:PORT/?QUERY "
                      "(the scheme must be stripped)")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise Refused("not a token: what comes before /? is not HOST:PORT")
    if found["port"] is None:
        raise Refused("the token names no port")
    return Token(authority, found["host"], int(found["port"]), _parse_query(rest[1:]))


def _parse_query(query):
    parameters = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not equals or not (_ENCODED.fullmatch(name) and _ENCODED.fullmatch(value)):
            raise Refused("a parameter of the token is not percent-encoded (RFC 3986; "
                          "space is %20, plus is %2B)")
        try:
            name, value = (unquote(part, errors="strict") for part in (name, value))
        except UnicodeDecodeError:
            raise Refused("a parameter of the token is not UTF-8") from None
        if name in parameters:
            raise Refused(f"the token has {name} twice")
        parameters[name] = value
    return parameters


def _check_parameters(parameters):
    for name in _REQUIRED:
        if not parameters.get(name):
            raise Refused(f"the token lacks {name}")
    if parameters["Action"] != "connect":
        raise Refused("the token's Action is not connect")
    if parameters["X-Amz-Algorithm"] != ALGORITHM:
        raise Refused(f"the token's algorithm is not {ALGORITHM}")
    signed = parameters["X-Amz-SignedHeaders"]
    if signed != "host":
        raise Refused(f"the signed headers must be exactly 'host', not {signed!r}")
    expires = parameters["X-Amz-Expires"]
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= MAX_EXPIRES_SECONDS:
        raise Refused(f"X-Amz-Expires is {expires!r}; at most {MAX_EXPIRES_SECONDS} is allowed")
    try:
        parse_basic(parameters["X-Amz-Date"])
    except ValueError:
        raise Refused("X-Amz-Date is not YYYYMMDDTHHMMSSZ") from None


def _check_endpoint(token, endpoints):
    named = [endpoint for endpoint in endpoints if endpoint.host.lower() == token.host.lower()]
    if not named:
        raise Refused(f"the token is for host {token.host}, not for {endpoints[0].host}")
    for endpoint in named:
        if endpoint.port == token.port:
            return endpoint
    raise Refused(f"the token is for port {token.port}, not for {named[0].port}")


def _check_scope(parameters, endpoint):
    try:
        scope = Scope(parameters["X-Amz-Credential"])
    except ValueError as problem:
        raise Refused(str(problem)) from None
    if scope.service != "rds-db":
        raise Refused(f"the credential scope's service is {scope.service!r}, not 'rds-db'")
    if scope.region != endpoint.region:
        raise Refused(f"the credential scope's region is {scope.region!r}, "
                      f"the database is in {endpoint.region!r}")
    if scope.terminator != "aws4_request" or scope.date != parameters["X-Amz-Date"][:8]:
        raise Refused("the credential scope's date or terminator is wrong")
    return scope


def _identity(parameters, scope, lab):
    identity = lab.sessions.find(lab.world, scope.access_key_id)
    if identity is None:
        raise Refused(f"no such access key {scope.access_key_id}")
    if not signatures_equal(identity.token, parameters.get("X-Amz-Security-Token", "")):
        raise Refused("the session token is missing or does not belong to the access key",
                      identity)
    return identity


def _check_signature(token, scope, identity):
    pairs = [(name, value) for name, value in token.parameters.items()
             if name != "X-Amz-Signature"]
    expected = query_signature(identity, scope, token.parameters["X-Amz-Date"],
                               f"https://{token.authority}/", pairs)
    if not signatures_equal(expected, token.parameters["X-Amz-Signature"]):
        raise Refused("the signature does not match")


def _check_time(parameters, identity, lab):
    now = lab.clock.now()
    signed = parse_basic(parameters["X-Amz-Date"])
    if now > signed + int(parameters["X-Amz-Expires"]):
        raise Refused(f"the token expired: signed {parameters['X-Amz-Date']} for "
                      f"{parameters['X-Amz-Expires']} s, now {basic(now)}")
    if now < signed - MAX_SKEW_SECONDS:
        raise Refused(f"the token is not yet valid: signed {parameters['X-Amz-Date']}, "
                      f"now {basic(now)}")
    if lab.sessions.expired(identity):
        raise Refused("the credentials that signed the token "
                      + ("were revoked" if identity.revoked
                         else f"expired at {basic(identity.expiration)}"))


def _check_permission(identity, endpoint, user, lab):
    if identity.account != endpoint.account:
        raise Refused(f"the principal is in account {identity.account}, the database in "
                      f"{endpoint.account}: rds-db:connect does not work across accounts")
    verdict = identity_allows(lab.world, identity, "rds-db:connect", endpoint.resource(user),
                              {"aws:RequestedRegion": endpoint.region})
    if not verdict.allowed:
        raise Refused(verdict.reason)
