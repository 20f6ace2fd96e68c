"""Who holds which credentials: users' static keys and temporary sessions.

Also the temporary passwords that Redshift gives out.  Secrets stay in here;
what leaves goes to the one who asked for it, never to a log.
"""

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass, replace

from .policy import Principal
from .world_model import account_of

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DEFAULT_TOKEN_BYTES = 700


@dataclass(frozen=True)
class Identity:
    """A principal with the credentials it signs with."""
    access_key_id: str
    secret: str
    token: str            # "" for a user's static key
    expiration: float     # 0 for never
    arn: str              # of the user, or of the role session
    entity_arn: str       # of the user or role: its policies count
    unique_id: str
    chain: tuple          # how these credentials came about, first step first
    external_id: str = None
    session_policies: tuple = ()
    revoked: bool = False

    @property
    def is_role(self):
        return self.token != ""

    @property
    def account(self):
        return account_of(self.arn)

    @property
    def name(self):
        return self.entity_arn.rsplit("/", 1)[1]

    def principal(self):
        return Principal(self.arn, self.entity_arn, self.account)

    def context(self):
        """Condition keys of "AWS global condition context keys" about the principal."""
        keys = {"aws:PrincipalArn": self.entity_arn, "aws:PrincipalAccount": self.account,
                "aws:PrincipalType": "AssumedRole" if self.is_role else "User",
                "aws:userid": self.unique_id, "aws:SecureTransport": "true"}
        if not self.is_role:
            keys["aws:username"] = self.name
        return keys


class Sessions:
    """Temporary credentials given out so far.  They outlive a change of world."""

    def __init__(self, clock):
        self._clock = clock
        self._sessions = {}
        self._lock = threading.Lock()

    def issue(self, world, role_arn, session_name, duration, chain, external_id=None,
              session_policies=()):
        role_name = role_arn.rsplit("/", 1)[1]
        identity = Identity(
            access_key_id="ASIA" + _base32(16),
            secret=base64.b64encode(secrets.token_bytes(30)).decode(),
            token=_session_token(world.section("session_token_bytes", _DEFAULT_TOKEN_BYTES)),
            expiration=int(self._clock.now()) + duration,
            arn=f"arn:{role_arn.split(':')[1]}:sts::{account_of(role_arn)}:"
                f"assumed-role/{role_name}/{session_name}",
            entity_arn=role_arn,
            unique_id=f"{stable_id('AROA', role_arn)}:{session_name}",
            chain=tuple(chain), external_id=external_id,
            session_policies=tuple(session_policies))
        with self._lock:
            self._sessions[identity.access_key_id] = identity
        return identity

    def find(self, world, access_key_id):
        """The identity behind an access key, or None."""
        with self._lock:
            session = self._sessions.get(access_key_id)
        if session is not None:
            return session if world.entity_exists(session.entity_arn) else None
        user = world.user_by_key(access_key_id)
        if user is None:
            return None
        return Identity(access_key_id, user["secret_access_key"], "", 0, user["arn"], user["arn"],
                        stable_id("AIDA", user["arn"]), ("user " + user["arn"].rsplit("/", 1)[1],))

    def expired(self, identity):
        return identity.revoked or (
            identity.expiration != 0 and self._clock.now() >= identity.expiration)

    def revoke(self, access_key_id=None):
        """Revoke one session, or all; returns how many."""
        with self._lock:
            keys = [key for key in self._sessions if access_key_id in (None, key)]
            for key in keys:
                self._sessions[key] = replace(self._sessions[key], revoked=True)
            return len(keys)

    def clear(self):
        with self._lock:
            self._sessions.clear()


@dataclass(frozen=True)
class Login:
    """One temporary Redshift password (only its digest) and what it opens."""
    kind: str          # "clusters" or "workgroups"
    name: str
    user: str
    digest: bytes
    expiration: float
    identity: Identity


class Logins:
    """Redshift's temporary passwords."""

    def __init__(self, clock):
        self._clock = clock
        self._logins = {}
        self._lock = threading.Lock()

    def issue(self, kind, name, user, duration, identity):
        """A new password; returns (password, expiration)."""
        # As long as Redshift's are, and with what quoting gets wrong.
        password = base64.b64encode(secrets.token_bytes(60)).decode() + "/+=="
        expiration = int(self._clock.now()) + duration
        digest = hashlib.sha256(password.encode()).digest()
        with self._lock:
            self._logins[digest] = Login(kind, name, user, digest, expiration, identity)
        return password, expiration

    def find(self, password):
        with self._lock:
            return self._logins.get(hashlib.sha256(password.encode()).digest())

    def clear(self):
        with self._lock:
            count = len(self._logins)
            self._logins.clear()
            return count


def stable_id(prefix, arn):
    """IAM's unique id: the same for the same ARN in every run."""
    digest = hashlib.sha256(arn.encode()).digest()
    return prefix + "".join(_BASE32[byte % 32] for byte in digest[:17])


def _base32(length):
    return "".join(secrets.choice(_BASE32) for _ in range(length))


def _session_token(size):
    """Base64, so that '/', '+' and '=' occur and must be encoded in a token."""
    raw = base64.b64encode(secrets.token_bytes(max(size, 32))).decode()
    return ("IQoJb3JpZ2luX2Vj/+" + raw)[:max(size, 32) - 2] + "=="
