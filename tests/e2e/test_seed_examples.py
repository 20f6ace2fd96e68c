"""The three JSON examples of the document that Rolegate takes over, and of README, word for word."""

import json
import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
EXAMPLES = {
    "aurora": """{
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetDatabaseAccess",
    "external_id": "superset-prod-12345",
    "region": "us-east-1",
    "db_username": "superset_iam_user",
    "session_duration": 3600
  }
}""",
    "redshift_serverless": """{
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetRedshiftAccess",
    "region": "us-east-1",
    "workgroup_name": "my-workgroup",
    "db_name": "dev"
  }
}""",
    "redshift_cluster": """{
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetRedshiftAccess",
    "region": "us-east-1",
    "cluster_identifier": "my-cluster",
    "db_username": "superset_iam_user",
    "db_name": "dev"
  }
}""",
}


def uri(lab, name):
    if name == "aurora":
        host = lab.kinds["aurora_postgresql"]["host"].replace("eu-west-1", "us-east-1")
        return f"postgresql+psycopg2://{host}/app?connect_to={lab.kinds['aurora_postgresql']['connect_to']}&sslrootcert={lab.ca}"
    return f"redshift+psycopg2:///dev?connect_to={lab.kinds[name]['connect_to']}&sslrootcert={lab.ca}"


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("form", ("string", "object"))
def test_works_as_it_stands(lab, rolegate, name, form):
    extra = EXAMPLES[name] if form == "string" else json.loads(EXAMPLES[name])
    config = rolegate.config({"database_name": "db", "sqlalchemy_uri": uri(lab, name), "encrypted_extra": extra})
    assert rolegate.rows("db", "SELECT 1 AS one", config=config) == [{"one": 1}]


@pytest.mark.parametrize("name", EXAMPLES)
def test_is_in_readme(name):
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.S)]
    assert json.loads(EXAMPLES[name]) in blocks
