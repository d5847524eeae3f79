"""The page of a booking: only its own link opens it, and what it says is what is true now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from flows import calendar_link, services
from flows.appointment import Service, Slot
from flows.order import Line, Order, Step
from flows.settings import Settings
from models import bookings, catalog, orders, stores
from models.work import Work
from tests.bot.web.door import Door
from tests.world import START

TOMORROW = START.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


def unit(door: Door, connection: Any) -> Work:
    return Work(connection, store=door.app.store, now=START, ids=door.app.ids)


async def service(work: Work) -> Service:
    products, _ = await catalog.find_products(work, {"FITTING-30"})
    found = services.read(products["FITTING-30"], Settings(work.store.settings))
    assert found is not None
    return found


async def place(door: Door, number: int, *, booked: bool = True) -> Order:
    """An order, and its places on Priya's calendar an hour after those of the number before."""
    async with door.app.database.transaction() as connection:
        work = unit(door, connection)
        order = Order(
            id=work.ids.new(), store_id=work.store.id, contact_id=7, number=number, kind="booking", status="scheduled",
            checkout_step=Step.COMPLETE, payment_method="cod", delivery_method="visit", currency="INR", subtotal=30000,
            discount=0, tax=0, shipping=0, total=30000, placed_at=START, changed_at=START, customer_note="for Asha only",
        )  # fmt: skip
        work.add(orders.ORDERS, order)
        work.add(orders.LINES, orders.Sold(order.id, 1, Line("FITTING-30", "Tailoring Fitting", 1, 30000)))
        if booked:
            fitting = await service(work)
            priya = (await bookings.calendars_for(work, fitting))[0]
            start = TOMORROW + timedelta(hours=number)
            slot = Slot(priya.id, start, start + fitting.duration)
            assert await bookings.take(work, 7, fitting, slot, places=1, order=order)
        await work.flush()
        return order


async def move(door: Door, order: Order) -> None:
    async with door.app.database.transaction() as connection:
        work = unit(door, connection)
        booking, fitting = await bookings.of_order(work, order.id), await service(work)
        assert booking is not None
        start = booking.starts_at + timedelta(hours=12)
        assert await bookings.move(work, booking, fitting, Slot(booking.calendar_id, start, start + fitting.duration))
        await work.flush()


async def get(door: Door, token: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with door.http.get(door.url(f"/calendar/{token}.ics"), headers=named) as answer:
        return answer.status, answer.headers, await answer.read()


def token(door: Door, order: Order) -> str:
    return calendar_link.token(order.id, door.app.store.salt)


def event(made: bytes) -> Any:
    [found] = Calendar.from_ical(made).walk("VEVENT")
    return found


async def test_the_link_of_a_booking_opens_it_and_no_other(stored: Door) -> None:
    first, second = await place(stored, 1), await place(stored, 2)

    status, headers, made = await get(stored, token(stored, first))
    assert (status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8; method=PUBLISH")
    assert headers["Content-Disposition"] == 'inline; filename="booking-1.ics"'
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("private, no-cache", "nosniff")
    assert (event(made)["SUMMARY"], event(made).start) == ("Tailoring Fitting", TOMORROW + timedelta(hours=1))
    assert event((await get(stored, token(stored, second)))[2])["UID"] != event(made)["UID"]
    assert b"Asha" not in made


async def test_what_changes_is_seen_at_once_and_what_does_not_is_not_sent_again(stored: Door) -> None:
    order = await place(stored, 1)
    _, headers, made = await get(stored, token(stored, order))
    again = await get(stored, token(stored, order), If_None_Match=headers["ETag"])
    assert (again[0], again[1]["ETag"], again[2]) == (304, headers["ETag"], b"")

    await move(stored, order)
    status, later, moved = await get(stored, token(stored, order), If_None_Match=headers["ETag"])
    assert (status, later["ETag"] != headers["ETag"]) == (200, True)
    assert event(moved)["UID"] == event(made)["UID"]
    assert event(moved)["SEQUENCE"] > event(made)["SEQUENCE"]
    assert event(moved).start == event(made).start + timedelta(hours=12)


async def test_a_new_place_of_the_shop_counts_in_a_process_that_began_before(stored: Door) -> None:
    order = await place(stored, 1)
    before = (await get(stored, token(stored, order)))[1]["ETag"]
    async with stored.app.database.transaction() as connection:
        work = unit(stored, connection)
        await stores.configure(work, {"booking_location": "12 MG Road"})
        await work.flush()

    _, headers, made = await get(stored, token(stored, order), If_None_Match=before)
    assert (event(made)["LOCATION"], headers["ETag"] != before) == ("12 MG Road", True)


@pytest.mark.parametrize("path", ["", "x", "A" * 32, "..%2f..%2fwebhook", "1", "%00" * 32])
async def test_nothing_else_opens_anything_and_strangers_do_not_reach_the_database(shut: Door, path: str) -> None:
    hits = shut.listen()
    status, headers, _ = await get(shut, path)
    assert (status, hits) == (404, {})
    assert headers.get("Cache-Control", "no-store") == "no-store"


async def test_no_other_order_no_number_and_no_other_stores_token_opens_anything(stored: Door) -> None:
    order, goods = await place(stored, 1), await place(stored, 2, booked=False)
    strange = [
        token(stored, goods),
        token(stored, replace(order, id=order.id + 1)),
        calendar_link.token(order.id, b"other"),
        token(stored, order)[::-1],
        str(order.id),
        str(order.number),
    ]

    answers = [await get(stored, given) for given in strange]
    assert {answer[0] for answer in answers} == {404}
    assert len({answer[2] for answer in answers}) == 1
    async with stored.http.post(stored.url(f"/calendar/{token(stored, order)}.ics")) as answer:
        assert answer.status == 405


async def test_a_database_that_does_not_answer_is_told_as_that(shut: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise TimeoutError

    order = await place(shut, 1)
    monkeypatch.setattr(orders, "get_all", fail)
    status, headers, said = await get(shut, token(shut, order))
    assert (status, headers["Retry-After"], b"Try again" in said) == (503, "60", True)
