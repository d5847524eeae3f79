"""The next ten free slots of twenty people with a hundred thousand bookings, half of which are over."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice

from benchmarks.frame import ROUNDS, Figure
from flows.appointment import Busy, Diary, Interval, Service
from flows.slots import free

TITLE = "Bookings: 20 staff, 100,000 bookings"
STAFF, EACH, A_DAY = 20, 5_000, 16
FULL = timedelta(days=60)
"""So far ahead nobody has a place left; behind it, one in four is free."""
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEARCHES = 20
"""In each round."""

HALF_AN_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)
SERVICE = Service(
    sku="CUT", title="Haircut", price=500, currency="INR", duration=HALF_AN_HOUR, before=timedelta(), after=timedelta(),
    capacity=1, deposit=0, people=(), lead=timedelta(hours=2), horizon=timedelta(days=365), notice=timedelta(),
)  # fmt: skip


async def measure(say: Callable[[str], None]) -> list[Figure]:
    some, none = [], []
    for number in range(ROUNDS + 1):
        books = [_diary(calendar_id, full=timedelta()) for calendar_id in range(STAFF)]
        full = [_diary(calendar_id, full=FULL) for calendar_id in range(STAFF)]
        found = _search(books), _search(full)
        if number:
            some.append(found[0])
            none.append(found[1])
        say(f"free slots, round {number} of {ROUNDS}")
    return [
        Figure("next ten free slots, one place in four free", some, 20, 5, at_most=True, unit="ms"),
        Figure("the same, nothing free for 60 days", none, 20, 10, at_most=True, unit="ms"),
    ]


def _search(diaries: list[Diary]) -> float:
    """Milliseconds of one of them."""
    began = time.perf_counter()
    for _ in range(SEARCHES):
        slots = free(SERVICE, diaries, now=NOW, step=timedelta(minutes=15), first=NOW, last=NOW + SERVICE.horizon)
        assert len(list(islice(slots, 10))) == 10
    return (time.perf_counter() - began) * 1000 / SEARCHES


def _diary(calendar_id: int, *, full: timedelta) -> Diary:
    """Eight hours a day in half hours: as many bookings before now as after."""
    midnight = NOW.replace(hour=0)
    opens = [midnight + n * DAY + timedelta(hours=9) for n in range(-EACH // A_DAY, EACH // A_DAY)]
    places = [day + n * HALF_AN_HOUR for day in opens for n in range(A_DAY)]
    over = [at for at in places if at < NOW]
    ahead = [at for at in places if at >= NOW and (at < NOW + full or random.random() < 0.75)]
    taken = [*over[-EACH // 2 :], *ahead[: EACH // 2]]
    working = tuple(Interval(day, day + A_DAY * HALF_AN_HOUR) for day in opens)
    return Diary(calendar_id, "Priya", working, tuple(Busy(at, at + HALF_AN_HOUR) for at in taken))
