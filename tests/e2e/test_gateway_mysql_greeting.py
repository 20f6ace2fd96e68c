"""What MySQL's clients are greeted with, before the gateway knows which database they want; and when it was wrong."""

import mysql_wire
import pytest
from forwarder import Forwarder
from gateway import PASSWORD, USER, database
from gateway_mysql import DATABASE
from servers.processes import wait_until

UNKNOWN = "8.0.0-rolegate"


@pytest.fixture(name="way")
def fixture_way(lab):
    with Forwarder(lab.kinds["aurora_mysql"]["connect_port"]) as way:
        yield way


def through(lab, way, **changes):
    """A database of the lab that is reached through a Forwarder."""
    entry = database(lab, DATABASE, database_name="changing", **changes)
    uri = entry["sqlalchemy_uri"].replace(lab.kinds["aurora_mysql"]["connect_to"], f"127.0.0.1:{way.port}")
    assert f":{way.port}" in uri
    return {**entry, "sqlalchemy_uri": uri}


def greeting(running, listener=None):
    with mysql_wire.Connection(running.mysql_address(listener)) as connection:
        return connection.greet()


def log_in(running):
    """With CLIENT_DEPRECATE_EOF, if it was offered; whether it was."""
    with mysql_wire.Connection(running.mysql_address()) as connection:
        wanted = mysql_wire.BASE | connection.greet().capabilities & mysql_wire.DEPRECATE_EOF
        connection.log_in(USER, PASSWORD, "changing", capabilities=wanted, secure=True).ping()
        return bool(wanted & mysql_wire.DEPRECATE_EOF)


def without_deprecate_eof(packet):
    """A server's greeting, without that capability: its upper half is 18 bytes behind the version's end."""
    high = packet.index(b"\0", 5) + 1 + 18
    capabilities = int.from_bytes(packet[high:high + 2], "little") & ~(mysql_wire.DEPRECATE_EOF >> 16)
    return packet[:high] + capabilities.to_bytes(2, "little") + packet[high + 2:]


def test_a_server_that_was_replaced_by_an_older_one(lab, gateway, way):
    """One client pays for it: it was promised what the server cannot do any more. The next one is told the truth."""
    running = gateway({"databases": [through(lab, way)]})
    assert log_in(running)
    way.change = without_deprecate_eof
    with pytest.raises(mysql_wire.ServerError, match="it lacks CLIENT_DEPRECATE_EOF. .* Connect again"):
        log_in(running)
    assert running.audit("session_fail")["reason"] == "greeting_differs"
    assert not log_in(running)


def test_a_server_that_was_replaced_by_a_newer_one(lab, gateway, way):
    """Every login tells what it is now."""
    way.change = without_deprecate_eof
    running = gateway({"databases": [through(lab, way)]})
    assert not log_in(running)
    way.change = None
    assert not log_in(running)
    assert log_in(running)


def test_a_shared_listener_offers_what_all_its_databases_can(lab, gateway, way):
    way.change = without_deprecate_eof
    running = gateway({"databases": [database(lab, DATABASE, listen=["127.0.0.1:0"]), through(lab, way)]})
    assert greeting(running, DATABASE).capabilities & mysql_wire.DEPRECATE_EOF
    # It has asked both when it started; which answered first is not said.
    assert wait_until(lambda: not greeting(running).capabilities & mysql_wire.DEPRECATE_EOF, 30)


def too_many(packet):
    """What a full server says in place of its greeting; SQLSTATEs come with the login."""
    return b"\x17\0\0\0\xff\x10\x04Too many connections"


def test_a_server_that_is_full_says_so_itself(lab, gateway, way):
    running = gateway({"databases": [through(lab, way)]})
    assert log_in(running)
    way.change = too_many
    with pytest.raises(mysql_wire.ServerError) as error:
        log_in(running)
    assert (error.value.code, error.value.sqlstate) == (1040, "08004")
    assert error.value.message.count("Too many connections") == 1, error.value.message
    way.change = None
    with mysql_wire.Connection(running.mysql_address()) as connection:
        connection.log_in(USER, PASSWORD, "changing", secure=True)
        with pytest.raises(mysql_wire.ServerError) as error:
            connection.query("SIGNAL SQLSTATE '08004' SET MYSQL_ERRNO = 1040, MESSAGE_TEXT = 'Too many connections'")
        assert str(error.value) == "1040 (08004) Too many connections"


def test_a_database_that_could_not_be_asked_is_asked_again(lab, gateway, way):
    way.change = lambda packet: b"\1\0\0\0?"
    running = gateway({"databases": [through(lab, way)]})
    assert greeting(running).version == UNKNOWN
    way.change = None
    assert wait_until(lambda: greeting(running).version != UNKNOWN, 30)
    assert "MariaDB" in greeting(running).version


def test_a_client_that_was_greeted_without_knowing_can_log_in(lab, gateway, way):
    way.change = lambda packet: b"\1\0\0\0?"
    running = gateway({"databases": [through(lab, way)]})
    with mysql_wire.Connection(running.mysql_address()) as connection:
        assert connection.greet().version == UNKNOWN
        way.change = None
        connection.log_in(USER, PASSWORD, "changing", secure=True).ping()
    assert "MariaDB" in greeting(running).version
