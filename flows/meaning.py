"""What words about time mean: a day, a time, a part of the day, and the moments they come to by a clock on the wall."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.appointment import Interval
from flows.hours import DAY, Span
from flows.working import after_midnight, local


@dataclass(frozen=True, slots=True)
class When:
    """What was understood. `at` and `until` are by the clock; `until` not after `at` is on the next day.

    `is_vague_hour`: `at` (and `until`) may be meant twelve hours later, as in *tomorrow 4*: `moment` decides. With a time,
    there is no `part`. `before` and `after` are the words around it.
    """

    day: date | None = None
    at: time | None = None
    part: Span | None = None
    until: time | None = None
    is_vague_hour: bool = False
    before: str = ""
    after: str = ""


def readings(when: When) -> tuple[time, ...]:
    """The times that may be meant: none, one, or as it was written and twelve hours later."""
    if when.at is None:
        return ()
    return both(when.at) if when.is_vague_hour else (when.at,)


def both(at: time) -> tuple[time, ...]:
    """A time of twelve hours in both halves of the day, as it was written first."""
    return (at, at.replace(hour=(at.hour + 12) % 24)) if at.hour <= 12 else (at,)


def until_after(at: time, until: time) -> time:
    """The first reading of `until` after `at`; if there is none, it is on the next day."""
    return min((end for end in both(until) if end > at), default=until)


def moment(when: When, working: Sequence[Interval], *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment that is meant, in UTC; None without a time. Without a day it is the next such time.

    Of the readings of a vague hour that counts which lies in working hours, rather one ahead than one that is over; where
    nothing works, the one between 7:00 and 19:00.
    """
    if when.at is None:
        return None
    today = now.astimezone(zone).date()
    days = (today, today + DAY) if when.day is None else (when.day,)
    found = [local(day, at, zone) for day in days for at in readings(when)]
    if when.day is None:
        found = sorted(start for start in found if start >= now)

    def likely(start: datetime) -> tuple[bool, bool, bool]:
        works = any(begins <= start < ends for begins, ends in working)
        return works, start >= now, 7 <= start.astimezone(zone).hour < 19

    return max(found, key=likely)


def stretch(when: When, working: Sequence[Interval], *, now: datetime, zone: ZoneInfo) -> Interval | None:
    """From when until when: the span, the part of the day, or the whole day. None for a time alone, or an empty span.

    A part without a day is the next one that is not over.
    """
    if when.at is not None:
        start = moment(when, working, now=now, zone=zone)
        if start is None or when.until is None:
            return None
        # By the clock as it was written: the leap of a clock turns no end into the next day's.
        shown = start.astimezone(zone)
        at, until = (when.at, when.until)
        if when.is_vague_hour:
            at, until = shown.time(), until_after(shown.time(), when.until)
        day = shown.date() + (DAY if until <= at else timedelta())
        end = local(day, until, zone)
        return Interval(start, end) if start < end else None
    part = when.part or Span(timedelta(), DAY)
    today = now.astimezone(zone).date()
    days = (today, today + DAY) if when.day is None else (when.day,)
    spans = [Interval(after_midnight(day, part.opens, zone), after_midnight(day, part.closes, zone)) for day in days]
    return next((span for span in spans if span.end > now), spans[-1])
