"""The calendar file: what a calendar reads back from it, by the library and by its plain text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bot.documents.calendar import render
from flows.appointment import Appointment
from flows.order import Line, Order, Step
from flows.store import Store

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
START = datetime(2026, 12, 1, 10, tzinfo=UTC)
STORE = Store(1, "Nukkad; Pune", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
BOOKING = Appointment(
    id=5, store_id=1, contact_id=7, sku="FIT", calendar_id=3, calendar="Priya", places=1, starts_at=START,
    ends_at=START + timedelta(minutes=30), session_id=9, order_id=42,
)  # fmt: skip
ORDER = Order(
    id=42, store_id=1, contact_id=7, number=1042, kind="booking", status="scheduled", checkout_step=Step.COMPLETE,
    payment_method="cod", delivery_method="visit", currency="INR", subtotal=30000, discount=0, tax=0, shipping=0,
    total=30000, placed_at=NOW, changed_at=NOW, customer_note="private", email="asha@example.com",
)  # fmt: skip
LINES = [Line("FIT", "Fitting, with tea", 1, 30000)]


def file(
    booking: Appointment = BOOKING, order: Order = ORDER, store: Store = STORE, location: str = "12 MG Road"
) -> bytes:
    return render(booking, order, LINES, store, location=location)


def event(made: bytes) -> Any:
    """The one event; its values are read as what they are."""
    [found] = Calendar.from_ical(made).walk("VEVENT")
    return found


def test_it_says_what_when_where_and_with_whom() -> None:
    found = event(file())

    assert {name: str(found[name]) for name in ("SUMMARY", "LOCATION", "STATUS", "UID", "DESCRIPTION")} == {
        "SUMMARY": "Fitting, with tea",
        "LOCATION": "12 MG Road",
        "STATUS": "CONFIRMED",
        "UID": "booking-42@waybill",
        "DESCRIPTION": "Booking #1042 at Nukkad; Pune. With Priya.",
    }
    assert (found.start, found.end) == (BOOKING.starts_at, BOOKING.ends_at)
    assert [alarm["TRIGGER"].dt for alarm in found.walk("VALARM")] == [timedelta(hours=-1)]


def test_the_time_is_that_of_the_stores_wall_with_its_zone_explained() -> None:
    made = file(store=replace(STORE, timezone="America/New_York"))

    assert b"DTSTART;TZID=America/New_York:20261201T050000\r\n" in made
    zone: Any
    [zone] = Calendar.from_ical(made).walk("VTIMEZONE")
    assert zone["TZID"] == "America/New_York"
    assert {part["TZOFFSETTO"].td for part in zone.subcomponents} == {timedelta(hours=-5), timedelta(hours=-4)}


def test_it_keeps_the_form_that_calendars_want() -> None:
    made = file(location="ढ" * 70 + "\n2nd floor; ring")

    assert made.endswith(b"END:VCALENDAR\r\n")
    assert made.count(b"\n") == made.count(b"\r\n")
    assert max(map(len, made.split(b"\r\n"))) <= 75
    assert event(made)["LOCATION"] == "ढ" * 70 + "\n2nd floor; ring"


def test_nothing_changed_gives_the_same_bytes_and_each_change_a_later_version_of_the_same_event() -> None:
    moved = replace(BOOKING, starts_at=START + timedelta(hours=2), ends_at=START + timedelta(hours=3), version=2)
    noted = replace(ORDER, version=2)
    versions = [file(), file(moved), file(moved, noted)]

    assert file() == versions[0]
    assert [int(event(made)["SEQUENCE"]) for made in versions] == [2, 3, 4]
    assert {str(event(made)["UID"]) for made in versions} == {"booking-42@waybill"}
    assert event(versions[1]).start == moved.starts_at


@pytest.mark.parametrize(
    ("status", "shown", "alarms"),
    [
        ("pending", "TENTATIVE", 1),
        ("scheduled", "CONFIRMED", 1),
        ("completed", "CONFIRMED", 1),
        ("no_show", "CONFIRMED", 1),
        ("canceled", "CANCELLED", 0),
    ],
)
def test_what_does_not_take_place_says_so_and_rings_no_alarm(status: str, shown: str, alarms: int) -> None:
    found = event(file(order=replace(ORDER, status=status)))

    assert (found["STATUS"], len(found.walk("VALARM"))) == (shown, alarms)
    assert ("does not take place" in found["DESCRIPTION"]) is (status == "canceled")
    assert ("has still to confirm" in found["DESCRIPTION"]) is (status == "pending")


def test_a_service_that_nobody_in_particular_does_names_nobody_and_a_party_is_counted() -> None:
    found = event(file(replace(BOOKING, calendar="FIT", places=4), location=""))

    assert found["DESCRIPTION"] == "Booking #1042 at Nukkad; Pune. For 4 people."
    assert "LOCATION" not in found


def test_nothing_else_about_the_customer_stands_in_it() -> None:
    assert b"private" not in file()
    assert b"asha" not in file()
