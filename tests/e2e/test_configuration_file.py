"""Where the configuration comes from, and whose it may be."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from servers.processes import wait_until

PG = "aurora_postgresql_cross_account"
MYSQL = "aurora_mysql_cross_account"


@pytest.fixture
def text(rolegate):
    path = rolegate.config(rolegate.database(PG))
    written = path.read_text(encoding="utf-8")
    path.unlink()
    return written


@pytest.mark.parametrize("name", ("-", "/dev/stdin", "/dev/fd/0"))
def test_it_comes_from_standard_input(rolegate, text, name):
    assert rolegate.ok("--config", name, "config", "list", stdin=text) == "db\n"


def is_waiting(process, program):
    """Whether it has become `program` and sleeps, or has ended."""
    if process.poll() is not None:
        return True
    state = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return os.readlink(f"/proc/{process.pid}/exe") == str(program) and state == "S"


def test_it_comes_from_a_process_that_takes_its_time(lab, rolegate, text):
    """The writer says nothing until the program waits for it."""
    script = f"exec {rolegate.path} --config <(read -r go <&3; printf %s \"$CONFIGURATION\") config list"
    ready, go = os.pipe()
    with subprocess.Popen(["bash", "-c", f"exec 3<&{ready}; {script}"], pass_fds=(ready,), text=True,
                          env={**lab.environment(), "CONFIGURATION": text}, stdout=subprocess.PIPE) as process:
        assert wait_until(lambda: is_waiting(process, rolegate.path.resolve()), 30)
        os.write(go, b"go\n")
        out, _ = process.communicate(timeout=60)
    os.close(ready)
    os.close(go)
    assert (process.returncode, out) == (0, "db\n")


def test_an_empty_pipe_is_a_failure(rolegate):
    done = rolegate.run("--config", "-", "config", "check")
    assert done.returncode == 2 and "No configuration came from standard input" in done.stderr


def in_current_folder(rolegate, text, mode=0o600):
    path = rolegate.folder / "rolegate.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_one_in_the_current_folder_is_named(rolegate, text):
    in_current_folder(rolegate, text)
    done = rolegate.run("config", "list", without=("ROLEGATE_CONFIG",))
    assert (done.returncode, done.stdout) == (0, "db\n")
    assert done.stderr == "rolegate: using ./rolegate.yaml of the current folder\n"


def test_it_is_named_before_it_is_used_and_a_reload_reads_no_other(lab, rolegate, text, tmp_path):
    path = in_current_folder(rolegate, text)
    other = tmp_path / ".config" / "rolegate" / "rolegate.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(text, encoding="utf-8")
    variables = lab.environment(HOME=str(tmp_path), XDG_RUNTIME_DIR=str(tmp_path))
    for name in ("ROLEGATE_CONFIG", "XDG_CONFIG_HOME"):
        variables.pop(name, None)
    log = tmp_path / "log"

    def wait_log(wanted):
        wait_until(lambda: process.poll() is not None or wanted in log.read_text(encoding="utf-8"), 30)
        assert wanted in log.read_text(encoding="utf-8")

    with log.open("w", encoding="utf-8") as err, subprocess.Popen(
            [str(rolegate.path), "serve", "db"], env=variables, cwd=rolegate.folder, stdout=subprocess.DEVNULL,
            stderr=err) as process:
        try:
            wait_log("listening for")
            assert log.read_text(encoding="utf-8").startswith("rolegate: using ./rolegate.yaml of the current folder\n")
            path.rename(tmp_path / "moved.yaml")
            process.send_signal(signal.SIGHUP)
            wait_log("nothing was changed: The configuration file rolegate.yaml is gone.")
            (tmp_path / "moved.yaml").rename(path)
            process.send_signal(signal.SIGHUP)
            wait_log("the configuration was read again")
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert log.read_text(encoding="utf-8").count("of the current folder") == 1


@pytest.mark.parametrize("command", (("token", "db"), ("query", "db", "SELECT 1"), ("config", "check"), ("serve", "db")))
def test_one_that_others_may_write_is_refused(lab, rolegate, text, command):
    path = in_current_folder(rolegate, text, mode=0o666)
    before = lab.calls()
    done = rolegate.run(*command, without=("ROLEGATE_CONFIG",))
    assert (done.returncode, done.stdout) == (2, "")
    assert "mode 0666" in done.stderr and "chmod go-w" in done.stderr
    assert lab.calls() == before
    path.chmod(0o644)
    assert rolegate.run("config", "check", without=("ROLEGATE_CONFIG",)).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_strangers_is_refused(rolegate, text):
    path = in_current_folder(rolegate, text)
    os.chown(path, 65534, 65534)
    done = rolegate.run("token", "db", without=("ROLEGATE_CONFIG",))
    assert (done.returncode, done.stdout) == (2, "")
    assert "uid 65534" in done.stderr and "chown 0 ./rolegate.yaml" in done.stderr and "--config" in done.stderr


def test_a_ca_file_that_others_may_write_is_refused(lab, rolegate):
    ca = rolegate.folder / "ca.pem"
    ca.write_bytes(lab.ca.read_bytes())
    uri = lab.databases[PG]["sqlalchemy_uri"].split("&sslrootcert=")[0] + f"&sslrootcert={ca}"
    config = rolegate.config(rolegate.database(PG, uri=uri))
    assert rolegate.rows("db", "SELECT 1 AS one", config=config) == [{"one": 1}]
    ca.chmod(0o666)
    error = rolegate.walk("db", config=config)["error"]
    assert error["code"] == "ca_missing" and "may be written by others" in error["message"]


@pytest.mark.parametrize("database", (PG, MYSQL))
def test_variables_of_client_libraries_steer_nothing(rolegate, database):
    """Each of them would make the login or the query fail or differ."""
    (rolegate.folder / ".my.cnf").write_text("[client]\nhost=192.0.2.1\n", encoding="utf-8")
    steering = {"PGSERVICE": "nowhere", "PGSERVICEFILE": "/nowhere", "PGOPTIONS": "-c default_transaction_read_only=on",
                "PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "nowhere", "PGSSLMODE": "disable",
                "PGSSLROOTCERT": "/nowhere", "PGSSLCERT": "/", "PGTARGETSESSIONATTRS": "standby", "PGTZ": "Antarctica/Troll",
                "PGDATESTYLE": "German", "PGCLIENTENCODING": "LATIN1", "PGREQUIREAUTH": "none",
                "MYSQL_HOST": "192.0.2.1", "MYSQL_TCP_PORT": "1", "MYSQL_PWD": "nothing", "MYSQL_UNIX_PORT": "/nowhere",
                "LIBMYSQL_PLUGINS": "nowhere", "MARIADB_PLUGIN_DIR": "/nowhere", "HOME": str(rolegate.folder)}
    assert rolegate.walk(database, environment=steering)["ok"]
    assert rolegate.rows(database, "SELECT 7 AS n", environment=steering) == [{"n": 7}]
    if database == PG:
        rows = rolegate.rows(database, "SELECT current_setting('default_transaction_read_only') AS r, "
                                       "current_setting('TimeZone') AS z, current_setting('DateStyle') AS d", environment=steering)
        assert rows == rolegate.rows(database, "SELECT current_setting('default_transaction_read_only') AS r, "
                                               "current_setting('TimeZone') AS z, current_setting('DateStyle') AS d")


@pytest.mark.parametrize("database", (PG, MYSQL))
def test_sql_may_begin_with_a_comment(rolegate, database):
    assert rolegate.rows(database, "-- comment\nSELECT 7 AS n") == [{"n": 7}]
