"""The lab's only clock, so that a test can move time for all of "AWS" at once."""

import datetime
import re
import threading
import time


class Clock:
    """Wall clock plus an offset.  Times are seconds since the epoch."""

    def __init__(self):
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self):
        with self._lock:
            return time.time() + self._offset

    @property
    def offset(self):
        with self._lock:
            return self._offset

    def shift_to(self, offset_seconds):
        """Set (not add) the offset from real time."""
        with self._lock:
            self._offset = float(offset_seconds)


def iso8601(seconds):
    """The form of Expiration in STS, Redshift, IMDS and container answers."""
    return _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def basic(seconds):
    """The form of X-Amz-Date."""
    return _utc(seconds).strftime("%Y%m%dT%H%M%SZ")


def parse_basic(text):
    """X-Amz-Date to seconds; ValueError if it is not exactly that form."""
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
        raise ValueError("not YYYYMMDDTHHMMSSZ")
    moment = datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def _utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
