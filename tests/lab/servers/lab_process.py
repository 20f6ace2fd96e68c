"""The lab process: starts every server, says how far it is, watches, and removes everything again.

It runs as root (servers run as postgres and mysql, PAM services live in /etc/pam.d) and is two processes: a watcher
that does nothing but wait, and its child that does the work. Whichever of the two is killed, the other one cleans up;
the servers themselves die with the child (PR_SET_PDEATHSIG). Attached (`lab run`, pytest), it also ends when its
standard input does, that is, when whoever asked for it is gone, however that came about.

Progress on standard output, one line each: `progress TEXT`, then `ready` or `failed JSON-STRING`; later, when a
server dies by itself, `died JSON-STRING`.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import select
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import pam_service
from .errors import LabError
from .processes import Account, ProcessId, die_with_parent
from .resources import Resources, remove


def main() -> int:
    parser = argparse.ArgumentParser(description="internal: use tests/lab/lab")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--owner", default="0:0", help="UID:GID of the user who asked for the lab")
    parser.add_argument("--attached", action="store_true", help="stop when standard input ends")
    parser.add_argument("--temporary", action="store_true", help="--dir itself goes with the lab")
    parser.add_argument("--world", type=Path, help="a world document in place of the default one")
    parser.add_argument("--stop", action="store_true", help="stop the lab of --dir")
    arguments = parser.parse_args()
    sys.dont_write_bytecode = True
    if arguments.stop:
        stop(arguments.dir)
        return 0
    os.umask(0o022)
    me = ProcessId.of(os.getpid())
    assert me is not None
    _process_file(arguments.dir).write_text(json.dumps({"pid": me.pid, "start_time": me.start_time}))
    resources = Resources(arguments.dir / "resources.jsonl")
    signals = _signal_pipe()
    worker = os.fork()
    if worker == 0:
        os._exit(_work(arguments, resources))
    return _watch(worker, resources, arguments.dir, signals, arguments.attached)


class Stopped(Exception):
    """Somebody asked the lab to stop."""


def _process_file(folder: Path) -> Path:
    return folder / "process.json"


def _signal_pipe() -> int:
    """Signals as readable bytes, so that one select() waits for them and for the end of standard input."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return readable


def _watch(worker: int, resources: Resources, folder: Path, signals: int, attached: bool) -> int:
    """Passes a request to stop on to the worker; cleans up after it, once more if it did so itself."""
    sources = [signals, 0] if attached else [signals]
    while True:
        pid, status = os.waitpid(worker, os.WNOHANG)
        if pid:
            break
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready and not os.read(0, 4096):
            sources.remove(0)
            os.kill(worker, signal.SIGTERM)
        if signals in ready and set(os.read(signals, 4096)) - {signal.SIGCHLD}:
            os.kill(worker, signal.SIGTERM)
    resources.clean_up()
    remove(_process_file(folder))
    return os.waitstatus_to_exitcode(status)


def _work(arguments: argparse.Namespace, resources: Resources) -> int:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # Blocked, and asked for where stopping is possible: an exception out of a signal handler would be lost whenever
    # the signal came within a destructor or a callback of fork().
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    status = 1
    try:
        die_with_parent(signal.SIGTERM)
        if arguments.temporary:
            resources.add_path(arguments.dir)
        _wait(_start(arguments, resources))
    except Stopped:
        status = 0
    except LabError as error:
        _say("failed " + json.dumps(str(error)))
    except Exception:  # a bug, or the machine; the log may be deleted with the lab, so the trace is in the message
        _say("failed " + json.dumps(traceback.format_exc()))
    finally:
        (arguments.dir / "lab.json").unlink(missing_ok=True)
        resources.clean_up()
        sys.stderr.flush()
    return status


def _check_stopped() -> None:
    if signal.SIGTERM in signal.sigpending():
        raise Stopped


def _say(line: str) -> None:
    try:
        os.write(1, (line + "\n").encode())
    except OSError:  # nobody reads any more
        pass


def _start(arguments: argparse.Namespace, resources: Resources) -> list:
    # Imported by the worker only: the watcher stays small.
    from . import certificates, description, mariadb, postgresql, python_servers
    from .server import Context

    begun = time.monotonic()
    folder: Path = arguments.dir
    owner = Account(*map(int, arguments.owner.split(":")))
    pam_service.sweep()
    for old in (*folder.glob("*.jsonl"), *(folder / "logs").glob("*.log")):
        if old not in (resources.file, folder / "logs" / "lab.log"):
            old.unlink()
    lab_id = f"{os.getpid()}-{secrets.token_hex(3)}"
    run_folder = Path("/tmp") / (pam_service.PREFIX + lab_id)  # short: unix socket paths end at 107 bytes
    resources.add_path(run_folder)
    run_folder.mkdir(mode=0o755)
    world = json.loads(arguments.world.read_text(encoding="utf-8")) if arguments.world else _default_world()
    _say("progress making certificates and the PAM module")
    made = certificates.make(folder / "certificates", description.endpoint_names(world))
    context = Context(lab_id, run_folder, folder / "logs", owner, made, pam_service.compile_module(run_folder, owner),
                      run_folder / "aws" / "verifier.sock", resources, lambda text: _say("progress " + text))
    _give(folder, owner)
    decisions, caught = folder / "decisions.jsonl", folder / "impostors.jsonl"
    aws, aws_ready = python_servers.prepare_aws(context, world, decisions)
    impostors, impostors_ready = python_servers.prepare_impostors(context, caught)
    servers = [aws.start(resources), impostors.start(resources)]
    _say("progress preparing PostgreSQL (twice) and MariaDB")
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(postgresql.prepare, postgresql.AURORA, context),
                   pool.submit(postgresql.prepare, postgresql.REDSHIFT, context),
                   pool.submit(mariadb.prepare, context)]
        prepared = [result.result() for result in waiting]
    _check_stopped()
    _say("progress starting them")
    servers += [server.start(resources) for server in prepared]
    for server in servers:
        server.wait_ready(_check_stopped)
    ports = {server.name: server.port.number for server in prepared}
    ca = folder / "ca.pem"
    ca.write_bytes(made.ca.read_bytes())
    entries = description.databases(world, ports, ca)
    endpoint, false_ports = json.loads(aws_ready.read_text()), json.loads(impostors_ready.read_text())
    lab = description.describe(world, ports, ca, entries) | {
        "dir": str(folder), "lab_id": lab_id,
        "aws": {"endpoint": endpoint["endpoint"], "https_endpoint": endpoint.get("https_endpoint"),
                "admin": endpoint["endpoint"] + "/_lab/", "config_file": str(folder / "aws" / "config"),
                "credentials_file": str(folder / "aws" / "credentials")},
        "verifier_socket": str(context.verifier_socket), "decisions_log": str(decisions),
        "impostors": {"log": str(caught), **false_ports["ports"]},
        "certificates": str(folder / "certificates"), "untrusted_ca": str(made.untrusted_ca),
        "config": str(folder / "rolegate.yaml"), "environment": str(folder / "env.sh"),
        "run_folder": str(run_folder),
        "processes": {server.name: {"pid": server.process.pid, "log": str(server.prepared.log)}
                      for server in servers},
        "ready_seconds": round(time.monotonic() - begun, 2)}
    description.write(folder, lab, entries)
    _give(folder, owner)
    return servers


def _default_world() -> dict:
    from aws.world import default_world
    return default_world()


def _give(folder: Path, owner: Account) -> None:
    """What lies in the lab's folder belongs to who asked for it."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def _wait(servers: list) -> None:
    """Until stopped, says so when a server dies by itself; the others go on, since a test may have wanted it."""
    _say("ready")
    while True:
        for server in servers[:]:
            if server.process.poll() is not None:
                servers.remove(server)
                print(server.obituary(), file=sys.stderr, flush=True)
                _say("died " + json.dumps(server.obituary()))
        if signal.sigwait({signal.SIGCHLD, signal.SIGTERM}) == signal.SIGTERM:
            raise Stopped


def stop(folder: Path) -> None:
    """Stops the lab process of this folder, or cleans up what a killed one left."""
    try:
        saved = json.loads(_process_file(folder).read_text())
        process = ProcessId(saved["pid"], saved["start_time"])
    except (FileNotFoundError, ValueError, KeyError):
        process = None
    if process is not None:
        process.kill(signal.SIGTERM)
        if not process.wait_gone(30):
            process.kill(signal.SIGKILL)
            process.wait_gone(5)
    Resources(folder / "resources.jsonl").clean_up()
    remove(_process_file(folder))
    (folder / "lab.json").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
