"""How fast Meta lets a number send: 80 a second in all, and to one person a burst of 45, then one in 6 s (documented)."""

from datetime import datetime, timedelta

from bot.sandbox.faults import Faults
from bot.sandbox.rules.errors import GraphError

PAIR_INTERVAL = timedelta(seconds=6)


class Pace:
    """A moment at which each allowance is full again, moved forward by every send; too far ahead means refusal."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._pairs: dict[str, datetime] = {}
        self._number: datetime | None = None

    def spend(self, person: str, now: datetime) -> None:
        """Take one send; a refused one costs nothing. Raises GraphError 130429 or 131056."""
        each = timedelta(seconds=1) / max(1, self._faults.number_per_s)
        number = max(self._number or now, now) + each
        if number - now > timedelta(seconds=1):
            raise GraphError(130429, "The number sends faster than its throughput allows.")
        pair = max(self._pairs.get(person, now), now) + PAIR_INTERVAL
        if pair - now > PAIR_INTERVAL * self._faults.pair_burst:
            raise GraphError(131056, "Too many messages to this person in a short time. Wait and try again.")
        self._number, self._pairs[person] = number, pair
