"""Faults, the clock, counts, and the process itself."""

import json
import subprocess
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from aws_fixture import AwsLab, names


def identity(aws, attempts=1):
    return aws.client("sts", names.SUPERSET_KEY, attempts=attempts).get_caller_identity()


def workgroup(aws, attempts=1):
    return aws.client("redshift-serverless", names.OWNER_KEY, attempts=attempts).get_workgroup(
        workgroupName="my-workgroup")


def code_of(call):
    with pytest.raises(ClientError) as problem:
        call()
    response = problem.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_fault_strikes_as_often_as_asked(aws):
    aws.fault("sts:GetCallerIdentity", {"status": 503, "code": "ServiceUnavailable"}, times=2)
    assert identity(aws, attempts=3)["Account"] == names.CALLER
    assert aws.calls("sts:GetCallerIdentity") == 3


def test_a_fault_without_times_stays(aws):
    aws.fault("sts:GetCallerIdentity", {"status": 503, "code": "ServiceUnavailable"})
    assert code_of(lambda: identity(aws)) == ("ServiceUnavailable", 503)
    assert code_of(lambda: identity(aws)) == ("ServiceUnavailable", 503)
    assert "injected fault" in aws.decision()["reason"]
    assert aws.admin("GET", "calls")["sts:AssumeRole"] == 0
    aws.admin("DELETE", "faults")
    assert identity(aws)


def test_other_operations_are_not_struck(aws):
    aws.fault("sts:AssumeRole", {"drop": True})
    assert identity(aws)


def test_throttling_in_each_protocol(aws):
    aws.fault("*", {"throttle": True})
    assert code_of(lambda: identity(aws)) == ("Throttling", 400)
    assert code_of(lambda: workgroup(aws)) == ("ThrottlingException", 400)


def test_an_error_of_the_tests_choice(aws):
    aws.fault("sts:*", {"error": {"code": "RegionDisabledException", "message": "off",
                                  "status": 403}})
    assert code_of(lambda: identity(aws)) == ("RegionDisabledException", 403)


def test_server_errors_in_json(aws):
    aws.fault("redshift-serverless:*", {"status": 500, "code": "InternalFailure"})
    assert code_of(lambda: workgroup(aws)) == ("InternalServerException", 500)


def test_malformed_answers(aws):
    aws.fault("*", {"malformed": True})
    with pytest.raises(ResponseParserError):
        identity(aws)
    status, _, text = aws.http("POST", "/", headers={
        "X-Amz-Target": "RedshiftServerless.GetWorkgroup"})
    assert status == 200
    with pytest.raises(ValueError):
        json.loads(text)


def test_a_dropped_connection(aws):
    aws.fault("sts:GetCallerIdentity", {"drop": True}, times=1)
    with pytest.raises(ConnectionClosedError):
        identity(aws)
    assert identity(aws)


def test_a_delay_delays(aws):
    aws.fault("sts:GetCallerIdentity", {"delay": 0.4}, times=1)
    start = time.monotonic()
    identity(aws)
    assert time.monotonic() - start >= 0.4


def test_a_fault_at_the_verifier(aws):
    token = aws.token(names.OWNER_KEY)
    aws.fault("rds-db:connect", {"throttle": True}, times=1)
    assert "injected fault" in aws.ask(token)
    assert aws.ask(token) == "allow\n"


@pytest.mark.parametrize("rule", [
    {"operation": "sts:AssumeRole", "fault": {"explode": True}},
    {"operation": "sts:AssumeRol", "fault": {"drop": True}},
    {"operation": "sts:AssumeRole", "fault": {}}, {"operation": "sts:AssumeRole"}])
def test_refuses_a_fault_it_does_not_know(aws, rule):
    assert aws.http("POST", "/_lab/faults", [rule])[0] == 400


def test_counts_and_forgets(aws):
    identity(aws)
    assert aws.calls("sts:GetCallerIdentity") == 1
    aws.admin("DELETE", "calls")
    assert aws.calls("sts:GetCallerIdentity") == 0
    aws.admin("DELETE", "decisions")
    assert aws.admin("GET", "decisions") == []


def test_the_clock_moves_expirations_and_the_date_header(aws):
    before = aws.admin("GET", "clock")["now"]
    aws.shift_clock(600)
    expiration = aws.database_role()["Expiration"].timestamp()
    assert expiration == pytest.approx(before + 600 + 3600, abs=10)
    status, headers, _ = aws.http("GET", "/_lab/health")
    moment = time.mktime(time.strptime(headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"))
    assert moment - time.timezone == pytest.approx(before + 600, abs=10)


def test_reset_goes_back_to_the_start(aws):
    credentials = aws.database_role()
    aws.fault("*", {"drop": True})
    aws.admin("PATCH", "world", {"users": []})
    aws.shift_clock(7200)
    aws.admin("POST", "reset")
    assert identity(aws)
    assert aws.admin("GET", "faults") == []
    assert code_of(lambda: aws.client("sts", credentials).get_caller_identity())[0] == (
        "InvalidClientTokenId")


def test_refuses_a_broken_world_and_keeps_the_old_one(aws):
    world = aws.admin("GET", "world")
    world["roles"][0]["policies"][0]["Statement"][0]["Condition"] = {
        "NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
    status, _, text = aws.http("PUT", "/_lab/world", world)
    assert status == 400 and "NumericLessThan" in text
    assert aws.http("PUT", "/_lab/world", {"user": []})[0] == 400
    assert identity(aws)


def test_expiring_an_unknown_session_is_an_error(aws):
    assert aws.http("POST", "/_lab/expire", {"access_key_id": "ASIANONE"})[0] == 400


def test_serves_64_clients_at_once_over_kept_connections(aws):
    client = aws.client("sts", names.SUPERSET_KEY)
    start = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: client.get_caller_identity()["Account"], range(256)))
    assert set(answers) == {names.CALLER}
    assert aws.calls("sts:GetCallerIdentity") == 256
    assert time.monotonic() - start < 60


def test_answers_over_tls_and_ends_cleanly(tmp_path, clean_environment):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=lab", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem",
                    "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    lab = AwsLab(tmp_path, arguments=["--tls-cert", str(tmp_path / "cert.pem"),
                                      "--tls-key", str(tmp_path / "key.pem")])
    try:
        secure = lab.client("sts", names.SUPERSET_KEY, endpoint_url=lab.ready["https_endpoint"],
                            verify=str(tmp_path / "cert.pem"))
        assert secure.get_caller_identity()["Account"] == names.CALLER
        assert identity(lab)
    finally:
        assert lab.stop() == 0
    assert not (tmp_path / "verifier.sock").exists()


def test_errors_are_well_formed_xml_with_a_request_id(aws):
    status, headers, text = aws.http(
        "GET", "/?Action=Get%3CX%3E&Version=2011-06-15")
    root = xml.etree.ElementTree.fromstring(text)
    space = "{https://sts.amazonaws.com/doc/2011-06-15/}"
    assert status == 400
    assert root.find(f"{space}Error/{space}Code").text == "InvalidAction"
    assert root.find(f"{space}RequestId").text == headers["x-amzn-RequestId"]
