"""Header signatures: requests signed by botocore, then changed in one place."""

import hashlib
import http.client
import re

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws_fixture import names

BODY = "Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def signed(aws, service="sts", region="eu-west-1", headers=None, method="POST", target="/",
           body=BODY):
    """(method, target, headers, body) with botocore's signature."""
    request = AWSRequest(method, aws.endpoint + target, {"Content-Type": FORM, **(headers or {})},
                         data=body.encode())
    request.headers["Host"] = aws.endpoint.split("//")[1]
    SigV4Auth(Credentials(*names.SUPERSET_KEY), service, region).add_auth(request)
    return method, target, dict(request.headers.items()), body


def send(aws, request):
    """(status, error code or None); headers go out exactly as given."""
    method, target, headers, body = request
    connection = http.client.HTTPConnection(aws.endpoint.split("//")[1], timeout=20)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    code = re.search("<Code>(.*?)</Code>", text)
    return answer.status, code and code[1]


def test_takes_what_botocore_signed(aws):
    assert send(aws, signed(aws)) == (200, None)
    query = "/?" + BODY
    assert send(aws, signed(aws, method="GET", target=query, body="")) == (200, None)


def test_takes_a_correct_content_digest(aws):
    digest = hashlib.sha256(BODY.encode()).hexdigest()
    assert send(aws, signed(aws, headers={"X-Amz-Content-SHA256": digest})) == (200, None)
    for wrong in ("0" * 64, "UNSIGNED-PAYLOAD"):
        changed = signed(aws, headers={"X-Amz-Content-SHA256": wrong})
        assert send(aws, changed) == (403, "SignatureDoesNotMatch")


def change_header(name, edit):
    def change(request):
        method, target, headers, body = request
        return method, target, {**headers, name: edit(headers.get(name, ""))}, body
    return change


AUTHORIZATION = "Authorization"


@pytest.mark.parametrize("change, status, code", [
    (change_header(AUTHORIZATION, lambda v: v[:-1] + ("0" if v[-1] != "0" else "1")),
     403, "SignatureDoesNotMatch"),
    (lambda r: (*r[:3], r[3] + "&X=1"), 403, "SignatureDoesNotMatch"),
    (lambda r: (r[0], "/?x=1", *r[2:]), 403, "SignatureDoesNotMatch"),
    (change_header("Host", lambda v: "sts.eu-west-1.amazonaws.com"), 403, "SignatureDoesNotMatch"),
    (change_header("Host", lambda v: "sts.us-east-1.amazonaws.com"), 403, "SignatureDoesNotMatch"),
    (change_header(AUTHORIZATION, lambda v: v.replace("host;", "")), 403, "SignatureDoesNotMatch"),
    (change_header(AUTHORIZATION, lambda v: v.replace(";x-amz-date", "")),
     403, "SignatureDoesNotMatch"),
    (change_header("X-Amz-Unsigned", lambda v: "1"), 403, "SignatureDoesNotMatch"),
    (change_header(AUTHORIZATION, lambda v: v.replace("SignedHeaders=", "SignedHeaders=absent;")),
     403, "SignatureDoesNotMatch"),
    (change_header(AUTHORIZATION, lambda v: re.sub(r"/\d{8}/", "/20200101/", v)),
     403, "SignatureDoesNotMatch"),
    (change_header(AUTHORIZATION, lambda v: v.replace("aws4_request", "aws5_request")),
     403, "SignatureDoesNotMatch"),
    (change_header("X-Amz-Date", lambda v: "yesterday"), 400, "IncompleteSignature"),
    (change_header(AUTHORIZATION, lambda v: "AWS4-HMAC-SHA256 Signature=abc"),
     400, "IncompleteSignature"),
    (change_header(AUTHORIZATION, lambda v: "Bearer abc"), 400, "IncompleteSignature"),
    (change_header(AUTHORIZATION, lambda v: v.replace("/sts/", "/")), 400, "IncompleteSignature"),
    (lambda r: (r[0], r[1], {k: v for k, v in r[2].items() if k != AUTHORIZATION}, r[3]),
     403, "MissingAuthenticationToken"),
])
def test_refuses_a_request_changed_after_signing(aws, change, status, code):
    assert send(aws, change(signed(aws))) == (status, code)
    assert aws.decision()["decision"] == "deny"


def test_refuses_a_host_header_that_was_not_signed(aws):
    """Correctly signed, but without host: the signature could be replayed anywhere."""
    class WithoutHost(SigV4Auth):
        def headers_to_sign(self, request):
            chosen = super().headers_to_sign(request)
            del chosen["host"]
            return chosen

    request = AWSRequest("POST", aws.endpoint + "/", {"Content-Type": FORM}, data=BODY.encode())
    WithoutHost(Credentials(*names.SUPERSET_KEY), "sts", "eu-west-1").add_auth(request)
    headers = {**dict(request.headers.items()), "Host": aws.endpoint.split("//")[1]}
    assert send(aws, ("POST", "/", headers, BODY)) == (403, "SignatureDoesNotMatch")
    assert "host not in SignedHeaders" in aws.decision()["reason"]


@pytest.mark.parametrize("service", ["redshift", "redshift-serverless", "rds-db"])
def test_refuses_another_services_scope(aws, service):
    assert send(aws, signed(aws, service=service)) == (403, "SignatureDoesNotMatch")
    assert "correct service: 'sts'" in aws.decision()["reason"]


@pytest.mark.parametrize("body, code", [
    ("Action=GetCallerIdentity&Version=2010-01-01", "InvalidAction"),
    ("Action=DeleteEverything&Version=2011-06-15", "InvalidAction"),
    (BODY + "&Misspelt=1", "InvalidQueryParameter"),
    (BODY + "&Action=GetCallerIdentity", "InvalidQueryParameter"),
    ("%ff=1&", "MalformedQueryString"),
])
def test_refuses_a_request_that_is_signed_but_wrong(aws, body, code):
    assert send(aws, signed(aws, body=body))[1] == code


@pytest.mark.parametrize("target", ["*", "http://x/", "/\x7f", "/%"])
def test_survives_odd_targets(aws, target):
    connection = http.client.HTTPConnection(aws.endpoint.split("//")[1], timeout=20)
    connection._validate_path = lambda url: None
    connection.request("GET", target)
    assert connection.getresponse().status in (400, 403, 404)
    connection.close()
