"""Durations are read as people write them and written as they are read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.durations import LONGEST, about, parse, show

SECONDS = st.integers(0, LONGEST // timedelta(seconds=1)).map(lambda n: timedelta(seconds=n))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("2d", timedelta(days=2)),
        (" 5 M ", timedelta(minutes=5)),
        ("0", timedelta()),
        ("0s", timedelta()),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, duration: timedelta) -> None:
    assert parse(text) == duration


@pytest.mark.parametrize("text", ["", "30", "-5m", "1.5h", "1h30m", "½h", "٣h", "5 minutes", "5m\n5m", "9999999999s"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write a number and s, m, h or d"):
        parse(text)


@pytest.mark.parametrize("text", ["3651d", "999999999d"])
def test_more_than_ten_years_is_too_long(text: str) -> None:
    with pytest.raises(ValueError, match="too long; the longest is 3650d"):
        parse(text)


@given(SECONDS)
def test_what_is_shown_is_read_back(duration: timedelta) -> None:
    assert parse(show(duration)) == duration


@given(SECONDS)
def test_about_keeps_the_largest_unit_and_never_says_more(duration: timedelta) -> None:
    said = parse(about(duration))

    assert said <= duration < max(2 * said, timedelta(seconds=1))


def test_about_two_hours_and_some_minutes_is_two_hours() -> None:
    assert [about(timedelta(hours=2, minutes=50)), about(timedelta(days=1)), about(timedelta(milliseconds=5))] == [
        "2h",
        "1d",
        "0s",
    ]
