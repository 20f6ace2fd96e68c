"""Says what botocore makes of the settings of each scenario below a folder (laid out as for botocore_choice.py).

Prints "<scenario>\t<endpoint of STS> <endpoint of Redshift> <attempts> <CA bundle>" per scenario, or "error". No network
is used.
"""
import os
import pathlib
import sys

import botocore.session


def settings(scenario):
    path = os.environ["PATH"]
    os.environ.clear()
    os.environ.update(PATH=path, HOME=str(scenario), AWS_STS_REGIONAL_ENDPOINTS="regional")
    for line in (scenario / "environment").read_text().splitlines():
        name, value = line.split("=", 1)
        os.environ[name] = value
    try:
        session = botocore.session.Session()
        clients = [session.create_client(service, region_name=os.environ["REGION"], aws_access_key_id="a",
                                         aws_secret_access_key="s") for service in ("sts", "redshift")]
        urls = [client.meta.endpoint_url for client in clients]
        attempts = session.get_config_variable("max_attempts")
        return f"{urls[0]} {urls[1]} {attempts} {session.get_config_variable('ca_bundle')}"
    except Exception as error:
        print(f"{scenario.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return "error"


for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print(f"{folder.name}\t{settings(folder)}")
