"""Named fault points: where I/O passes, a test may count, stop or kill the program. Free when off.

`CRASH_AT=name:hit` in the environment kills the process (SIGKILL) at that hit of that point; only tests set it.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable

POINTS = (
    "webhook.accepted",
    "database.begin",
    "database.commit",
    "database.committed",
    "graph.request",
    "graph.first_byte",
    "graph.response",
    "scheduler.tick",
)


class FaultPoints:
    """Counts every hit; kills at the one that `crash_at` names."""

    def __init__(self, crash_at: str = "", record: Callable[[str], None] | None = None) -> None:
        name, _, hit = crash_at.partition(":")
        if name and name not in POINTS:
            raise ValueError(f"CRASH_AT names no fault point: {name}")
        self.hits: Counter[str] = Counter()
        self._name, self._hit = name, int(hit or 1)
        self._record = record

    def __call__(self, name: str) -> None:
        self.hits[name] += 1
        if self._record is not None:
            self._record(name)
        if name == self._name and self.hits[name] == self._hit:
            os.kill(os.getpid(), signal.SIGKILL)


def from_environment() -> FaultPoints | None:
    """None, and so no cost, unless a test asked for a crash."""
    return FaultPoints(os.environ["CRASH_AT"]) if os.environ.get("CRASH_AT") else None
