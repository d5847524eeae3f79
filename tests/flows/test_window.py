"""The window is open for us a little shorter than for Meta, and counts from the message's own moment."""

from datetime import UTC, datetime, timedelta

import pytest

from flows.window import closes_at, is_open, opened_at

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = timedelta(hours=23, minutes=55)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "open_"),
    [
        (timedelta(), True),
        (FULL - SECOND, True),
        (FULL, False),
        (timedelta(hours=24), False),
        (-SECOND, True),
    ],
)
def test_the_window_closes_at_23_hours_55(age: timedelta, *, open_: bool) -> None:
    assert is_open(NOON - age, NOON) is open_


def test_nobody_who_never_wrote_has_a_window() -> None:
    assert is_open(None, NOON) is False


def test_it_closes_when_it_says() -> None:
    assert closes_at(NOON) == NOON + FULL


@pytest.mark.parametrize(
    ("sent_at", "counted"), [(NOON - SECOND, NOON - SECOND), (NOON, NOON), (NOON + SECOND, NOON), (None, NOON)]
)
def test_a_moment_in_the_future_or_unreadable_counts_as_now(sent_at: datetime | None, counted: datetime) -> None:
    assert opened_at(sent_at, NOON) == counted
