"""The PAM module by itself, through libpam as the database servers use it: no root, no server.

pam_start_confdir reads the service from a folder of the test's own.
"""

import ctypes
import os
import socket
import subprocess
import threading
import time

import pytest

from servers import places

PAM_SUCCESS, PAM_SERVICE_ERR, PAM_AUTH_ERR = 0, 3, 7
SOURCE = places.LAB_SOURCE / "pam" / "pam_rolegate_lab.c"


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
                        ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("talk", TALK), ("data", ctypes.c_void_p)]


libc = ctypes.CDLL(None)
libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
libpam = ctypes.CDLL("libpam.so.0")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    target = tmp_path_factory.mktemp("pam") / "pam_rolegate_lab.so"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
                    "-o", target, SOURCE, "-lpam"], check=True)
    return target


class Verifier:
    """Answers with the given bytes, or never; keeps what it was asked."""

    def __init__(self, folder, answer):
        self.path = folder / "v.sock"
        self.asked = []
        self._answer = answer
        self._closing = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        with client:
            client.settimeout(10)
            self.asked.append(b"".join(iter(lambda: client.recv(65536), b"")))
            if self._answer is None:
                self._closing.wait(10)
            else:
                try:
                    client.sendall(self._answer)
                except OSError:
                    pass

    def close(self):
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def verifier(tmp_path_factory):
    made = []
    # A short path: a unix socket's ends at 107 bytes, and pytest's folders are long.
    folder = tmp_path_factory.mktemp("v")

    def make(answer):
        made.append(Verifier(folder, answer))
        return made[-1]

    yield make
    for one in made:
        one.close()


def authenticate(module, tmp_path, options, user="app_rw", password=b"token", call="pam_authenticate"):
    """What libpam returns for this user and password."""
    (tmp_path / "lab").write_text(f"auth required {module} {options}\naccount required {module}\n")

    @TALK
    def talk(count, messages, responses, _):
        responses[0] = ctypes.cast(libc.calloc(count, ctypes.sizeof(Response)), ctypes.POINTER(Response))
        responses[0][0].text = libc.strdup(password)
        return PAM_SUCCESS

    handle = ctypes.c_void_p()
    conversation = Conversation(talk, None)
    started = libpam.pam_start_confdir(b"lab", user.encode(), ctypes.byref(conversation), os.fsencode(tmp_path),
                                       ctypes.byref(handle))
    assert started == PAM_SUCCESS
    result = getattr(libpam, call)(handle, 0)
    libpam.pam_end(handle, result)
    return result


@pytest.mark.parametrize("size", (1, 512, 4096, 65530, 200_000))
def test_hands_on_password_of_any_length(module, tmp_path, verifier, size):
    peer, password = verifier(b"allow\n"), b"t" * (size - 1) + b"!"
    assert authenticate(module, tmp_path, f"socket={peer.path} database=db", "jörg böhm", password) == PAM_SUCCESS
    assert peer.asked == [b"db\0" + "jörg böhm".encode() + b"\0" + password + b"\0"]


@pytest.mark.parametrize("answer", (b"deny expired\n", b"", b"allow", b"allowed\n", b"ALLOW\n", b" allow\n", b"\n",
                                    b"deny\nallow\n", b"x" * 5000))
def test_takes_nothing_but_allow_for_a_yes(module, tmp_path, verifier, answer):
    peer = verifier(answer)
    assert authenticate(module, tmp_path, f"socket={peer.path} database=db") == PAM_AUTH_ERR
    assert len(peer.asked) == 1


def test_silence_is_a_no_after_the_timeout(module, tmp_path, verifier):
    peer, begun = verifier(None), time.monotonic()
    assert authenticate(module, tmp_path, f"socket={peer.path} database=db timeout=1") == PAM_AUTH_ERR
    assert 0.9 < time.monotonic() - begun < 15  # which it waits when nothing is said of it


def test_no_verifier_is_a_no(module, tmp_path):
    assert authenticate(module, tmp_path, f"socket={tmp_path}/none database=db") == PAM_AUTH_ERR


@pytest.mark.parametrize("options", ("", "socket=/x", "database=db", "socket=/x database=db timeout=0", "socket=/x verbose"))
def test_wrong_options_let_nobody_in(module, tmp_path, options):
    assert authenticate(module, tmp_path, options) == PAM_SERVICE_ERR


def test_account_phase_says_yes(module, tmp_path):
    """Whether the account may log in is part of the verifier's one answer."""
    assert authenticate(module, tmp_path, "socket=/x database=db", call="pam_acct_mgmt") == PAM_SUCCESS
