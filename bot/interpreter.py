"""What CPython is told once everything has started."""

import gc
import sys

TURN_S = 0.0002
"""How long a thread that computes keeps the others waiting (the GIL's switch interval)."""


def settle() -> None:
    """Keep the collector and the loop from standing in the way of who waits for an answer.

    Modules, rows and routes live as long as the program: left among the rest they would be walked again and again. The
    thread that writes to SQLite gives the GIL away at each statement and its fsync, and with CPython's own 5 ms a commit
    of a tenth of a millisecond takes twenty times as long while the loop is busy.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_S)
