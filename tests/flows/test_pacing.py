"""Messages go no faster than Meta allows: neither at once nor in the long run."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.pacing import PAIR, Pace, free_at, next_free, number_pace

START = datetime(2026, 3, 1, tzinfo=UTC)
PACES = st.builds(Pace, st.integers(1, 10_000_000).map(lambda us: timedelta(microseconds=us)), st.integers(1, 50))
WAITS = st.lists(st.integers(0, 5_000_000), max_size=120)


def sent(pace: Pace, moments: list[datetime]) -> list[datetime]:
    """The moments at which a message may go, of those at which one wants to."""
    tat = None
    went = []
    for moment in moments:
        may, tat = next_free(tat, moment, pace=pace)
        if may:
            went.append(moment)
    return went


@given(PACES, WAITS)
def test_never_more_than_the_burst_above_the_line(pace: Pace, waits: list[int]) -> None:
    went = sent(pace, [START + timedelta(microseconds=us) for us in accumulate(waits)])

    above = [
        (first, last)
        for first in range(len(went))
        for last in range(first, len(went))
        if last - first + 1 > pace.burst + (went[last] - went[first]) // pace.interval
    ]
    assert above == []


@given(PACES)
def test_a_full_bucket_goes_at_once_and_then_one_an_interval(pace: Pace) -> None:
    assert len(sent(pace, [START] * (pace.burst + 5))) == pace.burst
    line = [START] * pace.burst + [START + pace.interval * n for n in range(1, 6)]
    assert sent(pace, line) == line


@given(PACES, st.integers(0, 100))
def test_a_refusal_keeps_the_moment_and_free_at_says_when_to_come_back(pace: Pace, late: int) -> None:
    tat = START + pace.interval * (pace.burst + late)
    free = free_at(tat, pace)

    assert next_free(tat, free - timedelta(microseconds=1), pace=pace) == (False, tat)
    assert next_free(tat, free, pace=pace) == (True, tat + pace.interval)


def test_one_person_gets_forty_at_once_and_then_one_in_six_seconds() -> None:
    assert Pace(timedelta(seconds=6), 40) == PAIR


@pytest.mark.parametrize(("per_second", "interval_us"), [(80, 12_500), (1, 1_000_000), (7, 142_858), (1000, 1000)])
def test_a_number_sends_so_many_a_second_and_never_more(per_second: int, interval_us: int) -> None:
    assert number_pace(per_second) == Pace(timedelta(microseconds=interval_us), 8)


def test_zero_switches_the_pace_off() -> None:
    assert number_pace(0) is None
