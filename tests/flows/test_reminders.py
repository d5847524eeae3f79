"""Reminders are due by the clock on the wall, never late, never at night, never twice at once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.hours import Span, parse_span
from flows.reminders import AFTER_QUIET, moments, morning
from flows.working import local

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = parse_span("21:00-08:00")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(text: str) -> datetime:
    """By the clock in Berlin."""
    day, _, clock = text.partition(" ")
    return local(date.fromisoformat(f"2026-{day}"), time.fromisoformat(clock), BERLIN)


def due(starts: str, *offsets: float, now: str = "01-01 00:00", quiet: Span | None = NIGHT) -> list[tuple[float, str]]:
    found = moments(at(starts), [n * HOUR for n in offsets], now=at(now), zone=BERLIN, quiet=quiet)
    return [(offset / HOUR, f"{moment.astimezone(BERLIN):%m-%d %H:%M}") for offset, moment in found]


def test_the_two_that_are_usual() -> None:
    assert due("11-25 15:00", 24, 2) == [(24, "11-24 15:00"), (2, "11-25 13:00")]


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("11-24 14:59", [(24, "11-24 15:00"), (2, "11-25 13:00")]),
        ("11-24 15:00", [(2, "11-25 13:00")]),
        ("11-25 13:00", []),
        ("11-25 16:00", []),
    ],
)
def test_an_offset_that_is_over_is_not_due(now: str, left: list[tuple[float, str]]) -> None:
    assert due("11-25 15:00", 24, 2, now=now) == left


def test_nothing_is_due_when_it_begins_or_later() -> None:
    assert due("11-25 15:00", 0, -1) == []


@pytest.mark.parametrize(
    ("starts", "now", "found"),
    [
        ("11-25 09:00", "11-24 12:00", [(2, "11-24 20:59")]),
        ("11-25 10:00", "11-24 12:00", [(2, "11-25 08:00")]),  # the night is over
        ("11-24 23:00", "11-24 12:00", [(2, "11-24 20:59")]),  # it has just begun
        ("11-24 22:59", "11-24 12:00", [(2, "11-24 20:59")]),
        ("11-25 09:00", "11-24 20:59", [(2, "11-25 08:00")]),
        ("11-25 08:30", "11-24 22:00", [(2, "11-25 08:00")]),
        ("11-25 08:29", "11-24 22:00", []),
        ("11-25 09:00", "11-25 07:00", []),
    ],
)
def test_at_night_it_is_due_before_the_night_or_in_the_morning(
    starts: str, now: str, found: list[tuple[float, str]]
) -> None:
    assert due(starts, 2, now=now) == found


def test_two_that_meet_become_one() -> None:
    assert due("11-25 09:00", 2, 8, 3, 24) == [(24, "11-24 09:00"), (8, "11-24 20:59")]


def test_without_quiet_hours_the_night_is_as_good_as_the_day() -> None:
    assert due("11-25 05:00", 2, quiet=None) == [(2, "11-25 03:00")]


def test_who_is_quiet_all_day_is_told_nothing() -> None:
    assert due("11-25 09:00", 24, 2, quiet=parse_span("00:00-24:00")) == []


@pytest.mark.parametrize(
    ("starts", "offset", "moment"),
    [
        ("03-29 10:00", 24, "03-28 10:00"),  # 23 hours pass
        ("03-29 10:00", 23, "03-28 10:00"),
        ("03-30 02:30", 24, "03-29 03:30"),  # left out
        ("03-30 10:00", 36, "03-28 21:00"),
        ("10-25 10:00", 24, "10-24 10:00"),  # 25 hours pass
        ("10-25 10:00", 25, "10-24 10:00"),
        ("10-27 02:30", 48, "10-25 02:30"),
    ],
)
def test_whole_days_are_of_the_clock_and_hours_are_time_that_passes(starts: str, offset: float, moment: str) -> None:
    assert due(starts, offset, quiet=None) == [(offset, moment)]


def test_of_a_time_that_is_shown_twice_the_first_counts() -> None:
    [(_, moment)] = moments(at("10-26 02:30"), [24 * HOUR], now=LONG_AGO, zone=BERLIN, quiet=None)
    assert moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_second_of_two_is_as_many_days_after_a_time_that_is_left_out() -> None:
    starts = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 for the second time
    [(_, moment)] = moments(starts, [timedelta(days=210)], now=LONG_AGO, zone=BERLIN, quiet=None)
    assert moment == at("03-29 03:30")


def test_the_morning_of_staff_is_seven_by_the_clock() -> None:
    assert morning(date(2026, 7, 1), BERLIN) == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert morning(date(2026, 12, 1), BERLIN, time(6, 30)) == datetime(2026, 12, 1, 5, 30, tzinfo=UTC)


MINUTES = st.integers(0, 24 * 60 - 1).map(lambda n: n * MINUTE)


@given(
    starts=st.integers(0, 4 * 24 * 60).map(lambda n: at("03-27 00:00") + n * MINUTE),
    offsets=st.lists(st.integers(1, 72).map(lambda n: n * HOUR), max_size=5),
    ahead=st.integers(0, 4 * 24 * 60).map(lambda n: n * MINUTE),
    opens=MINUTES,
    long=MINUTES.filter(bool),
)
def test_whatever_is_due_is_ahead_aloud_and_in_time(
    *, starts: datetime, offsets: list[timedelta], ahead: timedelta, opens: timedelta, long: timedelta
) -> None:
    now, quiet = starts - ahead, Span(opens, opens + long)
    found = moments(starts, offsets, now=now, zone=BERLIN, quiet=quiet)
    loud = dict(moments(starts, offsets, now=now, zone=BERLIN, quiet=None))
    whens = [moment for _, moment in found]
    assert whens == sorted(set(whens))
    for offset, moment in found:
        wall = moment.astimezone(BERLIN)
        shown = timedelta(hours=wall.hour, minutes=wall.minute)
        assert now < moment < starts
        # Right at a leap the clock and the span may disagree; a reminder in the middle of quiet hours it never is.
        assert not any(opens + 3 * HOUR <= shown + n * 24 * HOUR < opens + long - 3 * HOUR for n in (0, 1))
        assert moment <= loud[offset] or starts - moment >= AFTER_QUIET
