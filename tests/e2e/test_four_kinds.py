"""The main job: the four kinds of database, in the caller's own account and across accounts.

What counts as proof is the verifier's decision log: it names the principal and how its credentials came to be.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from program import made_calls

KINDS = ("aurora_postgresql", "aurora_mysql", "redshift_cluster", "redshift_serverless")
WHO = {"postgresql": "SELECT session_user AS who", "redshift": "SELECT session_user AS who",
       "mysql": "SELECT substring_index(user(), '@', 1) AS who"}
USER = {"same_account": {"redshift_cluster": "IAM:superset_iam_user", "redshift_serverless": "IAM:reports"},
        "cross_account": {"redshift_cluster": "IAM:superset_iam_user", "redshift_serverless": "IAMR:SupersetRedshiftAccess"}}


def login_decision(lab):
    logins = [entry for entry in lab.decisions() if entry["operation"] in ("rds-db:connect", "redshift:login")]
    assert len(logins) == 1, logins
    return logins[0]


@pytest.mark.parametrize("way", ("same_account", "cross_account"))
@pytest.mark.parametrize("kind", KINDS)
def test_logs_in(lab, rolegate, kind, way):
    profile = "superset" if way == "cross_account" else "same-account"
    rows = rolegate.rows(f"{kind}_{way}", WHO[lab.kinds[kind]["scheme"]], profile=profile)
    user = USER[way].get(kind, "superset_iam_user")
    assert rows == [{"who": user}]

    decision = login_decision(lab)
    assert (decision["decision"], decision["user"]) == ("allow", user)
    if way == "same_account":
        assert decision["principal"] == "arn:aws:iam::222222222222:user/reports"
        assert "sts:AssumeRole" not in made_calls(lab)
    else:
        role = "SupersetDatabaseAccess" if kind.startswith("aurora") else "SupersetRedshiftAccess"
        assert decision["principal"].startswith(f"arn:aws:sts::222222222222:assumed-role/{role}/")
        assumed = [entry for entry in lab.decisions() if entry["operation"] == "sts:AssumeRole"]
        assert [(entry["decision"], entry["external_id_sent"]) for entry in assumed] == [("allow", "superset-prod-12345")]


@pytest.mark.parametrize("kind", KINDS)
def test_shows_each_step(lab, rolegate, kind):
    report = rolegate.walk(f"{kind}_cross_account")
    names = [step["name"] for step in report["steps"]]
    expected = ["feature_flag", "base_credentials", "role_credentials", "login", "resolve", "tcp", "tls", "handshake", "query"]
    assert [name for name in names if name in expected] == expected
    assert all(step["ok"] and step["ms"] >= 0 for step in report["steps"])


@pytest.mark.parametrize("kind", ("redshift_cluster", "redshift_serverless"))
def test_redshift_host_comes_from_the_api(lab, rolegate, kind):
    port = lab.kinds[kind]["connect_port"]
    config = rolegate.config(rolegate.database(
        f"{kind}_cross_account", uri=f"redshift:///dev?connect_to=127.0.0.1:{port}&sslrootcert={lab.ca}"))
    assert rolegate.rows("db", "SELECT count(*) AS n FROM sales", config=config) == [{"n": 3}]
    operation = "redshift:DescribeClusters" if kind == "redshift_cluster" else "redshift-serverless:GetWorkgroup"
    assert lab.calls()[operation] == 1


@pytest.mark.parametrize("kind", ("aurora_postgresql", "aurora_mysql"))
def test_password_database_asks_aws_nothing(lab, rolegate, kind):
    rows = rolegate.rows(f"{kind}_password", "SELECT count(*) AS n FROM orders")
    assert rows == [{"n": 5}]
    assert made_calls(lab) == {}
    assert lab.decisions() == []


@pytest.mark.parametrize("kind", ("aurora_postgresql", "aurora_mysql"))
@pytest.mark.parametrize("user", ("Mixed.Case", "jörg böhm"))
def test_unusual_user_names(lab, rolegate, kind, user):
    world = lab.world()
    target = world["databases"][kind]
    resource = f"arn:aws:rds-db:{target['region']}:{target['account']}:dbuser:{target['resource_id']}/{user}"
    grant = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "rds-db:connect", "Resource": resource}]}
    lab.patch_world({"roles": [{**role, "policies": [*role["policies"], grant]} for role in world["roles"]]})
    config = rolegate.config(rolegate.database(f"{kind}_cross_account", db_username=user))
    assert rolegate.rows("db", "SELECT 1 AS one", config=config) == [{"one": 1}]
    assert login_decision(lab)["user"] == user


@pytest.mark.parametrize("kind", ("aurora_postgresql", "aurora_mysql"))
@pytest.mark.parametrize("size", (4096, 7000))
def test_long_tokens(lab, rolegate, kind, size):
    lab.patch_world({"session_token_bytes": size})
    assert rolegate.rows(f"{kind}_cross_account", "SELECT 1 AS one") == [{"one": 1}]
    assert len(rolegate.ok("token", f"{kind}_cross_account").strip()) > size


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests already run as an ordinary user")
@pytest.mark.parametrize("kind", ("aurora_postgresql", "aurora_mysql"))
def test_logs_in_as_an_ordinary_user(lab, rolegate, kind):
    """A process that may not be dumped finds its own /proc files owned by root; root alone would not notice."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        program = shutil.copy(rolegate.path, folder / "rolegate")
        known = lab.databases[f"{kind}_cross_account"]
        ca = shutil.copy(lab.ca, folder / "ca.pem")
        config = rolegate.config(rolegate.database(f"{kind}_cross_account", uri=known["sqlalchemy_uri"].replace(str(lab.ca), str(ca))))
        shutil.copy(config, folder / "rolegate.yaml")
        key = lab.description["access_keys"]["superset"]
        environment = {**lab.environment(), "HOME": home, "ROLEGATE_CONFIG": str(folder / "rolegate.yaml"),
                       "AWS_ACCESS_KEY_ID": key["access_key_id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
        for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            del environment[name]
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")
        done = subprocess.run([program, "query", "db", "SELECT 1 AS one"], env=environment, user="nobody", cwd=home,
                              capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "one\n1\n"), done.stderr
