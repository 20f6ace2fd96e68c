"""The world as data: look-ups, and the checks that keep a typo from meaning yes."""

import copy
from dataclasses import dataclass

from . import policy
from .conditions import PolicyError

_SECTIONS = {"users", "roles", "web_identity", "sso", "imds", "container", "clusters",
             "workgroups", "databases", "regions", "session_token_bytes"}
DEFAULT_REGIONS = ("eu-west-1", "us-east-1")


class WorldError(Exception):
    """The world document is not one the lab can stand on."""


@dataclass(frozen=True)
class Endpoint:
    """One host:port that names an RDS database, with what IAM knows about it."""
    host: str
    port: int
    region: str
    account: str
    resource_id: str

    def resource(self, user):
        """The ARN of "Creating and using an IAM policy for IAM database access"."""
        return (f"arn:{partition(self.region)}:rds-db:{self.region}:{self.account}:"
                f"dbuser:{self.resource_id}/{user}")


class World:
    """An immutable view of one world document."""

    def __init__(self, document):
        self.document = copy.deepcopy(document)
        try:
            self._check()
        except (PolicyError, KeyError, TypeError, ValueError, AttributeError) as problem:
            raise WorldError(f"{type(problem).__name__}: {problem}") from problem
        self._users = {user["access_key_id"]: user for user in self.section("users", [])}
        self._roles = {role["arn"]: role for role in self.section("roles", [])}
        self._entities = {user["arn"]: user for user in self._users.values()}
        self._entities.update(self._roles)

    def section(self, name, default=None):
        value = self.document.get(name)
        return default if value is None else value

    def user_by_key(self, access_key_id):
        return self._users.get(access_key_id)

    def role(self, arn):
        return self._roles.get(arn)

    def entity_exists(self, arn):
        return arn in self._entities

    def policies_of(self, entity_arn):
        """Identity policies of a user or role; none for one that is gone."""
        return self._entities.get(entity_arn, {}).get("policies", [])

    def regions(self):
        return self.section("regions", list(DEFAULT_REGIONS))

    def database(self, name):
        return self.section("databases", {}).get(name)

    def endpoints(self, name):
        """All endpoints of an RDS database; the first is its main one.

        Aurora has writer, reader and custom endpoints; "endpoints" lists the
        further ones, each overriding what differs.
        """
        main = self.database(name)
        further = main.get("endpoints", [])
        return [Endpoint(**{key: {**main, **extra}[key] for key in
                            ("host", "port", "region", "account", "resource_id")})
                for extra in [{}] + further]

    def _check(self):
        unknown = set(self.document) - _SECTIONS
        if unknown:
            raise ValueError(f"unknown section {sorted(unknown)}")
        for user in self.section("users", []):
            account_of(user["arn"]), user["access_key_id"], user["secret_access_key"]
        for role in self.section("roles", []):
            account_of(role["arn"])
            policy.check(role["trust_policy"], trust=True)
        for entity in self.section("users", []) + self.section("roles", []):
            for document in entity.get("policies", []):
                policy.check(document, trust=False)
        for provider in self.section("web_identity", []):
            provider["provider_arn"].split(":oidc-provider/")[1], provider["tokens"].items()
        for name, database in self.section("databases", {}).items():
            if database["kind"] == "rds":
                self.endpoints(name)
            elif database["kind"] == "redshift":
                self._check_redshift(database)
            else:
                raise ValueError(f"database {name}: kind {database['kind']!r}")

    def _check_redshift(self, database):
        database["region"], database["account"]
        for section in ("clusters", "workgroups"):
            for name in database.get(section, []):
                entry = self.document[section][name]
                entry["account"], entry["region"], entry["host"], entry["port"]


def account_of(arn):
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or len(parts[4]) != 12 or not parts[4].isdigit():
        raise ValueError(f"not an IAM ARN with an account: {arn!r}")
    return parts[4]


def partition(region):
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
