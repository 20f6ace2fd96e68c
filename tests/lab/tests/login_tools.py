"""Independent clients for the lab's tests: tokens by boto3, logins by psycopg2 and PyMySQL. No Rolegate here."""

from __future__ import annotations

import ssl
from contextlib import closing
from typing import Optional

import boto3
import psycopg2
import pymysql

REFUSED = (psycopg2.OperationalError, pymysql.err.OperationalError)


def client(lab, service: str, region: str, credentials: Optional[dict] = None):
    """A boto3 client of the lab's AWS endpoint; `credentials` is STS's answer, or none for user superset's keys."""
    keys = credentials or lab.description["access_keys"]["superset"]
    names = {key.lower().replace("_", ""): value for key, value in keys.items()}
    return boto3.session.Session().client(
        service, region_name=region, endpoint_url=lab.endpoint, aws_access_key_id=names["accesskeyid"],
        aws_secret_access_key=names["secretaccesskey"], aws_session_token=names.get("sessiontoken"))


def assume(lab, kind: str) -> dict:
    """The role's credentials, across accounts, with the external id."""
    target = lab.kinds[kind]
    sts = client(lab, "sts", target["region"])
    answer = sts.assume_role(RoleArn=target["role_arn"], RoleSessionName="lab-tests",
                             ExternalId=target["external_id"])
    return answer["Credentials"]


def token(lab, kind: str, user: str, credentials: Optional[dict] = None, port: Optional[int] = None) -> str:
    target = lab.kinds[kind]
    rds = client(lab, "rds", target["region"], credentials or assume(lab, kind))
    return rds.generate_db_auth_token(DBHostname=target["host"], Port=port or target["port"], DBUsername=user)


def log_in(lab, kind: str, user: str, password: str) -> list[tuple]:
    """Logs in over verified TLS, reads the demo table, and returns its rows."""
    target = lab.kinds[kind]
    table = "sales" if target["server"] == "redshift" else "orders"
    if target["scheme"] == "mysql":
        connection = _mysql(lab, target, user, password)
    else:
        connection = psycopg2.connect(
            host=target["host"], hostaddr="127.0.0.1", port=target["connect_port"], user=user, password=password,
            dbname=target["database"], sslmode="verify-full", sslrootcert=str(lab.ca), connect_timeout=20)
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
        return list(cursor.fetchall())


class NamedContext(ssl.SSLContext):
    """PyMySQL checks the certificate against the host it dials; the lab's endpoint has another name."""

    endpoint = ""

    def wrap_socket(self, sock, *arguments, **named):
        return super().wrap_socket(sock, *arguments, **{**named, "server_hostname": self.endpoint})


def _mysql(lab, target: dict, user: str, password: str):
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.endpoint = target["host"]
    context.load_verify_locations(lab.ca)
    connection = pymysql.connect(
        host="127.0.0.1", port=target["connect_port"], user=user, password=password, database=target["database"],
        ssl={"ca": str(lab.ca)}, charset="utf8mb4", connect_timeout=20, defer_connect=True)
    connection.ctx = context
    connection.connect()
    return connection
