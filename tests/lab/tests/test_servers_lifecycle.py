"""A lab comes up, says what it is, and leaves nothing behind: after `down`, a kill of any of its processes, a failure
part-way, or the death of whoever asked for it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab_fixture import Lab
from login_tools import log_in, token
from servers import places
from servers.processes import ProcessId, wait_until

LAB = places.LAB_SOURCE / "lab"


def cli(*arguments, **named):
    return subprocess.run([LAB, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, **named)


@pytest.fixture
def folder(tmp_path):
    """A lab's folder; whatever the test leaves running in it is stopped."""
    yield tmp_path / "lab"
    cli("down", "--dir", tmp_path / "lab")


def traces(description):
    """Everything of this lab that is still on the machine."""
    lab_id = description["lab_id"]
    left = [str(path) for path in (*places.PAM_SERVICES.glob(f"*{lab_id}*"), Path(description["run_folder"]))
            if path.exists()]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if description["run_folder"] in command or f"--dir {description['dir']} " in command:
                left.append(f"{entry.name} {command}")
    return left


def gone(description):
    assert wait_until(lambda: not traces(description), 30, 0.05), traces(description)
    return True


def orphans():
    """PAM services and run folders whose lab process is no more. Other labs may be running on this machine."""
    found = [*places.PAM_SERVICES.glob("rolegate-lab-*"), *Path("/tmp").glob("rolegate-lab-[0-9]*")]
    return [path for path in found if ProcessId.of(int(path.name.split("-")[2])) is None and path.exists()]


def started(folder):
    result = cli("up", "--dir", folder, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_up_describes_the_lab_and_down_leaves_nothing(folder):
    description = started(folder)
    assert json.loads((folder / "lab.json").read_text()) == description
    assert set(description["processes"]) == {"aws", "impostors", "aurora_postgresql", "redshift", "aurora_mysql"}
    assert set(description["kinds"]) == {"aurora_postgresql", "aurora_mysql", "redshift_cluster",
                                         "redshift_serverless"}
    assert len(traces(description)) >= 3 + 1 + 5  # PAM services, run folder, processes: traces() does see them
    status = cli("status", "--dir", folder)
    assert status.returncode == 0 and status.stdout.count(" runs ") == 5
    assert cli("down", "--dir", folder).returncode == 0
    assert gone(description)
    assert not (folder / "lab.json").exists() and not (folder / "process.json").exists()
    assert cli("status", "--dir", folder).returncode == 1
    assert cli("down", "--dir", folder).returncode == 0, "a second down is harmless"


def test_two_labs_side_by_side_are_strangers(folder, lab):
    with Lab.start(folder) as other:
        for kind in ("aurora_postgresql", "aurora_mysql"):
            assert lab.kinds[kind]["connect_port"] != other.kinds[kind]["connect_port"]
            assert log_in(lab, kind, "app_rw", token(lab, kind, "app_rw"))
            secret = token(other, kind, "app_rw")
            assert log_in(other, kind, "app_rw", secret)
            with pytest.raises(Exception, match="certificate"):
                log_in(_with_servers_of(lab, other), kind, "app_rw", secret)
        description = other.description
    assert gone(description)
    assert log_in(lab, "aurora_mysql", "app_rw", token(lab, "aurora_mysql", "app_rw")), "the first one is unharmed"


def _with_servers_of(lab, other):
    """One lab's servers, seen with the other's CA."""
    return Lab(lab.description | {"ca": other.description["ca"]})


def test_second_lab_in_the_same_folder_is_refused(folder):
    started(folder)
    result = cli("up", "--dir", folder)
    assert result.returncode == 1 and "there is a lab in" in result.stderr


def test_run_gives_the_lab_and_passes_the_status_on():
    show = "import json, os, sys; print(open(os.environ['ROLEGATE_LAB']).read()); sys.exit(7)"
    result = cli("run", "--", sys.executable, "-c", show)
    assert result.returncode == 7, result.stderr
    description = json.loads(result.stdout)
    assert gone(description) and not Path(description["dir"]).exists()


def test_run_of_missing_command_fails_and_cleans_up():
    result = cli("run", "--", "/no/such/command")
    assert result.returncode == 127 and "No such file" in result.stderr


@pytest.fixture
def running():
    """`lab run` with a command that tells which lab it has and then waits for ever."""
    show = "import os, signal; print(os.environ['ROLEGATE_LAB'], os.getpid(), flush=True); signal.pause()"
    process = subprocess.Popen([LAB, "run", "--", sys.executable, "-c", show], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    with process:
        file, pid = process.stdout.readline().split()
        yield process, json.loads(Path(file).read_text()), ProcessId.of(int(pid))
        process.kill()


@pytest.mark.parametrize("number", (signal.SIGKILL, signal.SIGTERM))
def test_lab_and_command_end_with_killed_run(running, number):
    process, description, command = running
    process.send_signal(number)
    assert command.wait_gone(10)
    assert gone(description)
    assert wait_until(lambda: not Path(description["dir"]).exists(), 30)


def lab_processes(folder):
    """The watcher and the worker below it (with sudo, below that)."""
    watcher = json.loads((folder / "process.json").read_text())["pid"]
    worker = int(Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()[0])
    return watcher, worker


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="kills processes of root")


@as_root
@pytest.mark.parametrize("victim", ("watcher", "worker"))
def test_survivor_cleans_up_after_a_kill(folder, victim):
    description = started(folder)
    os.kill(dict(zip(("watcher", "worker"), lab_processes(folder)))[victim], signal.SIGKILL)
    assert gone(description)


@as_root
@pytest.mark.parametrize("way", ("down", "another lab"))
def test_what_is_left_when_both_are_killed_goes_later(folder, way, tmp_path):
    description = started(folder)
    watcher, worker = lab_processes(folder)
    os.kill(watcher, signal.SIGSTOP)   # so that it cannot clean up between the two kills
    os.kill(worker, signal.SIGKILL)
    os.kill(watcher, signal.SIGKILL)
    servers = [server["pid"] for server in description["processes"].values()]
    assert wait_until(lambda: not any(map(ProcessId.of, servers)), 30), "the servers die with the worker"
    assert traces(description), "PAM services stay: else this test shows nothing"
    if way == "down":
        assert cli("down", "--dir", folder).returncode == 0
    else:
        Lab.start(tmp_path / "other").stop()
    assert gone(description)


@as_root
@pytest.mark.parametrize("name", ("aurora_postgresql", "aurora_mysql"))
def test_death_of_a_server_is_told_with_its_log(folder, name):
    description = started(folder)
    server = description["processes"][name]
    os.kill(server["pid"], signal.SIGKILL)
    log = folder / "logs" / "lab.log"
    assert wait_until(lambda: f"{name} (pid {server['pid']}) was ended by signal 9" in log.read_text(), 30)
    assert server["log"] in log.read_text() and "ready" in log.read_text(), "with the tail of its log"
    status = cli("status", "--dir", folder)
    assert status.returncode == 1 and "has died" in status.stdout


def test_failure_part_way_says_why_and_leaves_nothing(folder, tmp_path):
    """The databases start, the AWS endpoint does not: its world is wrong."""
    from aws.world import default_world
    world = default_world() | {"nonsense": {}}
    (tmp_path / "world.json").write_text(json.dumps(world))
    result = cli("up", "--dir", folder, "--world", tmp_path / "world.json")
    assert result.returncode == 1
    assert "aws (pid" in result.stderr and "nonsense" in result.stderr, result.stderr
    assert not orphans() and not (folder / "lab.json").exists()


@as_root
@pytest.mark.parametrize("victim", ("watcher", "worker"))
@pytest.mark.parametrize("moment", ("run_folder", "aws", "pam.d", "aurora_mysql"))
def test_kill_while_starting_leaves_nothing(folder, tmp_path, moment, victim):
    """With an empty build folder, so that the data folders are being made when the kill comes."""
    environment = {**os.environ, "ROLEGATE_LAB_BUILD": str(tmp_path / "build")}
    with subprocess.Popen([LAB, "up", "--dir", folder], stderr=subprocess.DEVNULL, env=environment) as process:
        resources = folder / "resources.jsonl"
        sign = {"run_folder": "/tmp/", "aws": '"process": "aws"', "pam.d": "pam.d",
                "aurora_mysql": '"process": "aurora_mysql"'}[moment]
        seen = {}

        def reached():
            try:
                seen["text"] = resources.read_text()
            except FileNotFoundError:
                return False
            return sign in seen["text"]

        assert wait_until(reached, 60, 0.001)
        os.kill(dict(zip(("watcher", "worker"), lab_processes(folder)))[victim], signal.SIGKILL)
        assert process.wait(60) == 1
    entries = [json.loads(line) for line in seen["text"].splitlines() if line.endswith("}")]
    run_folder = next(Path(entry["path"]) for entry in entries if "path" in entry)
    assert gone({"lab_id": run_folder.name[len("rolegate-lab-"):], "run_folder": str(run_folder), "dir": str(folder)})
    assert not orphans()


def test_env_sh_and_configuration_fit_the_lab(lab):
    import yaml
    shell = subprocess.run(["bash", "-c", f". '{lab.description['environment']}' && env"], text=True, check=True,
                           stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "stale"})
    variables = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)
    assert variables["AWS_ENDPOINT_URL"] == lab.endpoint and "AWS_ACCESS_KEY_ID" not in variables
    configuration = yaml.safe_load(Path(variables["ROLEGATE_CONFIG"]).read_text(encoding="utf-8"))
    assert configuration["feature_flags"] == {"AWS_DATABASE_IAM_AUTH": True}
    names = [entry["database_name"] for entry in configuration["databases"]]
    assert set(names) == set(lab.databases) and len(names) == 10
    caller = subprocess.run(
        [places.PYTHON, "-c", "import boto3, os; print(boto3.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL'])"
         ".get_caller_identity()['Arn'])"], env=variables | {"AWS_PROFILE": "same-account"}, text=True,
        stdout=subprocess.PIPE, check=True)
    assert caller.stdout.strip().startswith("arn:aws:iam::222222222222:")
