"""When a calendar works: openings, exceptions, holidays and closing days over a stretch of days, as intervals of UTC.

By rule, a time that the clock leaps over in spring means the same time by the clock before the leap, so it moves forward by
what is left out, and one that it shows twice in autumn means the first.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.appointment import Interval
from flows.hours import DAY, Closed, Opening, Span


def local(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of `zone` show this, in UTC; the second one only if `at.fold` says so."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def working(
    openings: Sequence[Opening],
    first: date,
    last: date,
    zone: ZoneInfo,
    *,
    exceptions: Mapping[date, tuple[Span, ...]] | None = None,
    holidays: Collection[date] = (),
    closed: Closed | None = None,
) -> tuple[Interval, ...]:
    """Of the days from `first` to `last`, both with them, in order and merged; also what runs past midnight into `first`.

    An exception stands for all openings of its day (none: the day is off), also on a holiday. While the shop is closed
    nothing works.
    """

    def spans(day: date) -> tuple[Span, ...]:
        if closed and (closed.until is None or day < closed.until):
            return ()
        if exceptions and day in exceptions:
            return exceptions[day]
        return () if day in holidays else tuple(o.span for o in openings if o.weekday == day.weekday())

    days = (first + n * DAY for n in range(-1, (last - first).days + 1))
    return tuple(
        _merged(
            Interval(after_midnight(day, span.opens, zone), after_midnight(day, span.closes, zone))
            for day in days
            for span in spans(day)
            if day >= first or span.closes > DAY
        )
    )


def after_midnight(day: date, since: timedelta, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time()) + since
    return local(wall.date(), wall.time(), zone)


def _merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Without what the leap of a clock turned around: 02:45-03:15 is over before it begins when 02:45 becomes 03:45."""
    run: Interval | None = None
    for interval in sorted(i for i in intervals if i.start < i.end):
        if run and interval.start <= run.end:
            run = Interval(run.start, max(run.end, interval.end))
        else:
            if run:
                yield run
            run = interval
    if run:
        yield run
