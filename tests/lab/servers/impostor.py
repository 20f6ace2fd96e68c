"""False databases on loopback, one port per engine and mode: would a client give them its token?

Started by the lab process: `python3 -m servers.impostor --folder CERTIFICATES --log FILE --ready FILE`. The ready file
is {"pid": .., "ports": {"postgresql": {MODE: PORT}, "mysql": {MODE: PORT}}}.

Modes: valid_certificate is the control, nothing is wrong with it and every client sends its password; the others
break one rule each, or (stall_*) fall silent at one step.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import socket
import ssl
import threading
from pathlib import Path
from types import ModuleType

from . import impostor_mysql, impostor_postgresql
from .impostor_connection import ClientGone, Connection
from .impostor_log import Recorder

CERTIFICATES = {"untrusted_certificate": "untrusted", "wrong_name": "wrong-name", "expired_certificate": "expired"}


def context_for(mode: str, folder: Path) -> ssl.SSLContext:
    stem = CERTIFICATES.get(mode, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{stem}.crt", folder / f"{stem}.key")
    return context


class Impostor:
    def __init__(self, engine: ModuleType, mode: str, contexts: dict[str, ssl.SSLContext], recorder: Recorder) -> None:
        self._engine, self._mode, self._contexts, self._recorder = engine, mode, contexts, recorder
        self._fillers: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if mode == "stall_connect":
            self._listener.listen(0)
            self._fill_queue()
        else:
            self._listener.listen(64)
            threading.Thread(target=self._accept, daemon=True).start()

    def _fill_queue(self) -> None:
        """Nobody accepts here, and with its queue full Linux drops further SYNs: connect() gets no answer."""
        for _ in range(16):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.settimeout(0.05)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def _accept(self) -> None:
        for number in itertools.count(1):
            client, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(client, number), daemon=True).start()

    def _serve(self, client: socket.socket, number: int) -> None:
        connection = Connection(client, self._recorder, self._engine.ENGINE, self._mode, number)
        connection.record("connected")
        try:
            self._engine.serve(connection, self._mode, self._contexts)
        except ClientGone:
            pass
        finally:
            connection.record("closed")
            connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the lab's certificates are")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--ready", type=Path, required=True)
    arguments = parser.parse_args()
    recorder = Recorder(arguments.log)
    impostors: dict[str, dict[str, Impostor]] = {}  # kept: a stall_connect that is collected frees its port
    for engine in (impostor_postgresql, impostor_mysql):
        contexts = {mode: context_for(mode, arguments.folder) for mode in engine.MODES}
        impostors[engine.ENGINE] = {mode: Impostor(engine, mode, contexts, recorder) for mode in engine.MODES}
    ports = {engine: {mode: impostor.port for mode, impostor in modes.items()} for engine, modes in impostors.items()}
    partial = arguments.ready.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": os.getpid(), "ports": ports}), encoding="utf-8")
    os.replace(partial, arguments.ready)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
