"""Databases that are not what they say get no token, and the error says what was wrong with them."""

import pytest
from servers import impostor_log

EXPECTED = {
    "password_before_tls": "tls_not_offered",
    "untrusted_certificate": "tls_verification_failed",
    "wrong_name": "tls_verification_failed",
    "expired_certificate": "tls_verification_failed",
    "injected_bytes": ("bytes_before_tls", "tls_failed"),
}
# What is said of a certificate, whoever looked at it.
SENTENCES = {
    "untrusted_certificate": "has a certificate that no trusted CA vouches for: its issuer is Rolegate lab untrusted CA.",
    "wrong_name": " but for elsewhere.example.com.",
    "expired_certificate": "has a certificate that expired on 20",
}
STALLS = ("stall_connect", "stall_greeting", "stall_tls", "stall_auth")


def impostor(lab, rolegate, engine, mode):
    return rolegate.config(rolegate.database(f"aurora_{engine}_cross_account", uri=lab.impostor_uri(engine, mode)))


def modes(lab):
    return {engine: set(ports) for engine, ports in lab.description["impostors"].items() if isinstance(ports, dict)}


@pytest.mark.parametrize("engine", ("postgresql", "mysql"))
def test_every_mode_is_tried_here(lab, engine):
    tried = set(EXPECTED) | set(STALLS) | {"valid_certificate", "password_instead_of_tls", "auth_switch_before_tls",
                                           "cleartext_greeting_before_tls"}
    assert modes(lab)[engine] <= tried


@pytest.mark.parametrize("engine", ("postgresql", "mysql"))
def test_control_the_impostor_records_what_it_is_given(lab, rolegate, engine):
    """With nothing wrong the impostor gets the token: what the tests below find empty would else prove nothing."""
    done = rolegate.run("token", f"aurora_{engine}_cross_account")
    assert done.returncode == 0
    rolegate.walk("db", config=impostor(lab, rolegate, engine, "valid_certificate"))
    assert any("X-Amz-Signature" in password for password in lab.impostor_passwords(engine, "valid_certificate"))


@pytest.mark.parametrize("engine, mode", [
    *[(engine, mode) for engine in ("postgresql", "mysql") for mode in EXPECTED],
    ("postgresql", "password_instead_of_tls"), ("mysql", "auth_switch_before_tls"),
    ("mysql", "cleartext_greeting_before_tls")])
def test_gets_no_token(lab, rolegate, engine, mode):
    before = sum(event["stage"] == "closed" for event in lab.impostor_events(engine, mode))
    error = rolegate.failure("db", config=impostor(lab, rolegate, engine, mode))
    expected = EXPECTED.get(mode)
    if expected is not None:
        assert error["code"] in ((expected,) if isinstance(expected, str) else expected), error
    assert SENTENCES.get(mode, "") in error["message"]
    # The other way, through the client libraries: where a certificate was refused, a second connection looks at it.
    done = rolegate.run("query", "db", "SELECT 1", config=impostor(lab, rolegate, engine, mode))
    assert done.returncode == 1
    assert SENTENCES.get(mode, "") in done.stderr
    assert lab.impostor_passwords(engine, mode, before + 1 + (2 if mode in SENTENCES else 1)) == []
    assert not impostor_log.seen(lab.impostor_events(engine, mode), "X-Amz-Signature")


@pytest.mark.parametrize("engine", ("postgresql", "mysql"))
@pytest.mark.parametrize("mode", STALLS)
def test_a_stall_ends_at_the_deadline(lab, rolegate, engine, mode):
    config = impostor(lab, rolegate, engine, mode)
    for command in (("query", "db", "SELECT 1"), ("test", "db")):
        done = rolegate.run("--timeout", "2", *command, config=config)
        assert done.returncode == 1
        assert " in time." in done.stderr + done.stdout, done
    if mode != "stall_auth":
        assert not impostor_log.seen(lab.impostor_events(engine, mode), "X-Amz-Signature")
