"""The two database engines: tortoise's clients made safe against cancellation, with bulk writes and reads of many statements.

They touch private names of tortoise, which is therefore pinned exactly; `tests/models/test_engines.py` is their fuzz.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from models.statements import Query, Value, Write

Fault = Callable[[str], None]
"""Called with the name of a fault point as I/O passes it. Free when nobody listens: `bot/app.py` fills it, tests kill there."""


def no_fault(_name: str) -> None:
    return None


class Hook:
    """Where `bot/app.py` hangs the fault points of begin and commit; `models` never imports `bot`."""

    point: Fault = staticmethod(no_fault)


class Connection(Protocol):
    """What verbs may do inside a transaction."""

    async def write(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        """Run every write over its rows, in order; returns how many rows each changed.

        It ends with the first exact write that changed fewer rows than it was given: what comes after is about rows that
        somebody else has changed meanwhile.
        """

    async def fetch(self, *queries: Query) -> list[list[dict[str, Any]]]:
        """Run selects (or single writes with RETURNING) in order, one answer each."""

    async def run(self, query: Query) -> int:
        """Run one write; returns how many rows it changed."""
