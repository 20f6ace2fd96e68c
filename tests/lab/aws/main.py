"""Starts the stand-in: python3 -m aws.main --world W --log L --socket S --ready R."""

import argparse
import json
import os
import signal
import sys
import threading

from .http_server import Server
from .lab import Lab
from .verifier import VerifierServer
from .world_model import WorldError


def main(arguments=None):
    options = _parse(arguments)
    try:
        with open(options.world, encoding="utf-8") as file:
            lab = Lab(json.load(file), options.log)
    except (OSError, ValueError, WorldError) as problem:
        print(f"aws.main: {options.world}: {problem}", file=sys.stderr)
        return 2
    servers = [Server(options.port, lab), VerifierServer(options.socket, lab)]
    ready = {"endpoint": servers[0].endpoint, "pid": os.getpid()}
    if options.tls_cert:
        servers.append(Server(0, lab, (options.tls_cert, options.tls_key)))
        ready["https_endpoint"] = servers[-1].endpoint
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: lab.stopping.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    _write_atomically(options.ready, json.dumps(ready))
    lab.stopping.wait()
    for server in servers:
        server.shutdown()
        server.socket.close()
    servers[1].server_close()
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="aws.main", description=__doc__)
    parser.add_argument("--world", required=True, help="JSON: accounts, roles, databases")
    parser.add_argument("--log", required=True, help="decisions are appended here")
    parser.add_argument("--socket", required=True, help="unix socket for the databases")
    parser.add_argument("--ready", required=True, help="written when everything listens")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-cert", help="certificate chain; adds an HTTPS listener")
    parser.add_argument("--tls-key")
    options = parser.parse_args(arguments)
    if bool(options.tls_cert) != bool(options.tls_key):
        parser.error("--tls-cert and --tls-key go together")
    return options


def _write_atomically(path, text):
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


if __name__ == "__main__":
    sys.exit(main())
