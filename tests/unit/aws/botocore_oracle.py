"""Signs what it is told with botocore, at the time it is told: one JSON object a line in, one out.

The C++ side (botocore_oracle_test.cpp) makes up random requests and compares what
both sides mean.  The first line out says "ready", or why botocore cannot be used.
"""

import datetime
import json
import sys

try:
    import botocore
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.hooks import HierarchicalEmitter
    from botocore.model import ServiceId
    from botocore.signers import RequestSigner, generate_db_auth_token
except ImportError as problem:
    print(f"no botocore: {problem}", flush=True)
    sys.exit(0)


_QUERY_SIGNERS = [botocore.auth.SigV4QueryAuth, botocore.auth.AUTH_TYPE_MAPS["v4-query"]]
_EMITTER = HierarchicalEmitter()  # a RequestSigner refers to it only weakly


class _Clock:
    """Stands in for the datetime module inside botocore's signers."""

    now = None

    class datetime(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return _Clock.now

    def __getattr__(self, name):
        return getattr(datetime, name)


class _Client:
    """What generate_db_auth_token wants of an RDS client."""

    def __init__(self, credentials, region):
        self._request_signer = RequestSigner(ServiceId("RDS"), region, "rds", "v4", credentials,
                                             _EMITTER)
        self.meta = type("Meta", (), {"region_name": region})()


def _credentials(case):
    return Credentials(case["access_key"], case["secret"], case["token"] or None)


def _rds_token(case):
    # Two implementations in one: botocore's own and, where it is installed, AWS's common runtime.
    botocore.auth.AUTH_TYPE_MAPS["v4-query"] = _QUERY_SIGNERS[case["signer"] % 2]
    client = _Client(_credentials(case), case["region"])
    return generate_db_auth_token(client, DBHostname=case["host"], Port=case["port"], DBUsername=case["user"])


def _authorization(case):
    request = AWSRequest(method=case["method"], url=case["url"], data=bytes.fromhex(case["body"]))
    for name, value in case["headers"]:
        request.headers[name] = value
    botocore.auth.SigV4Auth(_credentials(case), case["service"], case["region"]).add_auth(request)
    return request.headers["Authorization"]


def main():
    clock = _Clock()
    botocore.auth.datetime = clock
    if hasattr(botocore.auth, "get_current_datetime"):  # botocore 1.40 and later
        botocore.auth.get_current_datetime = lambda *_, **__: _Clock.now
    if "botocore.crt.auth" in sys.modules:
        sys.modules["botocore.crt.auth"].datetime = clock
    print("ready", flush=True)
    signers = {"rds": _rds_token, "headers": _authorization}
    for line in sys.stdin:
        case = json.loads(line)
        _Clock.now = datetime.datetime.strptime(case["time"], "%Y%m%dT%H%M%SZ")
        print(json.dumps(signers[case["kind"]](case)), flush=True)


if __name__ == "__main__":
    main()
