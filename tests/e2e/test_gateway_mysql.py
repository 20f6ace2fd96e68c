"""MySQL clients through the gateway: whatever a client does with a database, it can do here, and sees no difference."""

import ssl

import mysql_clients
import mysql_wire
import pymysql
import pytest
from gateway import PASSWORD, USER
from gateway_mysql import DATABASE, UPSTREAM_USER, connected, own_listener, target, value, with_tls
from mysql_clients import CLIENTS, OWN_ATTRIBUTE


# JDBC needs a further library for unix sockets.
@pytest.mark.parametrize("client, way", [(client, way) for client in CLIENTS for way in ("tcp", "tls", "unix")
                                         if (client, way) != ("jdbc", "unix")])
def test_a_client_does_all_it_does(lab, gateway, client, way):
    running = gateway(with_tls(lab) if way == "tls" else None)
    found = mysql_clients.tour(client, target(running, lab, way))
    assert mysql_clients.unexpected(client, found) == {}

    closed = running.audit("session_close", user=USER)
    assert closed["bytes_to_client"] > 120 << 20 and closed["bytes_to_database"] > 20 << 20
    opened = running.audit("session_open", session=closed["session"])
    expected = {"database": DATABASE, "engine": "mysql", "upstream_user": UPSTREAM_USER,
                "role_arn": lab.kinds["aurora_mysql"]["role_arn"]}
    assert expected.items() <= opened.items()
    assert opened["authentication"] in ("caching_sha2_password", "mysql_native_password")
    assert opened["upstream_tls"].startswith("TLSv1.")
    assert ("client_tls" in opened) == (way == "tls")
    assert ("client_uid" in opened) == (way == "unix") and ("client_address" in opened) == (way != "unix")
    running.wait_metric(0, "rolegate_sessions")
    assert running.metrics().value("rolegate_logins_total", database=DATABASE, outcome="ok") >= 1


@pytest.mark.parametrize("client", ("libmariadb", "jdbc", "mysql2"))
def test_what_clients_say_of_themselves_arrives(lab, gateway, client):
    running = gateway()
    found = mysql_clients.tour(client, target(running, lab, "tcp"))
    assert found["attributes"] == client


def test_the_database_is_told_who_connected(gateway):
    """PyMySQL sends program_name; nobody's local user name or password goes along."""
    with connected(gateway(), program_name="a report") as connection:
        assert value(connection, OWN_ATTRIBUTE.replace("'tour'", "'program_name'")) == "a report"
        assert value(connection, "SELECT CURRENT_USER()").startswith(UPSTREAM_USER + "@")


def test_it_greets_as_the_database_does(lab, gateway):
    """The server's version, and its capabilities but those that hold for one leg only or are not relayed."""
    running = gateway()
    with mysql_wire.Connection(("127.0.0.1", lab.kinds["aurora_mysql"]["connect_port"])) as connection:
        upstream = connection.greet()
    with mysql_wire.Connection(running.mysql_address()) as connection:
        own = connection.greet()
    assert own.version == upstream.version
    assert own.extended == upstream.extended != 0
    kept = mysql_wire.LOCAL_FILES | mysql_wire.MULTI_STATEMENTS | mysql_wire.MULTI_RESULTS | mysql_wire.CONNECT_ATTRS \
        | mysql_wire.DEPRECATE_EOF | mysql_wire.PLUGIN_AUTH | mysql_wire.CONNECT_WITH_DB | mysql_wire.TRANSACTIONS
    assert own.capabilities & kept == upstream.capabilities & kept == kept
    assert upstream.capabilities & mysql_wire.COMPRESS, "the lab's server does not compress: the next line proves nothing"
    assert own.capabilities & (mysql_wire.COMPRESS | mysql_wire.ZSTD_COMPRESSION | mysql_wire.QUERY_ATTRIBUTES) == 0
    assert own.capabilities & mysql_wire.SSL == 0
    assert own.capabilities & ~upstream.capabilities == 0


def test_tls_is_offered_where_it_is_configured(lab, gateway):
    running = gateway(with_tls(lab))
    with mysql_wire.Connection(running.mysql_address()) as connection:
        assert connection.greet().capabilities & mysql_wire.SSL
        connection.start_tls(ssl.create_default_context(cafile=str(lab.ca)), "localhost")
        connection.log_in(USER, PASSWORD, DATABASE)
        assert connection.query("SELECT DATABASE()") == [["shop"]]


def test_compression_asked_for_is_compression_not_had(gateway):
    running = gateway()
    where = target(running, None, "tcp")
    out = mysql_clients.finished(where.mariadb("--compress", "--batch", "-N", "-e", "SHOW STATUS LIKE 'Compression'"),
                                 where.mariadb_environment())
    assert out.split() == ["Compression", "OFF"]


@pytest.mark.parametrize("charset, stored", (("utf8mb4", "C3A9"), ("latin1", "E9"), ("cp850", "82"), ("utf8mb3", "C3A9")))
def test_character_sets(gateway, charset, stored):
    """The client's set is asked for in the login itself, and there the gateway must pass it on."""
    running = gateway()
    done = mysql_clients.finished(
        [argument.replace("=utf8mb4", f"={charset}") for argument in target(running, None, "tcp").mariadb("--batch", "-N")],
        target(running, None, "tcp").mariadb_environment(),
        "SELECT @@character_set_client, @@character_set_results, HEX(CONVERT(_utf8mb4 0xC3A9 USING %s));\n" % charset)
    assert done.split() == [charset, charset, stored]


@pytest.mark.parametrize("number, name", ((8, "latin1"), (33, "utf8mb3"), (45, "utf8mb4"), (63, "binary"), (51, "cp1251")))
def test_the_character_set_of_the_login_holds(gateway, number, name):
    with mysql_wire.Connection(gateway().mysql_address()) as connection:
        connection.greet()
        response = bytearray(connection.response(USER, PASSWORD, DATABASE))
        response[8] = number
        connection.send(1, bytes(response))
        connection.finish_login(PASSWORD)
        assert connection.query("SELECT @@character_set_client") == [[name]]


# Which database.

def test_the_database_in_the_user_name(gateway):
    with connected(gateway(), None, user=f"{USER}@{DATABASE}") as connection:
        assert value(connection, "SELECT DATABASE()") == "shop"


def test_no_database_named(gateway):
    with pytest.raises(pymysql.err.MySQLError) as error:
        connected(gateway(), None)
    assert error.value.args[0] == 1046
    assert "USER@DATABASE" in error.value.args[1]


@pytest.mark.parametrize("schema, found", (("shop", "shop"), ("information_schema", "information_schema"), (None, "shop")))
def test_on_a_listener_of_its_own_the_schema_goes_through(lab, gateway, schema, found):
    running = gateway(own_listener(lab))
    with connected(running, schema, listener=DATABASE) as connection:
        assert value(connection, "SELECT DATABASE()") == found


def test_an_unknown_schema_is_refused_in_the_databases_own_words(lab, gateway):
    running = gateway(own_listener(lab))
    with pytest.raises(pymysql.err.MySQLError) as error:
        connected(running, "no_such_schema", listener=DATABASE)
    assert error.value.args[0] in (1044, 1049)
    assert "no_such_schema" in error.value.args[1]


def test_rolegate_query_through_the_gateway(lab, gateway, rolegate):
    """The program's own MySQL side: MariaDB Connector/C that checks the certificate's name."""
    host, port = gateway(with_tls(lab)).mysql_address()
    uri = (f"mysql://{USER}:{PASSWORD.replace(' ', '%20')}@localhost:{port}/{DATABASE}"
           f"?connect_to={host}:{port}&sslrootcert={lab.ca}")
    config = rolegate.config({"database_name": "through", "sqlalchemy_uri": uri})
    assert rolegate.rows("through", "SELECT customer FROM orders WHERE id = 1", config=config) == [{"customer": "Ada"}]


# Commands that the gateway looks at.

def test_reset_connection_passes(gateway):
    with mysql_wire.Connection(gateway().mysql_address()) as connection:
        connection.log_in(USER, PASSWORD, DATABASE)
        connection.query("SET @kept = 5")
        assert connection.query("SELECT @kept") == [["5"]]
        assert connection.command(mysql_wire.COM_RESET_CONNECTION).payload[:1] == b"\0"
        assert connection.query("SELECT @kept") == [[None]]


def test_an_idle_session_is_closed_by_the_shutdown(gateway):
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.log_in(USER, PASSWORD, DATABASE)
        connection.ping()
        running.stop()
        assert connection.at_end()  # without a word: drivers would not take 1053 for a lost connection


def test_a_transaction_may_end_while_the_gateway_drains(lab, gateway):
    running = gateway({"gateway": {"drain_timeout": "20s"}})
    with connected(running) as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute("SELECT COUNT(*) FROM orders")
        running.signal(15)
        running.wait_notified("STOPPING=1")
        cursor.execute("SELECT COUNT(*) FROM orders")
        assert cursor.fetchall() == ((5,),)
        connection.commit()
    # The last session is over: it need not wait for the end of its time.
    assert running.wait_exit(10) == 0
