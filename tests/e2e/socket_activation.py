#!/usr/bin/python3
"""socket_activation.py FD... -- COMMAND...: runs COMMAND as systemd does for a socket unit (sd_listen_fds(3)), with
these descriptors as its third, fourth ... and LISTEN_FDS and LISTEN_PID set."""

import os
import sys
from typing import Any


def passing_on(*descriptors: int) -> dict[str, Any]:
    """What Gateway.start takes for a program that inherits these."""
    return {"pass_fds": descriptors, "prefix": [sys.executable, __file__, *map(str, descriptors), "--"]}


def main() -> None:
    end = sys.argv.index("--")
    # Out of the way first: what lies at 3 now may be one that is to come to 4.
    away = [os.dup(int(number)) for number in sys.argv[1:end]]
    high = [os.dup2(number, 100 + index) for index, number in enumerate(away)]
    for index, number in enumerate(high):
        os.dup2(number, 3 + index)
    os.closerange(3 + len(high), 200)
    os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_PID=str(os.getpid()))
    os.execv(sys.argv[end + 1], sys.argv[end + 1:])


if __name__ == "__main__":
    main()
