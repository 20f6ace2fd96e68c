"""Says which credentials botocore chooses in each scenario below a folder.

A scenario is a folder with `environment` (NAME=VALUE lines), perhaps `profile` (a profile chosen by name), and a
home folder. No network is used: what would be fetched is replaced by a key that tells where it would have come
from. Prints "<scenario>\t<access key id | none | error>" per scenario.
"""
import os
import pathlib
import sys

import botocore.credentials
import botocore.session
import botocore.utils

EXPIRATION = "2099-01-01T00:00:00Z"


def credentials(key):
    return {"Credentials": {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": EXPIRATION}}


def role_name(arn):
    return arn.rsplit("/", 1)[-1]


def assume_role(fetcher):
    source = fetcher._source_credentials.get_frozen_credentials().access_key
    return credentials(f"role-{source}-{role_name(fetcher._role_arn)}")


def web_identity(fetcher):
    token = fetcher._web_identity_token_loader().strip()
    return credentials(f"web-{token}-{role_name(fetcher._role_arn)}")


def sso(fetcher):
    return credentials(f"sso-{fetcher._account_id}-{fetcher._role_name}")


def container(_fetcher, url, headers=None):
    return {"AccessKeyId": "container", "SecretAccessKey": "s", "Token": "t", "Expiration": EXPIRATION}


def instance(fetcher):
    if fetcher._disabled:
        return {}
    return {"role_name": "r", "access_key": "imds", "secret_key": "s", "token": "t", "expiry_time": EXPIRATION}


botocore.credentials.AssumeRoleCredentialFetcher._get_credentials = assume_role
botocore.credentials.AssumeRoleWithWebIdentityCredentialFetcher._get_credentials = web_identity
botocore.credentials.SSOCredentialFetcher._get_credentials = sso
botocore.utils.ContainerMetadataFetcher.retrieve_full_uri = container
botocore.utils.InstanceMetadataFetcher.retrieve_iam_role_credentials = instance


def choice(scenario):
    path = os.environ["PATH"]
    os.environ.clear()
    os.environ["PATH"] = path
    os.environ["HOME"] = str(scenario)
    for line in (scenario / "environment").read_text().splitlines():
        name, value = line.split("=", 1)
        os.environ[name] = value
    profile = scenario / "profile"
    try:
        session = botocore.session.Session(profile=profile.read_text() if profile.exists() else None)
        found = session.get_credentials()
        return found.get_frozen_credentials().access_key if found else "none"
    except Exception as error:
        print(f"{scenario.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return "error"


for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print(f"{folder.name}\t{choice(folder)}")
