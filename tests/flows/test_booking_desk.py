"""What staff ask of the diary, read from their words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from flows.appointment import Service
from flows.booking_desk import Asked, Hours, read_hours, read_list, service_in, span_of
from flows.lifecycle import Reason
from flows.store import Store

STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""Monday, ten o'clock there."""
ZERO = timedelta()
FITTING = Service(
    sku="FITTING-30", title="Tailoring Fitting", price=0, currency="INR", duration=timedelta(minutes=30), before=ZERO,
    after=ZERO, capacity=1, deposit=0, people=("Priya",), lead=ZERO, horizon=timedelta(days=60), notice=ZERO,
)  # fmt: skip
HAIRCUT = replace(FITTING, sku="CUT 1", title="Haircut")
BEARD = replace(FITTING, sku="CUT-2", title="Haircut and Beard")
SERVICES = (FITTING, HAIRCUT, BEARD)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", Asked(0, 2, "both")),
        ("today", Asked(0, 1, "today")),
        ("Tomorrow, mine", Asked(1, 2, "tomorrow", is_mine=True)),
        ("week mine", Asked(0, 7, "week", is_mine=True)),
        ("wek", Reason("diary.wrong_near", {"word": "wek", "nearest": "week"})),
        ("zzzz", Reason("diary.wrong", {"word": "zzzz", "nearest": None})),
    ],
)
def test_days_of_the_diary(words: str, asked: Asked | Reason) -> None:
    assert read_list(words) == asked


@pytest.mark.parametrize(
    ("words", "services", "rest"),
    [
        ("fitting-30 tomorrow 4", [FITTING], "tomorrow 4"),
        ("cut 1 sat 10 Priya", [HAIRCUT], "sat 10 Priya"),
        ("a haircut on sat", [HAIRCUT], "a on sat"),
        ("haircut and beard sat 10", [BEARD], "sat 10"),
        ("beard sat 10", [BEARD], "sat 10"),
        ("massage sat 10", [], "massage sat 10"),
    ],
)
def test_a_service_by_its_sku_or_its_title(words: str, services: list[Service], rest: str) -> None:
    meant = service_in(words, SERVICES)

    assert (list(meant.services), meant.rest) == (services, rest)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("mon-fri 10:00-18:00", Hours("mon-fri 10:00-18:00")),
        ("mon-fri 10:00-18:00, sat 10:00-14:00", Hours("mon-fri 10:00-18:00, sat 10:00-14:00")),
        ("every sat 10:00-14:00", Hours("sat 10:00-14:00")),
        ("sat 10:00-14:00", Hours("10:00-14:00", date(2026, 3, 7))),
        ("sat 09:00-12:00, 13:00-15:00", Hours("09:00-12:00,13:00-15:00", date(2026, 3, 7))),
        ("1 dec closed", Hours("closed", date(2026, 12, 1))),
        ("tomorrow -", Hours("", date(2026, 3, 3))),
        ("-", Hours("")),
    ],
)
def test_hours_of_a_week_and_of_a_day(words: str, hours: Hours) -> None:
    assert read_hours(words, now=NOW, store=STORE) == hours


@pytest.mark.parametrize("words", ["nonsense", "sat 26:00-27:00", "2026-03-01 closed", "every nonsense", "sat 10:00"])
def test_what_are_no_hours_is_said(words: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_hours(words, now=NOW, store=STORE)


def test_a_span_says_its_day_once_and_whole_days_without_a_time() -> None:
    midnight = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    noon = midnight + timedelta(hours=12)

    assert span_of(noon, noon + timedelta(hours=2), STORE) == "Tue 3 Mar, 12:00–14:00"
    assert span_of(midnight, midnight + timedelta(days=1), STORE) == "Tue 3 Mar"
    assert span_of(midnight, midnight + timedelta(days=2), STORE) == "Tue 3 Mar–Wed 4 Mar"
    assert span_of(noon, noon + timedelta(days=1), STORE) == "Tue 3 Mar, 12:00–Wed 4 Mar, 12:00"
