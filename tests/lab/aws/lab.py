"""All state of the stand-in, wired together once."""

import threading

from .clock import Clock
from .decisions import Decisions
from .faults import Calls, Faults
from .metadata import ImdsTokens
from .sessions import Logins, Sessions
from .world_model import World


class Lab:
    """What every handler gets.  `stopping` is set when the process is to end."""

    def __init__(self, document, log_path=None):
        self._initial = World(document)
        self.world = self._initial
        self.clock = Clock()
        self.sessions = Sessions(self.clock)
        self.logins = Logins(self.clock)
        self.imds_tokens = ImdsTokens(self.clock)
        self.metadata_sessions = {}
        self.metadata_lock = threading.Lock()
        self.calls = Calls()
        self.faults = Faults()
        self.decisions = Decisions(self.clock, log_path)
        self.stopping = threading.Event()

    def replace_world(self, document):
        """Swap the whole world at once; raises WorldError and keeps the old one."""
        self.world = World(document)

    def reset(self):
        """Back to the start, so that tests do not see each other."""
        self.world = self._initial
        self.clock.shift_to(0)
        for part in (self.sessions, self.logins, self.imds_tokens, self.calls, self.faults,
                     self.decisions):
            part.clear()
        with self.metadata_lock:
            self.metadata_sessions.clear()
