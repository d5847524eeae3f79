"""When reminders of an appointment are due, and the list of the morning. Nothing is due too late, at night, or twice at once."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.appointment import Interval
from flows.hours import DAY, Span
from flows.working import after_midnight, local

MINUTE = timedelta(minutes=1)

AFTER_QUIET = 30 * MINUTE
"""What must be left until the appointment when quiet hours end: who reads it later is on the way, or cannot come any more."""


def moments(
    starts_at: datetime, offsets: Iterable[timedelta], *, now: datetime, zone: ZoneInfo, quiet: Span | None
) -> list[tuple[timedelta, datetime]]:
    """Offsets with the moments at which they are due, after `now` and before the appointment, in order of time.

    Whole days are those of the clock on the wall: 24 hours before 10:00 is 10:00, also across a leap of the clock. Other
    offsets are time that passes. What falls into quiet hours is due in the last minute before them or, if that is over, at
    their end. What is over is left out, and of two at one moment the shorter offset.
    """
    due: dict[datetime, timedelta] = {}
    for offset in sorted(offsets, reverse=True):
        at = _before(starts_at, offset, zone)
        if now < at < starts_at and (moved := _aloud(at, starts_at, now=now, zone=zone, quiet=quiet)):
            due.setdefault(moved, offset)
    return [(offset, at) for at, offset in sorted(due.items())]


def is_timely(
    set_for: datetime, starts_at: datetime, offsets: Iterable[timedelta], *, now: datetime, zone: ZoneInfo, quiet: Span | None
) -> bool:  # fmt: skip
    """Whether a reminder that was `set_for` that moment is of this appointment, which may have moved, and still worth a message:
    half of what was left then is not over, and it is no quiet hour.
    """
    if now >= starts_at or now - set_for > (starts_at - set_for) / 2 or _around(now, _nights(quiet, now, zone)):
        return False
    return any(set_for in _places(_before(starts_at, offset, zone), starts_at, zone, quiet) for offset in offsets)


def morning(day: date, zone: ZoneInfo, at: time = time(7)) -> datetime:
    """When staff get their list of the day."""
    return local(day, at, zone)


def quiet_until(now: datetime, *, zone: ZoneInfo, quiet: Span | None) -> datetime | None:
    """When the quiet hours end in which it is now; None when it is none of them."""
    night = _around(now, _nights(quiet, now, zone))
    return None if night is None else night.end


def _before(starts_at: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    if offset % DAY:
        return starts_at - offset
    shown = starts_at.astimezone(zone).replace(fold=0)
    return local(shown.date() - offset, shown.time(), zone)


def _aloud(at: datetime, starts_at: datetime, *, now: datetime, zone: ZoneInfo, quiet: Span | None) -> datetime | None:
    """`at`, or the moment beside quiet hours that takes its place."""
    return next((moment for moment in _places(at, starts_at, zone, quiet) if moment > now), None)


def _places(at: datetime, starts_at: datetime, zone: ZoneInfo, quiet: Span | None) -> list[datetime]:
    """`at`, or the moments beside quiet hours that can take its place, the better one first."""
    nights = _nights(quiet, at, zone)
    night = _around(at, nights)
    if night is None:
        return [at]
    after = [night.end] if starts_at - night.end >= AFTER_QUIET else []
    return [moment for moment in (night.start - MINUTE, *after) if _around(moment, nights) is None]


def _nights(quiet: Span | None, at: datetime, zone: ZoneInfo) -> list[Interval]:
    return [] if quiet is None else list(_quiet(quiet, at, zone))


def _quiet(quiet: Span, at: datetime, zone: ZoneInfo) -> Iterator[Interval]:
    """Quiet hours around a moment and, as what is put beside them shall not be put into the next ones, those next to them."""
    today = at.astimezone(zone).date()
    for day in (today + n * DAY for n in range(-1, 2)):
        yield Interval(after_midnight(day, quiet.opens, zone), after_midnight(day, quiet.closes, zone))


def _around(at: datetime, hours: Iterable[Interval]) -> Interval | None:
    return next((hour for hour in hours if hour.start <= at < hour.end), None)
