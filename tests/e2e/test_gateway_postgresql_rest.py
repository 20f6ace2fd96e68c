"""When a PostgreSQL session is at rest: the gateway ends it then with a word of its own, and at no other time."""

import contextlib
import signal
import struct

import postgresql_wire as wire
from postgresql_clients import directly, lock_held, logged_in, rows, wait_for_waiters

READY = b"Z\0\0\0\5I"


def until_end(connection: wire.Connection) -> bytes:
    seen = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.socket.recv(1 << 16):
            seen += part
    return seen


def sent_before_the_wait(connection: wire.Connection) -> bytes:
    """Of a server that waits behind its first two messages. What is full of its buffer of 8,192 bytes has been sent, and
    the rest has not."""
    first = connection.receive().raw
    head = connection.receive_exactly(5)
    (length,) = struct.unpack("!xI", head)
    whole = len(first) + 1 + length
    seen = first + head
    return seen + connection.receive_exactly(whole - whole % 8192 - len(seen))


def test_nothing_is_written_behind_data_that_imitates_ready_for_query(lab, gateway):
    """The answers stop in the middle of a value, each a byte further into a ReadyForQuery."""
    running = gateway({"gateway": {"drain_timeout": "1s"}})
    with lock_held(lab) as lock, contextlib.ExitStack() as stack:
        sessions = []
        for offset in range(len(READY)):
            connection = stack.enter_context(logged_in(running))
            value = f"decode(repeat('00', {offset}) || repeat('{READY.hex()}', 9000), 'hex')"
            sql = f"COPY (SELECT {value} UNION ALL SELECT convert_to(pg_advisory_lock({lock})::text, 'UTF8')) TO STDOUT (FORMAT binary)"
            connection.send(wire.framed("Q", sql.encode() + b"\0"))
            sessions.append(connection)
        wait_for_waiters(lab, lock, len(sessions))
        ends = [sent_before_the_wait(connection)[-len(READY):] for connection in sessions]
        assert ends.count(READY) == 1, ends
        running.signal(signal.SIGTERM)
        assert [until_end(connection) for connection in sessions] == [b""] * len(sessions)
    assert running.wait_exit() == 0


def test_a_query_may_take_longer_than_idle_timeout(gateway):
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    with logged_in(running) as connection:
        for statement in ("SELECT 1", "SELECT pg_sleep(2.5)", "SELECT 2"):
            assert [message.type for message in connection.query(statement)] == ["T", "D", "C", "Z"]
        fields = connection.receive().fields()
        assert fields["C"] == "57P05"
        assert connection.at_end()
    assert running.audit("session_close")["reason"] == "idle_timeout"


def test_a_client_that_has_asked_only_half_is_not_idle_and_notices_are_no_answer(lab, gateway):
    """A Parse without its Sync; notifications that a session at rest is sent."""
    running = gateway({"gateway": {"idle_timeout": "1s"}})
    # None is idle for as long as another logs in, and the sender has no timeout.
    with directly(lab) as sender, logged_in(running) as half:
        half.send(wire.framed("P", b"\0SELECT 1\0\0\0") + wire.framed("H", b""))
        assert half.receive().type == "1"
        with logged_in(running) as listener:
            assert listener.query("LISTEN channel")[-1].type == "Z"
            rows(sender, "NOTIFY channel; SELECT 1")
            assert listener.receive().type == "A"
            assert listener.receive().fields()["C"] == "57P05" and listener.at_end()
        half.send(wire.framed("S", b""))
        assert half.receive().type == "Z"
        assert half.receive().fields()["C"] == "57P05" and half.at_end()
