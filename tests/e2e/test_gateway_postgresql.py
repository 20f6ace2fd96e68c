"""PostgreSQL clients that hold a local password reach Aurora and Redshift through `rolegate serve`.

Each client does through the gateway what it would do with the server itself; what is expected is the server's own.
"""

import asyncio
import hashlib
import io
import select
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import postgresql_wire as wire
import psycopg2
import psycopg2.errors
import pytest
import sqlalchemy
from client_programs import java
from gateway import PASSWORD, USER, database
from postgresql_clients import PG, connect, directly, psql, rows, sleeping, value, wait_asleep
from program import made_calls
from servers.processes import wait_until

REDSHIFT = ("redshift_cluster_cross_account", "redshift_serverless_cross_account")
USERS = {PG: "superset_iam_user", "aurora_postgresql_password": "plain",
         "redshift_cluster_cross_account": "IAM:superset_iam_user",
         "redshift_serverless_cross_account": "IAMR:SupersetRedshiftAccess"}
MEGABYTE = 1 << 20


def settings_for_programs(running, **more):
    settings = running.postgresql(PG)
    return {"GATEWAY_HOST": settings["host"], "GATEWAY_PORT": settings["port"], "GATEWAY_USER": USER,
            "GATEWAY_PASSWORD": PASSWORD, "GATEWAY_DATABASE": PG, "GATEWAY_SSLMODE": "disable", **more}


# Logging in.


@pytest.mark.parametrize("unix", (False, True), ids=("tcp", "unix"))
@pytest.mark.parametrize("database", USERS)
def test_psql_logs_in_with_the_local_password(lab, gateway, database, unix):
    done = psql(gateway(), "-c", "SELECT session_user", database=database, unix=unix)
    assert (done.returncode, done.stdout) == (0, USERS[database] + "\n"), done.stderr
    if database != "aurora_postgresql_password":
        (login,) = (entry for entry in lab.decisions() if entry["operation"] in ("rds-db:connect", "redshift:login"))
        assert (login["decision"], login["user"]) == ("allow", USERS[database])
        assert ":assumed-role/Superset" in login["principal"]
    else:
        assert made_calls(lab) == {}


def test_a_session_is_the_servers_own(lab, gateway):
    """What a client learns at the start of a session is what the server says."""
    names = ("server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone", "IntervalStyle",
             "integer_datetimes", "standard_conforming_strings", "is_superuser")
    with connect(gateway()) as through, directly(lab) as direct:
        given = {name: through.get_parameter_status(name) for name in names}
        assert given == {name: direct.get_parameter_status(name) for name in names}
        assert through.get_parameter_status("session_authorization") == "superset_iam_user"
        assert through.server_version == direct.server_version


@pytest.mark.parametrize("kind", ("redshift_cluster", "redshift_serverless"))
def test_redshift_host_from_the_api(lab, gateway, kind):
    name = f"{kind}_cross_account"
    document = {"database_name": "sales", "encrypted_extra": {"aws_iam": lab.databases[name]["aws_iam"]},
                "sqlalchemy_uri": f"redshift:///dev?connect_to=127.0.0.1:{lab.kinds[kind]['connect_port']}&sslrootcert={lab.ca}"}
    with connect(gateway({"databases": [document]}), "sales") as connection:
        assert value(connection, "SELECT count(*) FROM sales") == 3
    operation = "redshift:DescribeClusters" if kind == "redshift_cluster" else "redshift-serverless:GetWorkgroup"
    assert lab.calls()[operation] == 1


def test_a_listener_of_its_own_takes_the_clients_database_name(lab, gateway):
    """There the name goes to the server as it is; on the shared listener it chooses among the configured ones."""
    document = database(lab, PG, database_name="orders", listen=["127.0.0.1:0"])
    running = gateway({"databases": [document]})
    with connect(running, "postgres", listener="orders") as connection:
        assert value(connection, "SELECT current_database()") == "postgres"
    with connect(running, "orders") as connection:
        assert value(connection, "SELECT current_database()") == "app"
    with pytest.raises(psycopg2.OperationalError) as refused:
        psycopg2.connect(**running.postgresql("no_such_database", listener="orders"))
    said = str(refused.value)
    assert said.count('database "no_such_database" does not exist') == 1
    assert 'The client asked for database "no_such_database"' in said and "sqlalchemy_uri" not in said


# Start-up parameters.


def test_startup_parameters_arrive(gateway):
    parameters = {"application_name": "a name, with 'quotes' and a \\", "DateStyle": "German, DMY",
                  "TimeZone": "America/St_Johns", "extra_float_digits": "3", "search_path": "pg_catalog",
                  "client_encoding": "UTF8"}

    async def check():
        settings = gateway().postgresql()
        connection = await asyncpg.connect(host=settings["host"], port=settings["port"], user=USER, password=PASSWORD,
                                           database=PG, ssl=False, server_settings=parameters)
        found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in parameters}
        await connection.close()
        return found

    assert asyncio.run(check()) == parameters


def test_options_and_client_encoding_of_libpq_arrive(gateway):
    with connect(gateway(), options=r"-c statement_timeout=12345 -c search_path=pg_catalog,\ public", client_encoding="LATIN1",
                 application_name="a name") as connection:
        assert value(connection, "SHOW statement_timeout") == "12345ms"
        assert value(connection, "SHOW search_path") == "pg_catalog, public"
        assert value(connection, "SHOW application_name") == "a name"
        assert value(connection, "SHOW client_encoding") == "LATIN1"
        assert value(connection, "SELECT octet_length(convert_to('ö', 'UTF8'))") == 2


def test_a_bad_parameter_is_refused_by_the_server_in_its_words(gateway):
    with pytest.raises(psycopg2.OperationalError, match='unrecognized configuration parameter "no_such_setting"'):
        psycopg2.connect(**gateway().postgresql(PG, options="-c no_such_setting=1"))


@pytest.mark.parametrize("replication", ("database", "true"))
def test_replication_reaches_the_server(gateway, replication):
    """The lab's servers allow none; only a server that was asked for it says so, with its own SQLSTATE."""
    with wire.Connection(gateway().postgresql_address()) as connection:
        fields = wire.error_of(connection.log_in(USER, PASSWORD, PG, replication=replication)).fields()
    assert fields["C"] == "53300" and "max_wal_senders" in fields["M"] + fields.get("D", "")


# Queries.


@pytest.mark.parametrize("database", (PG, *REDSHIFT))
def test_psycopg2_queries(gateway, database):
    table, label = ("orders", "customer") if database == PG else ("sales", "region")
    with connect(gateway(), database) as connection:
        assert value(connection, f"SELECT count(*) FROM {table} WHERE {label} IS NOT NULL") == (5 if database == PG else 3)
        assert rows(connection, "SELECT %s, %s, %s", ("ünïcode 李雷", None, 12.5))[0][:2] == ("ünïcode 李雷", None)
        assert rows(connection, "SELECT 1; SELECT 2") == [(2,)]
        rows(connection, "PREPARE plus (int) AS SELECT $1 + 1; SELECT 0")
        assert [value(connection, "EXECUTE plus (%s)", (n,)) for n in range(5)] == [1, 2, 3, 4, 5]
        with pytest.raises(psycopg2.errors.DivisionByZero):
            rows(connection, "SELECT 1/0")
        assert value(connection, "SELECT 'still usable'") == "still usable"


@pytest.mark.parametrize("sql", ("SELECT 1/0", "SELEKT 1", "SELECT * FROM no_such_table", "SELECT 'x'::int",
                                 "SELECT pg_read_file('/etc/passwd')", "RAISE"))
def test_errors_are_the_servers_own(lab, gateway, sql):
    def error(connection):
        with pytest.raises(psycopg2.Error) as caught:
            rows(connection, sql)
        names = ("severity", "sqlstate", "message_primary", "message_detail", "message_hint", "statement_position",
                 "source_file", "source_line", "source_function", "context")
        return {name: getattr(caught.value.diag, name) for name in names}

    with connect(gateway()) as through, directly(lab) as direct:
        assert error(through) == error(direct)


def test_notices_arrive(gateway):
    with connect(gateway()) as connection, connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; END $$")
        assert connection.notices == ["NOTICE:  first\n", "WARNING:  second\n"]


def test_transactions(gateway):
    with connect(gateway()) as connection:
        rows(connection, "CREATE TEMPORARY TABLE kept (n int); SELECT 1")
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kept VALUES (1)")
            cursor.execute("SAVEPOINT here")
            with pytest.raises(psycopg2.errors.DivisionByZero):
                cursor.execute("SELECT 1/0")
            with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
                cursor.execute("SELECT 1")
            cursor.execute("ROLLBACK TO here")
        connection.commit()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kept VALUES (2)")
        connection.rollback()
        assert rows(connection, "SELECT n FROM kept") == [(1,)]


@pytest.mark.parametrize("unix", (False, True), ids=("tcp", "unix"))
def test_a_result_of_100_megabytes(gateway, unix):
    """Each row differs, so that a piece that is lost, doubled or out of order shows."""
    running = gateway()
    with connect(running, unix=unix) as connection:
        connection.autocommit = False
        with connection.cursor("large") as cursor:
            cursor.itersize = 8
            cursor.execute("SELECT g, repeat(md5(g::text), 32768) FROM generate_series(1, 100) AS g")
            total = 0
            for number, text in cursor:
                assert text == hashlib.md5(str(number).encode()).hexdigest() * 32768, f"row {number} differs"
                total += len(text)
    assert total == 100 * MEGABYTE
    assert running.audit("session_close")["bytes_to_client"] > total


def test_one_message_of_50_megabytes_each_way(gateway):
    text = "".join(hashlib.md5(str(n).encode()).hexdigest() for n in range(1000)) * 1600
    with connect(gateway()) as connection:
        assert value(connection, "SELECT %s::text", (text,)) == text


def test_copy_in_and_out(gateway):
    running = gateway()
    lines = "".join(f"{n}\t{hashlib.md5(str(n).encode()).hexdigest() * 8}\n" for n in range(100_000))
    with connect(running) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copied (n int, label text)")
        cursor.copy_expert("COPY copied FROM STDIN", io.StringIO(lines))
        assert cursor.rowcount == 100_000
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT", out)
        assert out.getvalue() == lines
        with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
            cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("no number\tx\n"))
        assert value(connection, "SELECT count(*) FROM copied") == 100_000
    closed = running.audit("session_close")
    assert closed["bytes_to_database"] > len(lines) and closed["bytes_to_client"] > len(lines)


def test_psql_copies_a_large_file_both_ways(gateway, tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("".join(f"{n}\tlabel {n}\n" for n in range(500_000)), encoding="utf-8")
    done = psql(gateway(), "-q", "-c", "CREATE TEMPORARY TABLE copied (n int, label text)", "-c", rf"\copy copied FROM {source}",
                "-c", rf"\copy (SELECT * FROM copied ORDER BY n) TO {target}")
    assert done.returncode == 0, done.stderr
    assert source.read_bytes() == target.read_bytes()


def test_listen_and_notify_between_two_sessions(gateway):
    running = gateway()
    with connect(running) as listener, connect(running) as sender:
        rows(listener, "LISTEN channel; SELECT 1")
        rows(sender, "SELECT pg_notify('channel', 'payload ' || g) FROM generate_series(1, 3) AS g")
        # The listener asks for nothing: the server speaks first.
        while len(listener.notifies) < 3:
            readable, _, _ = select.select([listener], [], [], 30)
            assert readable, "no notification came"
            listener.poll()
        assert [(notify.channel, notify.payload) for notify in listener.notifies] == [("channel", f"payload {n}") for n in (1, 2, 3)]


# Cancelling: by the protocol's CancelRequest, on a connection of its own.


@pytest.mark.parametrize("database", (PG, REDSHIFT[0]))
def test_psycopg2_cancels(gateway, database):
    running = gateway()
    with connect(running, database) as connection, connect(running, database) as watcher:
        server = value(connection, "SELECT pg_backend_pid()")
        with sleeping(connection) as (outcome,):
            wait_asleep(watcher, server)
            connection.cancel()
            assert outcome.result(30) == "57014"
            wait_asleep(watcher, server, False)
            assert value(connection, "SELECT 'usable'") == "usable"


def test_a_cancel_request_stops_its_own_session_only(gateway):
    running = gateway()
    with connect(running) as first, connect(running) as second, connect(running) as watcher:
        servers = [value(connection, "SELECT pg_backend_pid()") for connection in (first, second)]
        with sleeping(first, second) as outcomes:
            for server in servers:
                wait_asleep(watcher, server)
            second.cancel()
            assert outcomes[1].result(30) == "57014"
            wait_asleep(watcher, servers[0])
            first.cancel()
            assert outcomes[0].result(30) == "57014"


def test_psql_cancels_at_an_interrupt(gateway):
    running = gateway()
    settings = running.postgresql(PG)
    environment = {**running.lab.environment(), "PGPASSWORD": PASSWORD}
    process = subprocess.Popen(["psql", "-XAt", "-h", settings["host"], "-p", str(settings["port"]), "-U", USER, "-d", PG,
                                "-c", "SELECT pg_backend_pid()", "-c", "SELECT pg_sleep(600)"], env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        with connect(running) as watcher:
            busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
            assert wait_until(lambda: value(watcher, busy) == 1, 30)
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=30)
            assert "canceling statement due to user request" in complaint
            assert wait_until(lambda: value(watcher, busy) == 0, 30)
    finally:
        process.kill()
        process.wait()


# asyncpg speaks the extended protocol only, in binary, and pipelines.


def asyncpg_connect(running, **more):
    settings = running.postgresql()
    return asyncpg.connect(host=settings["host"], port=settings["port"], user=USER, password=PASSWORD, database=PG,
                           ssl=False, timeout=30, **more)


def test_asyncpg(gateway):
    async def check():
        running = gateway()
        connection = await asyncpg_connect(running)
        assert await connection.fetchval("SELECT current_user") == "superset_iam_user"
        statement = await connection.prepare("SELECT $1::int + $2::int")
        assert [await statement.fetchval(n, n) for n in range(10)] == [2 * n for n in range(10)]

        await connection.execute("CREATE TEMPORARY TABLE copied (n int, label text)")
        records = [(n, f"label № {n}") for n in range(10_000)]
        await connection.copy_records_to_table("copied", records=records)
        out = io.BytesIO()
        await connection.copy_from_query("SELECT * FROM copied ORDER BY n", output=out)
        assert out.getvalue().decode() == "".join(f"{n}\t{label}\n" for n, label in records)

        with pytest.raises(asyncpg.DivisionByZeroError):
            async with connection.transaction():
                await connection.execute("DELETE FROM copied")
                await connection.execute("SELECT 1/0")
        async with connection.transaction():
            seen = [row["n"] async for row in connection.cursor("SELECT n FROM copied ORDER BY n", prefetch=100)]
        assert seen == list(range(10_000))

        heard = asyncio.get_running_loop().create_future()
        await connection.add_listener("channel", lambda *event: heard.set_result(event[2:]))
        sender = await asyncpg_connect(running)
        await sender.execute("NOTIFY channel, 'hello'")
        assert await asyncio.wait_for(heard, 30) == ("channel", "hello")
        await sender.close()
        await connection.close()

    asyncio.run(asyncio.wait_for(check(), 120))


def test_asyncpg_cancels_at_its_timeout(gateway):
    async def check():
        running = gateway()
        connection = await asyncpg_connect(running)
        server = await connection.fetchval("SELECT pg_backend_pid()")
        with pytest.raises(asyncio.TimeoutError):
            await connection.execute("SELECT pg_sleep(600)", timeout=0.5)
        # Its next query waits for the cancel to be dealt with.
        assert await connection.fetchval("SELECT 'usable'", timeout=30) == "usable"
        assert await connection.fetchval("SELECT pg_backend_pid()") == server
        await connection.close()

    asyncio.run(asyncio.wait_for(check(), 120))


def test_asyncpg_pool(gateway):
    async def check():
        settings = gateway().postgresql()
        async with asyncpg.create_pool(host=settings["host"], port=settings["port"], user=USER, password=PASSWORD,
                                       database=PG, ssl=False, min_size=2, max_size=8) as pool:
            assert await asyncio.gather(*(pool.fetchval("SELECT $1::int", n) for n in range(200))) == list(range(200))

    asyncio.run(asyncio.wait_for(check(), 120))


# The others.


def test_sqlalchemy_with_a_pool(lab, gateway):
    running = gateway()
    settings = running.postgresql(PG)
    url = sqlalchemy.engine.URL.create("postgresql+psycopg2", USER, PASSWORD, settings["host"], settings["port"], PG,
                                       {"sslmode": "disable"})
    engine = sqlalchemy.create_engine(url, pool_size=5, max_overflow=0, pool_pre_ping=True)

    def ask(number):
        with engine.begin() as connection:
            return connection.execute(sqlalchemy.text("SELECT :n * 2"), {"n": number}).scalar()

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(ask, range(200))) == [2 * n for n in range(200)]
    assert sqlalchemy.inspect(engine).get_pk_constraint("orders")["constrained_columns"] == ["id"]
    engine.dispose()
    assert 1 <= len([line for line in running.whole_audit() if line["event"] == "session_open"]) <= 5
    assert lab.calls()["sts:AssumeRole"] == 1


def test_pgbench(gateway, tmp_path):
    """32 clients; then as many that connect anew for every transaction."""
    running = gateway()
    settings = running.postgresql(PG)
    script = tmp_path / "script.sql"
    script.write_text("\\set id random(1, 5)\nSELECT customer FROM orders WHERE id = :id;\n", encoding="utf-8")
    where = ["-h", settings["host"], "-p", str(settings["port"]), "-U", USER, "-f", str(script), "-n"]
    for more in (["-c", "32", "-j", "2", "-t", "100", "-M", "prepared"], ["-c", "8", "-t", "5", "-C"]):
        done = subprocess.run(["/usr/lib/postgresql/15/bin/pgbench", *where, *more, PG], capture_output=True, text=True,
                              env={**running.lab.environment(), "PGPASSWORD": PASSWORD}, timeout=120, check=False)
        assert done.returncode == 0 and "number of failed transactions: 0" in done.stdout, done.stdout + done.stderr
    assert {line["reason"] for line in running.audit_all(32 + 8 * 5, "session_close")} == {"client_closed"}


EXPECTED_OF_PROGRAMS = {
    "user": "superset_iam_user", "sum of squares": "385", "prepared at the server": "1", "error in a transaction": "22012",
    "until rolled back": "25P02", "syntax error": "42601", "no such table": "42P01", "cancelled": "57014",
    "after the cancel": "usable"}


def test_jdbc(lab, gateway):
    with directly(lab) as direct:
        version = value(direct, "SHOW server_version")
    assert java("PostgresqlClient.java", "postgresql.jar", **settings_for_programs(gateway())) == {
        **EXPECTED_OF_PROGRAMS, "application name": "JDBC test", "server": version, "rows through a cursor": "5000",
        "rows after a rollback": "5000", "copied in": "20000", "copied out": "20000", "copies agree": "true",
        "error in a copy": "22P02", "notification": "jdbc_test hello"}


def test_npm_pg(gateway, node):
    assert node("postgresql_client.js", **settings_for_programs(gateway())) == {
        **EXPECTED_OF_PROGRAMS, "application name": "npm pg test", "rows after a rollback": "0",
        "notice": "from the server", "large value": "20000000", "notification": "npm_test hello",
        "answers through a pool": "64"}
