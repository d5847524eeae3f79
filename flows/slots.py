"""When a service can be had: interval arithmetic over diaries, lazily, so that the next times cost the same in a full book."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from heapq import merge
from itertools import chain, groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from flows.appointment import Busy, Diary, Interval, Service, Slot
from flows.hours import DAY
from flows.working import local

_START, _END = attrgetter("start"), attrgetter("end")
_STARTS_AT = attrgetter("starts_at")


def free(
    service: Service,
    diaries: Sequence[Diary],
    *,
    now: datetime,
    step: timedelta,
    first: datetime,
    last: datetime,
    places: int = 1,
) -> Iterator[Slot]:
    """Slots that start from `first` until before `last`, in order of time; at one time in the order of `diaries`.

    A slot lies inside a working interval, which its buffers need not, and starts at a multiple of `step` since that interval
    began. A session that already runs is a slot at its own start, while it has `places` left. Nothing is booked sooner than
    the service's lead, or beyond its horizon.
    """
    if places > service.capacity:
        return iter(())
    earliest, latest = max(first, now + service.lead), min(last - datetime.resolution, now + service.horizon)
    diary_slots = (_slots(service, diary, earliest, latest, step=step, places=places) for diary in diaries)
    return merge(*diary_slots, key=_STARTS_AT)


def _slots(
    service: Service, diary: Diary, earliest: datetime, latest: datetime, *, step: timedelta, places: int
) -> Iterator[Slot]:
    """Of one calendar: gap after gap, and behind each what makes the calendar busy, where it can be joined."""
    room = service.before + service.duration + service.after
    free_from, gap_ends = earliest - service.before, latest + service.duration + service.after
    low = bisect_right(diary.busy, free_from, key=_END)
    high = bisect_left(diary.busy, gap_ends, low, key=_START)
    ahead = map(diary.busy.__getitem__, range(low, high))
    for busy in chain(ahead, (Busy(gap_ends, gap_ends),)):
        if busy.start - free_from >= room:
            until = min(latest, busy.start - service.after - service.duration)
            for starts_at in _starts(diary.working, free_from + service.before, until, service.duration, step):
                yield Slot(diary.calendar_id, starts_at, starts_at + service.duration)
        session = _session(service, diary, busy) if busy.left >= places else None
        if session and earliest <= session.starts_at <= latest:
            yield session
        free_from = busy.end


def _starts(
    working: Sequence[Interval], earliest: datetime, latest: datetime, duration: timedelta, step: timedelta
) -> Iterator[datetime]:
    """Starts on the grid of each working interval at which `duration` lies inside it."""
    for n in range(bisect_left(working, earliest + duration, key=_END), len(working)):
        begins, ends = working[n]
        if begins > latest:
            return
        starts_at = begins + max(0, -((begins - earliest) // step)) * step
        while starts_at <= min(latest, ends - duration):
            yield starts_at
            starts_at += step


def _session(service: Service, diary: Diary, busy: Busy) -> Slot | None:
    """The session of this service that makes the calendar busy, if it does and its people still work at that time."""
    if busy.sku != service.sku or busy.starts_at is None:
        return None
    ends_at = busy.starts_at + service.duration
    return Slot(diary.calendar_id, busy.starts_at, ends_at) if _works(diary, busy.starts_at, ends_at) else None


def _works(diary: Diary, start: datetime, end: datetime) -> bool:
    here = bisect_left(diary.working, end, key=_END)
    return here < len(diary.working) and diary.working[here].start <= start


def fits(service: Service, diary: Diary, starts_at: datetime, places: int = 1) -> bool:
    """Whether it can be had at just this time, on the grid or off it. Lead and horizon are the caller's to keep."""
    ends_at = starts_at + service.duration
    if places > service.capacity or not _works(diary, starts_at, ends_at):
        return False
    running = _following(diary, starts_at)
    if running and running.sku == service.sku and running.starts_at == starts_at:
        return running.left >= places
    taken = _following(diary, starts_at - service.before)
    return taken is None or taken.start >= ends_at + service.after


def _following(diary: Diary, at: datetime) -> Busy | None:
    """What makes the calendar busy at a time or, if nothing does, next."""
    here = bisect_right(diary.busy, at, key=_END)
    return diary.busy[here] if here < len(diary.busy) else None


def distinct(slots: Iterable[Slot]) -> Iterator[Slot]:
    """One slot at each time, for who minds the time and not the person: the first of them."""
    return (next(same) for _, same in groupby(slots, key=_STARTS_AT))


def first_of_days(
    service: Service, diaries: Sequence[Diary], *, now: datetime, step: timedelta, first: datetime, last: datetime,
    zone: ZoneInfo, places: int = 1,
) -> Iterator[Slot]:  # fmt: skip
    """The first slot of each day, by the clock of `zone`, that has one; the rest of such a day is not looked at."""
    while slot := next(free(service, diaries, now=now, step=step, first=first, last=last, places=places), None):
        yield slot
        first = local(slot.starts_at.astimezone(zone).date() + DAY, time(), zone)


def nearest(slots: Iterable[Slot], wanted: datetime, count: int) -> list[Slot]:
    """The `count` slots that start nearest to `wanted`, in order of time. `slots` are read no further than needed."""
    before: deque[Slot] = deque(maxlen=count)
    after: list[Slot] = []
    for slot in slots:
        (before if slot.starts_at < wanted else after).append(slot)
        if len(after) == count:
            break
    near = sorted([*before, *after], key=lambda slot: abs(slot.starts_at - wanted))
    return sorted(near[:count], key=_STARTS_AT)
