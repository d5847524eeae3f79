"""How fast we may send: the generic cell rate algorithm, one moment per contact and per number instead of a bucket of tokens.

The kept moment is the theoretical arrival time (`tat`): when the quota used so far would be paid back. A message may go
while that debt is smaller than the bucket. Moving the moment in the transaction that claims the message makes it right
across workers and restarts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flows import limits


@dataclass(frozen=True, slots=True)
class Pace:
    """One message each `interval` in the long run, `burst` of them at once."""

    interval: timedelta
    burst: int


PAIR = Pace(limits.PAIR_INTERVAL, limits.PAIR_BUCKET)


def number_pace(per_second: int) -> Pace | None:
    """The pace of a number by the setting `pace.number`; None when it is 0, off."""
    if per_second == 0:
        return None
    # Rounded up to a microsecond: never faster than asked.
    return Pace(timedelta(microseconds=-(-1_000_000 // per_second)), limits.NUMBER_BUCKET)


def free_at(tat: datetime, pace: Pace) -> datetime:
    """The earliest moment at which the next message may go."""
    return tat - pace.interval * (pace.burst - 1)


def next_free(tat: datetime | None, now: datetime, *, pace: Pace) -> tuple[bool, datetime]:
    """Whether a message may go `now`, and the `tat` to keep: moved when it may, as it was when it may not. None: none went yet."""
    if tat is None or tat <= now:
        return True, now + pace.interval
    return (True, tat + pace.interval) if free_at(tat, pace) <= now else (False, tat)
