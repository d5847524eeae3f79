"""Whose clock a time is by, for customers whose phones are of elsewhere."""

import pytest

from flows.store import Store
from flows.visits import clock
from tests.flows.test_morning import at

STORE = Store(1, "Nukkad", "DE", "EUR", "Europe/Berlin", "en", {}, b"")
SUMMER, WINTER = "Times are by the clock of Nukkad (GMT+02:00).", "Times are by the clock of Nukkad (GMT+01:00)."


@pytest.mark.parametrize(
    ("number", "day", "said"),
    [
        ("4915112345678", "2026-07-01", ""),
        ("33612345678", "2026-07-01", ""),  # France: another zone, the same time
        ("447911123456", "2026-07-01", SUMMER),
        ("447911123456", "2026-01-10", WINTER),
        ("919812345678", "2026-01-10", WINTER),
        ("34612345678", "2026-07-01", ""),  # Spain has two: one of them is the shop's
        ("79161234567", "2026-07-01", SUMMER),  # Russia has many: none of them is
        (None, "2026-07-01", ""),
        ("0", "2026-07-01", ""),
        ("8835100012345", "2026-07-01", ""),  # of no country
    ],
)
def test_whose_clock_it_is_is_said_where_clocks_differ(number: str | None, day: str, said: str) -> None:
    assert clock(number, at(f"{day} 15:30"), STORE, "en") == said
