"""Amazon's RDS CAs as `rolegate ca` keeps them, and what is said where one is missing or nobody checks."""

import contextlib
import http.server
import json
import ssl
import threading

import pytest
import yaml
from gateway import Gateway
from servers.certificates import Authority

PG = "aurora_postgresql_cross_account"


@contextlib.contextmanager
def https(content: bytes, pair):
    """A mirror: gives `content` for every path."""
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    mirror = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
    thread = threading.Thread(target=mirror.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{mirror.server_address[1]}/global-bundle.pem"
    finally:
        mirror.shutdown()
        thread.join()
        mirror.server_close()


def rds_root(folder, region):
    return Authority(folder, region, f"Amazon RDS {region} Root CA RSA2048 G1").file.read_bytes()


def test_update_from_a_mirror_over_verified_tls(rolegate, authority, server, tmp_path):
    bundle = tmp_path / "bundle.pem"
    present, newer = rds_root(tmp_path, "eu-west-1"), rds_root(tmp_path, "il-central-1")
    bundle.write_bytes(present)
    where = {"ROLEGATE_RDS_CA_BUNDLE": str(bundle)}
    assert rolegate.run("ca", "check", "il-central-1", environment=where).returncode == 1
    with https(present + newer, server) as url:
        stranger = Authority(tmp_path, "stranger", "Another authority")
        refused = rolegate.run("ca", "update", "--from", url, environment={**where, "AWS_CA_BUNDLE": str(stranger.file)})
        assert refused.returncode == 1 and "certificate" in refused.stderr
        assert bundle.read_bytes() == present
        said = rolegate.ok("ca", "update", "--from", url, environment={**where, "AWS_CA_BUNDLE": str(authority.file)})
    assert "New: il-central-1." in said
    assert bundle.read_bytes() == present + newer and bundle.stat().st_mode & 0o777 == 0o644
    rolegate.ok("ca", "check", "il-central-1", "eu-west-1", environment=where)
    listed = json.loads(rolegate.ok("ca", "list", "--json", environment=where))
    assert [one["region"] for one in listed["certificates"]] == ["eu-west-1", "il-central-1"]


def test_a_database_in_a_region_without_a_ca(lab, rolegate, tmp_path):
    """The lab's certificates are not Amazon's: the login fails as it does where the bundle is too old."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(rds_root(tmp_path, "il-central-1"))
    uri = lab.kinds["aurora_postgresql"]
    host = uri["host"]
    assert ".rds.amazonaws.com" in host
    config = rolegate.config(rolegate.database(
        PG, uri=f"postgresql://{host}:{uri['port']}/{uri['database']}?connect_to=127.0.0.1:{uri['connect_port']}"))
    environment = {"ROLEGATE_RDS_CA_BUNDLE": str(bundle)}
    region = host.split(".")[-4]
    sentence = f"has no CA for the region {region}. `rolegate ca update` downloads the current one."
    checked = rolegate.run("config", "check", config=config, environment=environment)
    assert sentence in " ".join(checked.stdout.split()) and checked.returncode == 0
    error = rolegate.failure("db", config=config, environment=environment)
    assert error["code"] == "tls_verification_failed" and sentence in error["hint"]
    assert "its issuer is Rolegate lab CA" in error["message"]


@pytest.fixture
def unverified(lab, rolegate):
    entry = rolegate.database(PG)
    entry["sqlalchemy_uri"] = entry["sqlalchemy_uri"].replace("sslmode=verify-full", "sslmode=require")
    if "sslmode=require" not in entry["sqlalchemy_uri"]:
        entry["sqlalchemy_uri"] += ("&" if "?" in entry["sqlalchemy_uri"] else "?") + "sslmode=require"
    return entry


def test_sslmode_require_is_warned_of(lab, rolegate, program_path, unverified):
    sentence = "sslmode: 'require' encrypts and verifies nothing"
    config = rolegate.config(unverified)
    checked = rolegate.run("config", "check", config=config)
    assert checked.returncode == 0 and sentence in " ".join(checked.stdout.split())
    tested = rolegate.run("test", "db", config=config)
    assert tested.returncode == 0 and sentence in tested.stderr
    serving = Gateway(program_path, lab)
    try:
        serving.start({"databases": yaml.safe_load(config.read_text())["databases"]})
        assert sentence in serving.log()
        serving.stop()
    finally:
        serving.discard()


def test_sslmode_require_is_warned_of_by_serve_of_named_databases(lab, rolegate, program_path, unverified):
    serving = Gateway(program_path, lab)
    try:
        serving.start({"databases": [unverified]}, arguments=["db"])
        assert "encrypts and verifies nothing" in serving.log()
        serving.stop()
    finally:
        serving.discard()
