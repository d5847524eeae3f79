"""Working intervals are what the shop wrote, by the clock on its wall: exceptions, holidays, closing days, leaps of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from flows.appointment import Interval
from flows.hours import ALWAYS, Closed, parse_hours, parse_span
from flows.working import local, working

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
SHOP = parse_hours("mon-fri 09:00-13:00, mon-fri 14:00-18:00, sat 10:00-14:00")
MONDAY = date(2026, 11, 23)


def shown(intervals: tuple[Interval, ...], zone: ZoneInfo) -> list[str]:
    return [f"{start.astimezone(zone):%a %H:%M}-{end.astimezone(zone):%a %H:%M}" for start, end in intervals]


def test_a_week_of_openings_in_utc() -> None:
    found = working(SHOP, date(2026, 11, 27), date(2026, 11, 29), KOLKATA)
    assert found == (
        Interval(datetime(2026, 11, 27, 3, 30, tzinfo=UTC), datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        Interval(datetime(2026, 11, 27, 8, 30, tzinfo=UTC), datetime(2026, 11, 27, 12, 30, tzinfo=UTC)),
        Interval(datetime(2026, 11, 28, 4, 30, tzinfo=UTC), datetime(2026, 11, 28, 8, 30, tzinfo=UTC)),
    )


def test_an_exception_stands_for_all_openings_of_its_day_even_on_a_holiday() -> None:
    short = parse_span("12:00-15:00")
    found = working(
        SHOP,
        MONDAY,
        date(2026, 11, 26),
        KOLKATA,
        exceptions={MONDAY: (short,), date(2026, 11, 24): ()},
        holidays={MONDAY, date(2026, 11, 25)},
    )
    assert shown(found, KOLKATA) == ["Mon 12:00-Mon 15:00", "Thu 09:00-Thu 13:00", "Thu 14:00-Thu 18:00"]


@pytest.mark.parametrize(
    ("closed", "found"),
    [
        (Closed(None), []),
        (Closed(date(2026, 11, 24)), ["Tue 09:00-Tue 13:00", "Tue 14:00-Tue 18:00"]),
        (Closed(date(2026, 11, 25)), []),
    ],
)
def test_while_the_shop_is_closed_nothing_works(closed: Closed, found: list[str]) -> None:
    exceptions = {MONDAY: (parse_span("12:00-15:00"),)}
    days = working(SHOP, MONDAY, date(2026, 11, 24), KOLKATA, exceptions=exceptions, closed=closed)
    assert shown(days, KOLKATA) == found


def test_a_span_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    bar = parse_hours("sun-mon 18:00-02:00")
    assert shown(working(bar, MONDAY, MONDAY, BERLIN), BERLIN) == ["Sun 18:00-Mon 02:00", "Mon 18:00-Tue 02:00"]
    off = working(bar, MONDAY, MONDAY, BERLIN, holidays=[date(2026, 11, 22)])
    assert shown(off, BERLIN) == ["Mon 18:00-Tue 02:00"]


def test_what_touches_or_overlaps_is_one_interval() -> None:
    assert shown(working(ALWAYS, MONDAY, date(2026, 11, 25), BERLIN), BERLIN) == ["Mon 00:00-Thu 00:00"]
    double = parse_hours("mon 09:00-12:00, mon 11:00-15:00, mon 13:00-14:00")
    assert shown(working(double, MONDAY, MONDAY, BERLIN), BERLIN) == ["Mon 09:00-Mon 15:00"]


SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        (SPRING, time(1, 59), "2026-03-29T00:59"),
        (SPRING, time(2), "2026-03-29T01:00"),
        (SPRING, time(2, 30), "2026-03-29T01:30"),
        (SPRING, time(3), "2026-03-29T01:00"),
        (AUTUMN, time(2, 30), "2026-10-25T00:30"),
        (AUTUMN, time(2, 30, fold=1), "2026-10-25T01:30"),
        (AUTUMN, time(3), "2026-10-25T02:00"),
    ],
)
def test_a_time_left_out_moves_forward_and_one_shown_twice_is_the_first(day: date, at: time, utc: str) -> None:
    assert local(day, at, BERLIN).isoformat() == f"{utc}:00+00:00"


@pytest.mark.parametrize(
    ("day", "hours", "found"),
    [
        (SPRING, "sun 01:30-02:30", ["Sun 01:30-Sun 03:30"]),
        (SPRING, "sun 02:30-05:00", ["Sun 03:30-Sun 05:00"]),
        (SPRING, "sun 02:45-03:15", []),
        (SPRING, "sun 02:15-02:45, sun 03:00-03:30", ["Sun 03:00-Sun 03:45"]),
        (AUTUMN, "sun 01:30-02:30", ["Sun 01:30-Sun 02:30"]),
        (AUTUMN, "sun 02:30-03:30", ["Sun 02:30-Sun 03:30"]),
    ],
)
def test_spans_over_a_leap_of_the_clock(day: date, hours: str, found: list[str]) -> None:
    assert shown(working(parse_hours(hours), day, day, BERLIN), BERLIN) == found


def test_a_day_around_the_clock_is_as_long_as_the_clock_makes_it() -> None:
    long = [end - start for day in (SPRING, AUTUMN) for start, end in working(ALWAYS, day, day, BERLIN)]
    assert long == [timedelta(hours=23), timedelta(hours=25)]
