"""Many sessions, much work: no error, nothing lost, and one call to STS however many come at once.

ROLEGATE_LOAD says how much each client does: 300 transactions by default, 10000 for the real thing.
"""

import contextlib
import os
import re
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from footprint import back_to_normal, memory_kb, sanitized
from gateway import PASSWORD, USER, database
from raw_clients import CLIENTS, ENGINES
from small_upstream import small_upstream

TRANSACTIONS = int(os.environ.get("ROLEGATE_LOAD", "300"))
# Never reached when all is well, on whatever machine.
BOUND_SECONDS = 120 + TRANSACTIONS // 10
CLIENTS_AT_ONCE = 32
IDLE_SESSIONS = 2000
FAST = {"gateway": {"login_rate": 10000}}


@pytest.fixture(params=ENGINES)
def client(request):
    return CLIENTS[request.param]


def finished(*command, **environment):
    done = subprocess.run([str(part) for part in command], env={**os.environ, **environment}, text=True, capture_output=True,
                          timeout=BOUND_SECONDS, check=False)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def pgbench(gateway):
    """pgbench with its tables, through a gateway."""
    running = gateway(FAST)
    settings = running.postgresql(CLIENTS["postgresql"].cross_account)
    where = {"PGHOST": settings["host"], "PGPORT": str(settings["port"]), "PGUSER": USER, "PGPASSWORD": PASSWORD,
             "PGDATABASE": settings["dbname"], "PGSSLMODE": "disable"}

    def run(*arguments):
        out = finished("pgbench", *arguments, **where)
        assert "aborted" not in out, out
        return out

    run("--initialize", "--quiet", "--scale", "1")
    yield running, run
    run("--initialize", "--init-steps=d")


@pytest.mark.parametrize("script", (("--select-only",), ("--select-only", "--protocol=prepared"), ("--builtin=simple-update",)),
                         ids=("reads", "prepared", "writes"))
def test_pgbench(pgbench, script):
    running, run = pgbench
    with back_to_normal(running, CLIENTS["postgresql"]):
        out = run("--no-vacuum", f"--client={CLIENTS_AT_ONCE}", "--jobs=2", f"--transactions={TRANSACTIONS}", *script)
        assert re.search(r"number of failed transactions: 0 ", out), out
        done = CLIENTS_AT_ONCE * TRANSACTIONS
        assert f"transactions actually processed: {done}/{done}\n" in out, out
        lines = running.audit_all(CLIENTS_AT_ONCE, "session_close")
        assert {line["reason"] for line in lines} <= {"client_closed", "database_closed"}


def test_pgbench_with_a_new_session_for_each_transaction(lab, pgbench):
    running, run = pgbench
    with back_to_normal(running, CLIENTS["postgresql"]):
        out = run("--no-vacuum", "--client=8", "--jobs=2", f"--transactions={TRANSACTIONS // 10}", "--connect", "--select-only")
        assert re.search(r"number of failed transactions: 0 ", out), out
    assert lab.calls()["sts:AssumeRole"] == 1
    assert not [line for line in running.whole_audit() if line["event"] == "session_fail"]


def test_sysbench(gateway):
    running = gateway(FAST)
    settings = running.mysql(CLIENTS["mysql"].cross_account)
    command = ["sysbench", "oltp_read_write", "--db-driver=mysql", f"--mysql-host={settings['host']}",
               f"--mysql-port={settings['port']}", f"--mysql-user={USER}", f"--mysql-password={PASSWORD}",
               f"--mysql-db={settings['database']}", "--tables=4", "--table-size=2000"]
    try:
        finished(*command, "prepare")
        with back_to_normal(running, CLIENTS["mysql"]):
            events = CLIENTS_AT_ONCE * TRANSACTIONS // 10  # of twenty statements
            out = finished(*command, f"--threads={CLIENTS_AT_ONCE}", f"--events={events}", "--time=0", "run")
            assert re.search(r"reconnects: +0 ", out), out
            assert int(re.search(r"transactions: +(\d+)", out)[1]) == events, out
    finally:
        finished(*command, "cleanup")
    lines = [line for line in running.whole_audit() if line["event"] == "session_close"]
    assert len(lines) >= CLIENTS_AT_ONCE and {line["reason"] for line in lines} <= {"client_closed", "database_closed"}


def test_two_hundred_at_once_cause_one_call_to_sts(lab, gateway, client):
    entry = database(lab, client.cross_account)
    entry["sqlalchemy_uri"] += f"&connect_timeout={BOUND_SECONDS}"
    running = gateway({**FAST, "databases": [entry]})

    def open_session(_):
        raw = client.connected(running)
        raw.socket.settimeout(BOUND_SECONDS)
        try:
            return raw.log_in(client.cross_account)
        except BaseException:
            raw.close()
            raise

    assert lab.calls()["sts:AssumeRole"] == 0  # nothing is known yet: all of them need the role's credentials
    with ThreadPoolExecutor(200) as threads:
        sessions = list(threads.map(open_session, range(200)))
    assert all(session.alive() for session in sessions)
    running.wait_metric(200, "rolegate_sessions", database=client.cross_account)
    for session in sessions:
        session.close()
    running.wait_metric(0, "rolegate_sessions")
    assert lab.calls()["sts:AssumeRole"] == 1 and lab.calls()["rds-db:connect"] == 200


def test_two_thousand_idle_sessions(lab, gateway, client):
    """They cost little, do not stop others, and every one of them answers afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3 * IDLE_SESSIONS)), hard))
    kind = lab.kinds[f"aurora_{client.engine}"]
    with small_upstream(lab, client.engine) as port:
        # On a listener of its own: MySQL's clients are greeted with what all databases of a listener can do.
        small = database(lab, client.cross_account, database_name="small", listen=["127.0.0.1:0"])
        small["sqlalchemy_uri"] = small["sqlalchemy_uri"].replace(kind["connect_to"], f"127.0.0.1:{port}")
        running = gateway({**FAST, "databases": [small, database(lab, client.password_database),
                                                 database(lab, client.cross_account)]})
        with back_to_normal(running, client), contextlib.ExitStack() as stack:
            def open_session(_):
                raw = client.connected(running, "small")
                stack.callback(raw.close)
                return raw.log_in("app")

            with ThreadPoolExecutor(32) as threads:
                sessions = list(threads.map(open_session, range(100)))
                before = memory_kb(running)
                sessions += list(threads.map(open_session, range(IDLE_SESSIONS - 100)))
            running.wait_metric(IDLE_SESSIONS, "rolegate_sessions", database="small")
            if not sanitized(running):
                assert (memory_kb(running) - before) / (IDLE_SESSIONS - 100) < 64
            with contextlib.closing(client.connected(running).log_in(client.password_database)) as other:
                assert other.alive()
            if client.engine == "mysql":
                for session in sessions:
                    session.wire.ping()
            else:
                assert all(session.alive() for session in sessions)
    assert lab.calls()["sts:AssumeRole"] == 1
