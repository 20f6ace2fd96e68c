"""The command line as people and scripts use it."""

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import urllib.parse

import pytest

PG = "aurora_postgresql_cross_account"
MYSQL = "aurora_mysql_cross_account"


def test_token_prints_the_password_and_nothing_else(lab, rolegate):
    done = rolegate.run("token", PG)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    host, _, query = lines[0].partition("/?")
    target = lab.kinds["aurora_postgresql"]
    assert host == f"{target['host']}:{target['port']}"
    parameters = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
    assert (parameters["Action"], parameters["DBUser"], parameters["X-Amz-Expires"]) == ("connect", "superset_iam_user", "900")


def test_token_json(lab, rolegate):
    answer = json.loads(rolegate.ok("token", "--json", PG))
    target = lab.kinds["aurora_postgresql"]
    assert (answer["user"], answer["host"], answer["port"]) == ("superset_iam_user", target["host"], target["port"])
    assert "X-Amz-Signature" in answer["password"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["expires_at"])


@pytest.mark.parametrize("database", (PG, MYSQL))
def test_query_csv(rolegate, database):
    out = rolegate.ok("query", database, "SELECT id, customer, NULL AS nothing, 'a,\"b\"' AS odd FROM orders ORDER BY id LIMIT 2")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows == [["id", "customer", "nothing", "odd"], ["1", "Ada", "", 'a,"b"'], ["2", "Grace", "", 'a,"b"']]


@pytest.mark.parametrize("database", (PG, MYSQL))
def test_query_json_keeps_numbers_and_null(rolegate, database):
    rows = rolegate.rows(database, "SELECT id, customer, NULL AS nothing FROM orders ORDER BY id LIMIT 1")
    assert rows == [{"id": 1, "customer": "Ada", "nothing": None}]


@pytest.mark.parametrize("database", (PG, MYSQL))
def test_query_error_is_the_servers_own(rolegate, database):
    done = rolegate.run("query", database, "SELECT * FROM no_such_table")
    assert done.returncode == 1 and done.stdout == ""
    assert "no_such_table" in done.stderr


def test_query_reads_sql_from_standard_input(rolegate):
    assert json.loads(rolegate.ok("query", "--json", PG, "-", stdin="SELECT 7 AS n")) == [{"n": 7}]


@pytest.mark.parametrize("database, sql", (
    (PG, "SELECT repeat('x', 1000) AS x FROM generate_series(1, 300000)"),
    (MYSQL, "SELECT repeat('x', 1000) AS x FROM seq_1_to_300000")))
def test_query_streams(lab, rolegate, database, sql):
    """300 MB of rows go through a process that needs no more than 120 MB of its own."""
    # A process between this one and the program: RUSAGE_CHILDREN knows the largest child only, whichever that was.
    measure = ("import resource, subprocess, sys; "
               "status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode; "
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)")
    done = subprocess.run(["/usr/bin/python3", "-c", measure, str(rolegate.path), "query", database, sql],
                          env=lab.environment(), timeout=120, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 120_000


def on_terminal(rolegate, *arguments):
    """Runs with a terminal as standard output and gives what it showed."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(rolegate.path), *arguments], env={**rolegate.lab.environment(), "TERM": "xterm"},
                               stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return process.wait(30), shown.decode()


def test_query_shows_a_table_on_a_terminal(rolegate):
    status, shown = on_terminal(rolegate, "query", PG, "SELECT id, customer FROM orders ORDER BY id LIMIT 2")
    assert status == 0
    assert "customer" in shown and "Ada" in shown and "," not in shown


def test_terminal_escapes_in_data_do_not_reach_the_terminal(rolegate):
    status, shown = on_terminal(rolegate, "query", PG, "SELECT E'\\x1b]0;owned\\x07' AS sneaky")
    assert status == 0
    assert "\x1b]0;" not in shown and "\x07" not in shown


def wait_until_rows(rolegate, database, sql, wanted):
    for _ in range(200):
        if rolegate.rows(database, sql) == wanted:
            return
    pytest.fail(f"{sql} never gave {wanted}")


@pytest.mark.parametrize("database, slow, running", (
    (PG, "SELECT pg_sleep(600)",
     "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'"),
    # Not sleep(): that is the one thing in which the server notices by itself that the client is gone.
    (MYSQL, "SELECT benchmark(100000000, md5('x'))",
     "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT benchmark(%'")))
@pytest.mark.parametrize("more", ("", "; SELECT 2"))
def test_interrupt_cancels_the_running_query(lab, rolegate, database, slow, running, more):
    process = subprocess.Popen([str(rolegate.path), "query", database, slow + more], env=lab.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until_rows(rolegate, database, running, [{"n": 1}])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "rolegate: error: The query was cancelled.\n")
    wait_until_rows(rolegate, database, running, [{"n": 0}])


def test_exec_gives_libpq_programs_what_they_need(rolegate):
    out = rolegate.ok("exec", PG, "--", "psql", "-AtXc", "SELECT current_user")
    assert out == "superset_iam_user\n"


def test_exec_passes_the_exit_status_on(rolegate):
    assert rolegate.run("exec", PG, "--", "sh", "-c", "exit 7").returncode == 7


def test_exec_sets_these_variables_for_mysql(lab, rolegate):
    out = rolegate.ok("exec", MYSQL, "--", "sh", "-c", "env | grep -o '^MYSQL_[A-Z_]*' | sort | tr '\\n' ' '")
    for name in ("MYSQL_HOST", "MYSQL_PWD", "MYSQL_TCP_PORT"):
        assert name in out.split()


def test_exec_says_when_there_is_no_such_program(rolegate):
    done = rolegate.run("exec", PG, "--", "no-such-program-here")
    assert done.returncode == 127 and "no-such-program-here" in done.stderr


def test_exec_says_when_the_program_cannot_be_run(rolegate):
    (rolegate.folder / "no-program").write_text("not executable", encoding="utf-8")
    done = rolegate.run("exec", PG, "--", "./no-program")
    assert done.returncode == 126 and "Permission denied" in done.stderr


def test_the_secret_is_not_in_any_argument_list(lab, rolegate):
    """psql, asked from inside its own session, shows the command lines of every process in its group."""
    out = rolegate.ok("connect", PG, "--", "-AtXc", r"\! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '")
    assert "psql" in out and "X-Amz-Signature" not in out


def test_connect_runs_psql_logged_in(rolegate):
    assert rolegate.ok("connect", PG, "--", "-AtXc", "SELECT current_user") == "superset_iam_user\n"


def test_connect_redshift(rolegate):
    assert rolegate.ok("connect", "redshift_serverless_cross_account", "--", "-AtXc", "SELECT current_user") == \
        "IAMR:SupersetRedshiftAccess\n"


def test_unknown_database_names_the_nearest(rolegate):
    done = rolegate.run("token", "aurora_postgresql_cros_account")
    assert done.returncode == 2
    assert "aurora_postgresql_cross_account" in done.stderr


@pytest.mark.parametrize("arguments", ((), ("nonsense",), ("token",), ("query", PG), ("token", PG, "--no-such-option")))
def test_wrong_usage_exits_2_with_a_sentence(rolegate, arguments):
    done = rolegate.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip() and "terminate" not in done.stderr


def test_config_check_lists_every_problem(rolegate):
    good = rolegate.database(PG, name="good")
    broken = rolegate.database(PG, name="broken", regoin="eu-west-1", region=None, session_duration=100)
    done = rolegate.run("config", "check", config=rolegate.config(good, broken))
    assert done.returncode == 2
    text = done.stdout + done.stderr
    assert "regoin" in text and "did you mean 'region'" in text.lower() and "session_duration" in text
    assert re.search(r"rolegate\.yaml:\d+: ", text)


def test_a_broken_database_does_not_take_the_others_away(rolegate):
    config = rolegate.config(rolegate.database(PG, name="broken", region=None), rolegate.database(PG, name="good"))
    assert rolegate.rows("good", "SELECT 1 AS one", config=config) == [{"one": 1}]
    done = rolegate.run("token", "broken", config=config)
    assert done.returncode == 2 and "region" in done.stderr


def test_every_help_has_an_example(rolegate):
    for command in ("token", "query", "test", "exec", "connect", "policy", "config"):
        out = rolegate.ok(command, "--help")
        assert f"rolegate {command}" in out and "xample" in out, command
    assert rolegate.ok("--version").startswith("rolegate 0.")


def test_completion_knows_commands_and_databases(lab, rolegate):
    script = """
source packaging/completion/rolegate.bash
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
  $(complete -p rolegate | sed 's/.*-F \\([^ ]*\\).*/\\1/') rolegate "${COMP_WORDS[COMP_CWORD]}" ""; echo "${COMPREPLY[@]}"; }
complete_line rolegate po
complete_line rolegate token aurora_mysql_c
"""
    environment = {**lab.environment(), "PATH": f"{rolegate.path.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, text=True, capture_output=True, timeout=30,
                          cwd=os.path.join(os.path.dirname(__file__), "..", ".."), check=False)
    assert done.stdout.split() == ["policy", MYSQL], done
