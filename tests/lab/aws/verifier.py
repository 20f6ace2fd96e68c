"""The unix socket on which the lab's databases ask whether a login is good.

A PAM module sends DATABASE NUL USER NUL TOKEN NUL and shuts down its writing
side; the answer is one line, "allow" or "deny REASON".
"""

import os
import socketserver
import traceback

from . import rds_token
from .decisions import one_line
from .errors import AwsError, DropConnection
from .faults import MalformedAnswer

_MAX_REQUEST = 256 * 1024
_TIMEOUT_SECONDS = 10


class Refused(Exception):
    def __init__(self, reason, identity=None):
        super().__init__(reason)
        self.identity = identity


class VerifierServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, path, lab):
        self.lab = lab
        if os.path.exists(path):
            os.unlink(path)
        super().__init__(path, _Handler)
        # PAM runs as whichever user the database server is.
        os.chmod(path, 0o666)

    def server_close(self):
        super().server_close()
        if os.path.exists(self.server_address):
            os.unlink(self.server_address)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(_TIMEOUT_SECONDS)
        try:
            answer = judge(self._read(), self.server.lab)
        except (DropConnection, TimeoutError):
            return
        except Exception:  # a bug of the lab must not read as a yes
            traceback.print_exc()
            answer = "deny the verifier failed, see its stderr"
        try:
            self.request.sendall(answer.encode() + b"\n")
        except OSError:
            pass  # the asker is gone

    def _read(self):
        data = b""
        while len(data) <= _MAX_REQUEST:
            chunk = self.request.recv(65536)
            if not chunk:
                break
            data += chunk
        return data


def judge(message, lab):
    """One request to one line of answer; always leaves a decision behind."""
    database = user = None
    operation = "rds-db:connect"
    try:
        database, user, token = _parse(message)
        entry = lab.world.database(database)
        if entry is None:
            raise Refused(f"no database is called {database!r}")
        if entry["kind"] == "redshift":
            operation = "redshift:login"
        _count_and_strike(operation, lab)
        if entry["kind"] == "redshift":
            identity = _redshift(entry, user, token, lab)
        else:
            identity = rds_token.verify(token, user, lab.world.endpoints(database), lab)
    except (Refused, rds_token.Refused) as refused:
        return _record(lab, operation, False, str(refused), refused.identity, database, user)
    return _record(lab, operation, True, "ok", identity, database, user)


def _parse(message):
    parts = message.split(b"\0")
    if len(parts) != 4 or parts[3] or len(message) > _MAX_REQUEST:
        raise Refused("the verifier was not asked with DATABASE, USER and TOKEN, each "
                      "ended by NUL")
    try:
        return [part.decode("utf-8") for part in parts[:3]]
    except UnicodeDecodeError:
        raise Refused("database, user or token is not UTF-8") from None


def _count_and_strike(operation, lab):
    lab.calls.count(operation)
    try:
        lab.faults.strike(operation, lab.stopping)
    except (AwsError, MalformedAnswer) as fault:
        raise Refused(f"injected fault: {fault}") from fault


def _redshift(entry, user, password, lab):
    login = lab.logins.find(password)
    if login is None:
        raise Refused("no such temporary password was given out")
    if login.name not in entry.get(login.kind, []):
        raise Refused(f"the password is for {login.kind[:-1]} {login.name}, which is not this "
                      "database", login.identity)
    if login.user != user:
        raise Refused(f"the password is for user {login.user!r}, the login is for {user!r}",
                      login.identity)
    if lab.clock.now() >= login.expiration:
        raise Refused("the temporary password expired", login.identity)
    return login.identity


def _record(lab, operation, allowed, reason, identity, database, user):
    lab.decisions.record(operation, allowed, reason, identity, database, user,
                         identity.external_id if identity else None)
    return "allow" if allowed else f"deny {one_line(reason)}"
