"""rolegate passwd: on a terminal and in scripts, and that servers take what it prints."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import subprocess
import termios

import psycopg2
import psycopg2.extensions
import pymysql
import pytest
import yaml
from gateway import USER
from postgresql_clients import PG, connect, directly, value
from servers import users
from servers.processes import wait_until

PASSWORD = "correct horse battery staple"
BOUND_SECONDS = 60


class Typist:
    """rolegate passwd on a terminal of its own, with somebody who types at it."""

    def __init__(self, rolegate, *arguments: str) -> None:
        self.master, self.slave = pty.openpty()
        environment = {**rolegate.lab.environment(), "TERM": "xterm"}
        # A session of its own, so that Ctrl-C of this terminal is for this process alone.
        self.process = subprocess.Popen([str(rolegate.path), "passwd", *arguments], env=environment, cwd=rolegate.folder,
                                        stdin=self.slave, stdout=subprocess.PIPE, stderr=self.slave,
                                        preexec_fn=self._take_terminal)
        self.shown = ""

    def _take_terminal(self) -> None:
        os.setsid()
        # A test run in the background of a shell has inherited that these are ignored; a terminal's programs do not.
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def __enter__(self) -> "Typist":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self.master)
        os.close(self.slave)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def read_until(self, text: str) -> None:
        os.set_blocking(self.master, False)

        def came() -> bool:
            try:
                self.shown += os.read(self.master, 65536).decode()
            except BlockingIOError:
                pass
            return text in self.shown

        assert wait_until(came, BOUND_SECONDS), f"{text!r} did not come: {self.shown!r}"

    def answer(self, prompt: str, text: str) -> None:
        self.read_until(prompt)
        assert not self.echoes(), "what is typed now would be shown"
        os.write(self.master, text.encode())

    def end(self) -> str:
        """Standard output."""
        out, _ = self.process.communicate(timeout=BOUND_SECONDS)
        try:
            self.shown += os.read(self.master, 65536).decode()
        except BlockingIOError:
            pass
        return out.decode()


def entry_of(out: str) -> dict:
    (entry,) = yaml.safe_load(out)
    return entry


def make(rolegate, *arguments: str, password: str = PASSWORD) -> dict:
    return entry_of(rolegate.ok("passwd", *arguments, stdin=password + "\n"))


def test_asks_twice_on_a_terminal_and_shows_nothing(rolegate):
    with Typist(rolegate, "alice") as typist:
        typist.answer("New password for alice: ", PASSWORD + "\n")
        typist.answer("The same again: ", PASSWORD + "\n")
        out = typist.end()
        assert typist.process.returncode == 0, typist.shown
        assert typist.echoes()
        assert PASSWORD not in typist.shown and PASSWORD not in out
    assert entry_of(out)["name"] == "alice"


@pytest.mark.parametrize("typed", ("\x03", "half of it\x03", "\x1c"))
def test_ctrl_c_ends_it_and_the_terminal_shows_again(rolegate, typed):
    with Typist(rolegate, "alice") as typist:
        typist.answer("New password for alice: ", typed)
        assert typist.end() == ""
        assert -typist.process.returncode in (signal.SIGINT, signal.SIGQUIT)
        assert typist.echoes()
        assert "half of it" not in typist.shown


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP))
def test_signals_leave_a_terminal_that_shows(rolegate, number):
    with Typist(rolegate, "alice") as typist:
        typist.read_until("New password for alice: ")
        assert not typist.echoes()
        typist.process.send_signal(number)
        assert typist.end() == ""
        assert -typist.process.returncode == number
        assert typist.echoes()


def test_passwords_that_differ(rolegate):
    with Typist(rolegate, "alice") as typist:
        typist.answer("New password for alice: ", PASSWORD + "\n")
        typist.answer("The same again: ", "another one\n")
        assert typist.end() == ""
        assert typist.process.returncode == 1
        assert "The two passwords differ" in typist.shown


def test_standard_input(rolegate):
    done = rolegate.run("passwd", "alice", stdin=PASSWORD + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSWORD not in done.stdout
    assert set(entry_of(done.stdout)) == {"name", "password", "databases"}
    assert "aurora_postgresql_cross_account" in entry_of(done.stdout)["databases"]


def test_json(rolegate):
    answer = json.loads(rolegate.ok("passwd", "alice", "--json", "--mysql-native", stdin=PASSWORD + "\n"))
    scram, native = answer["password"].split(" ")
    assert scram.startswith("SCRAM-SHA-256$4096:") and native.startswith("*") and len(native) == 41


def test_two_entries_of_one_password_differ(rolegate):
    assert make(rolegate, "alice")["password"] != make(rolegate, "alice")["password"]


@pytest.mark.parametrize("stdin, status, words", (
    ("", 1, "The password is empty"), ("\n", 1, "The password is empty"), ("a\tb\n", 1, "control character"),
    ("x" * 1001, 1, "longer than 1000 bytes"), ("short\n", 0, "fewer than 12 characters")))
def test_what_it_says_about_passwords(rolegate, stdin, status, words):
    done = rolegate.run("passwd", "alice", stdin=stdin)
    assert done.returncode == status
    assert words in done.stderr
    assert bool(done.stdout) == (status == 0)


@pytest.mark.parametrize("name", ("", "x" * 129, "a\nb"))
def test_names_that_cannot_be(rolegate, name):
    done = rolegate.run("passwd", name, stdin=PASSWORD + "\n")
    assert done.returncode == 2 and done.stdout == ""


def test_what_it_prints_can_be_pasted(rolegate):
    entry = rolegate.ok("passwd", "al: ice", "--mysql-native", stdin=PASSWORD + "\n",
                        config=rolegate.config(rolegate.database("aurora_postgresql_cross_account", name="a #1")))
    path = rolegate.folder / "rolegate.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "gateway:\n  postgresql: {listen: ['127.0.0.1:0']}\n  users:\n  " + entry,
                    encoding="utf-8")
    answer = json.loads(rolegate.ok("config", "check", "--json", config=path))
    assert answer["problems"] == []
    assert answer["gateway"]["users"] == 1


def test_postgresql_takes_the_verifier(lab, rolegate):
    """A PostgreSQL server keeps the printed verifier as it is, and lets the password in."""
    verifier = make(rolegate, "verified")["password"]
    target = lab.kinds["aurora_postgresql"]
    address = {"host": target["host"], "hostaddr": "127.0.0.1", "port": target["connect_port"], "dbname": target["database"],
               "sslmode": "verify-full", "sslrootcert": str(lab.ca), "connect_timeout": 20}
    owner = psycopg2.connect(user=users.PLAIN_USER, password=users.PLAIN_PASSWORD, **address)
    owner.autocommit = True
    try:
        with owner.cursor() as cursor:
            cursor.execute("DROP ROLE IF EXISTS passwd_verified")
            cursor.execute("CREATE ROLE passwd_verified LOGIN PASSWORD %s", (verifier,))
            connection = psycopg2.connect(user="passwd_verified", password=PASSWORD, **address)
            connection.close()
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(user="passwd_verified", password=PASSWORD + "r", **address)
            cursor.execute("DROP ROLE passwd_verified")
    finally:
        owner.close()


# One password, however a keyboard writes it: é of one character or two, NO-BREAK SPACE, full-width letters.
FORMS = ("caf\u00e9 au lait", "cafe\u0301 au lait", "caf\u00e9\u00a0au lait", "\uff43\uff41\uff46\u00e9 au lait")


@pytest.mark.parametrize("made_by", ("rolegate", "libpq"))
@pytest.mark.parametrize("made_of", FORMS, ids=("composed", "decomposed", "no-break space", "full width"))
def test_a_password_is_the_same_however_it_is_written(lab, rolegate, gateway, made_by, made_of):
    if made_by == "rolegate":
        verifier = make(rolegate, USER, password=made_of)["password"]
    else:
        with directly(lab) as server:
            verifier = psycopg2.extensions.encrypt_password(made_of, USER, scope=server, algorithm="scram-sha-256")
    running = gateway({"gateway": {"users": [{"name": USER, "password": verifier, "databases": ["*"]}]}})
    for typed in FORMS:
        with connect(running, password=typed) as connection:
            assert value(connection, "SELECT 1") == 1
        mysql = running.mysql("aurora_mysql_cross_account", password=typed.encode())
        with contextlib.closing(pymysql.connect(**mysql)) as connection:
            assert connection.ping() is None
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**running.postgresql(PG, password="cafe au lait"))


def test_the_password_is_in_no_argument_list_and_no_log(rolegate):
    done = rolegate.run("-vvv", "passwd", "alice", stdin=PASSWORD + "\n")
    assert done.returncode == 0
    assert PASSWORD not in done.stdout + done.stderr
