"""What CPython is told while everything starts, and once it has."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TURN_S = 0.0002
"""How long a thread that computes keeps the others waiting (the GIL's switch interval)."""


@contextmanager
def importing() -> Iterator[None]:
    """What modules make while they are imported lives as long as the program: the collector need not look at it, ever."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Keep the collector and the loop from standing in the way of who waits for an answer.

    Rows and routes live as long as the program: left among the rest they would be walked again and again. The
    thread that writes to SQLite gives the GIL away at each statement and its fsync, and with CPython's own 5 ms a commit
    of a tenth of a millisecond takes twenty times as long while the loop is busy.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_S)
