"""What a lab tells its users: lab.json for programs, rolegate.yaml and env.sh for people.

Databases come in pairs: `..._same_account` needs credentials of the databases' own account (profile same-account) and
no role; `..._cross_account` is reached from the caller's account (profile superset) through a role.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import yaml
from aws import world as default

from . import users

PROFILE_OF = {"same_account": "same-account", "cross_account": "superset"}


@dataclass(frozen=True)
class Kind:
    """One of the four kinds of database: where it says it is, and which server plays it."""

    name: str
    scheme: str
    server: str         # the verifier's name of the database
    endpoint: dict      # host, port, region out of the world
    database: str
    iam_block: dict     # what its aws_iam block has beyond region, role_arn, external_id
    role_arn: str


def kinds(world: dict) -> list[Kind]:
    databases, cluster = world["databases"], world["clusters"]["my-cluster"]
    workgroup = world["workgroups"]["my-workgroup"]
    user = {"db_username": "superset_iam_user"}
    return [
        Kind("aurora_postgresql", "postgresql", "aurora_postgresql", databases["aurora_postgresql"], "app", user,
             default.DATABASE_ROLE),
        Kind("aurora_mysql", "mysql", "aurora_mysql", databases["aurora_mysql"], "shop", user, default.DATABASE_ROLE),
        Kind("redshift_cluster", "redshift", "redshift", cluster, "dev",
             {"cluster_identifier": "my-cluster", "db_name": "dev", **user}, default.REDSHIFT_ROLE),
        Kind("redshift_serverless", "redshift", "redshift", workgroup, "dev",
             {"workgroup_name": "my-workgroup", "db_name": "dev"}, default.REDSHIFT_ROLE)]


def endpoint_names(world: dict) -> list[str]:
    """Every host name a certificate of the lab must carry."""
    names = []
    for database in world["databases"].values():
        names += [entry["host"] for entry in [database, *database.get("endpoints", [])] if "host" in entry]
    for section in ("clusters", "workgroups"):
        names += [entry["host"] for entry in world[section].values()]
    return names


def databases(world: dict, ports: dict[str, int], ca: Path) -> list[dict]:
    """The `databases` list of rolegate.yaml."""
    entries = []
    for kind in kinds(world):
        block = {"enabled": True, "region": kind.endpoint["region"], **kind.iam_block}
        role = {"role_arn": kind.role_arn, "external_id": default.EXTERNAL_ID}
        entries += [_entry(kind, "same_account", block, ports, ca),
                    _entry(kind, "cross_account", block | role, ports, ca)]
    for kind in kinds(world)[:2]:
        entries.append(_entry(kind, "password", None, ports, ca))
    return entries


def _entry(kind: Kind, way: str, block: dict | None, ports: dict[str, int], ca: Path) -> dict:
    login = "" if block else f"{users.PLAIN_USER}:{users.PLAIN_PASSWORD}@"
    uri = (f"{kind.scheme}://{login}{kind.endpoint['host']}:{kind.endpoint['port']}/{kind.database}"
           f"?connect_to=127.0.0.1:{ports[kind.server]}&sslrootcert={quote(str(ca))}")
    entry: dict = {"database_name": f"{kind.name}_{way}", "sqlalchemy_uri": uri}
    if block:
        entry["encrypted_extra"] = {"aws_iam": block}
    return entry


def describe(world: dict, ports: dict[str, int], ca: Path, entries: list[dict]) -> dict:
    """The part of lab.json that follows from the world and the ports alone."""
    keys = {"superset": default.SUPERSET_KEY, "same-account": default.OWNER_KEY}
    return {
        "kinds": {kind.name: {
            "scheme": kind.scheme, "server": kind.server, "host": kind.endpoint["host"],
            "port": kind.endpoint["port"], "region": kind.endpoint["region"],
            "connect_to": f"127.0.0.1:{ports[kind.server]}", "connect_port": ports[kind.server],
            "database": kind.database, "role_arn": kind.role_arn, "external_id": default.EXTERNAL_ID,
            "users": list(users.REDSHIFT_USERS if kind.server == "redshift" else users.AURORA_USERS),
            "same_account": f"{kind.name}_same_account", "cross_account": f"{kind.name}_cross_account",
        } for kind in kinds(world)},
        "databases": {entry["database_name"]: {
            "sqlalchemy_uri": entry["sqlalchemy_uri"],
            "aws_iam": entry.get("encrypted_extra", {}).get("aws_iam"),
            "profile": PROFILE_OF.get("_".join(entry["database_name"].split("_")[-2:])),
        } for entry in entries},
        "password_login": {"user": users.PLAIN_USER, "password": users.PLAIN_PASSWORD},
        "access_keys": {profile: {"access_key_id": key[0], "secret_access_key": key[1]}
                        for profile, key in keys.items()},
        "ca": str(ca),
    }


def write(folder: Path, lab: dict, entries: list[dict]) -> None:
    """lab.json comes last and whole: who sees it can use everything it names."""
    aws = folder / "aws"
    aws.mkdir(exist_ok=True)
    region = lab["kinds"]["aurora_postgresql"]["region"]
    _write(aws / "config", "".join(f"[profile {name}]\nregion = {region}\n\n" for name in lab["access_keys"]))
    _write(aws / "credentials", "".join(
        f"[{name}]\naws_access_key_id = {key['access_key_id']}\naws_secret_access_key = {key['secret_access_key']}\n\n"
        for name, key in lab["access_keys"].items()), mode=0o600)
    heading = ("# Made by tests/lab/lab. Databases ending in _same_account need AWS_PROFILE=same-account, those ending\n"
               "# in _cross_account AWS_PROFILE=superset (what env.sh sets).\n")
    document = {"feature_flags": {"AWS_DATABASE_IAM_AUTH": True}, "databases": entries}
    _write(folder / "rolegate.yaml", heading + yaml.safe_dump(document, sort_keys=False, width=1000),
           mode=0o600)  # it holds passwords
    _write(folder / "env.sh", _shell(folder, lab, region))
    _write(folder / "lab.json", json.dumps(lab, indent=2, ensure_ascii=False) + "\n")


def _shell(folder: Path, lab: dict, region: str) -> str:
    variables = {"ROLEGATE_LAB": folder / "lab.json", "ROLEGATE_CONFIG": folder / "rolegate.yaml",
                 "AWS_ENDPOINT_URL": lab["aws"]["endpoint"], "AWS_CONFIG_FILE": folder / "aws" / "config",
                 "AWS_SHARED_CREDENTIALS_FILE": folder / "aws" / "credentials", "AWS_PROFILE": "superset",
                 "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"}
    return ("# Source this: the AWS settings of user superset in account 111111111111.\n"
            "# The _same_account databases: AWS_PROFILE=same-account (account 222222222222).\n"
            "# Keys in the environment would win over the profile, so there must be none.\n"
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION\n"
            + "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in variables.items()))


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    partial = file.with_name("." + file.name)
    partial.write_text(text, encoding="utf-8")
    partial.chmod(mode)
    partial.replace(file)
