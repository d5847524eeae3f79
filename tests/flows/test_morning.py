"""In whose list an appointment stands: what begins before seven was told the day before."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.morning import due, span
from flows.store import Store

STORE = Store(1, "Nukkad", "IN", "INR", "Europe/Berlin", "en_IN", {}, b"")
ANY = st.integers(0, 365 * 24 * 60).map(lambda minutes: at("2026-01-01 00:00") + timedelta(minutes=minutes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STORE.zone)


@pytest.mark.parametrize(
    ("starts", "day"),
    [
        ("2026-03-29 07:00", "2026-03-29"),  # the day on which clocks leap forward
        ("2026-03-29 06:59", "2026-03-28"),
        ("2026-03-29 23:59", "2026-03-29"),
        ("2026-03-30 00:00", "2026-03-29"),
    ],
)
def test_a_list_goes_from_seven_to_seven(starts: str, day: str) -> None:
    found = due(at(starts), STORE, at("2026-03-01 00:00"))
    assert found == (day, at(f"{day} 07:00"))


@given(ANY, st.timedeltas(timedelta(), timedelta(days=3)))
def test_each_appointment_stands_in_the_list_that_is_due_before_it(starts: datetime, ahead: timedelta) -> None:
    found = due(starts, STORE, starts - ahead)
    if found is None:
        return
    listed = span(date.fromisoformat(found[0]), STORE)
    assert listed.start == found[1] > starts - ahead
    assert listed.start <= starts.astimezone(listed.start.tzinfo) < listed.end


def test_a_list_that_is_over_is_not_told() -> None:
    assert due(at("2026-03-29 09:00"), STORE, at("2026-03-29 07:00")) is None
