"""Places are held, booked, moved and given back; what two want at once only one gets, and what nobody has is gone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from flows.appointment import Appointment, Busy, Calendar, Interval, Service, Slot
from flows.feed import Product
from flows.order import Order, Step
from models import agenda, bookings, catalog, contacts, orders, staff
from models.database import Database
from models.work import Conflict, Work
from tests.models.units import IDS, NOW, STORE, rows, run, unit

DAY = datetime(2026, 3, 3, tzinfo=UTC)
HOUR, QUARTER, NOTHING = timedelta(hours=1), timedelta(minutes=15), timedelta()
HAIRCUT = Service(
    "CUT", "Haircut", 50000, "INR", HOUR, before=NOTHING, after=QUARTER, capacity=1, deposit=0, people=("Asha", "Ravi"),
    lead=NOTHING, horizon=30 * 24 * HOUR, notice=NOTHING,
)  # fmt: skip
YOGA = replace(HAIRCUT, sku="YOGA", title="Yoga", people=(), capacity=10, after=NOTHING)
UNTIL = NOW + timedelta(minutes=5)
WHOLE = (Interval(DAY, DAY + 24 * HOUR),)
CUSTOMER, OTHER, THIRD = 101, 102, 103


def at(calendar: Calendar, hours: float, service: Service = HAIRCUT) -> Slot:
    start = DAY + hours * HOUR
    return Slot(calendar.id, start, start + service.duration)


async def held(work: Work, who: int, slot: Slot, service: Service = HAIRCUT, places: int = 1) -> Appointment | None:
    return await bookings.hold(work, who, service, slot, places=places, until=UNTIL)


async def order(work: Work, who: int = CUSTOMER) -> Order:
    number = await orders.take_number(work)
    return work.add(
        orders.ORDERS,
        Order(
            work.ids.new(), STORE.id, who, number, "booking", "pending", Step.COMPLETE, "cash", "visit", "INR", 0, 0, 0, 0, 0,
            NOW, NOW,
        ),
    )  # fmt: skip


async def booked(
    work: Work, slot: Slot, service: Service = HAIRCUT, places: int = 1, who: int = CUSTOMER
) -> Appointment:
    found = await bookings.take(work, who, service, slot, places=places, order=await order(work, who))
    assert found is not None
    return found


async def busy(work: Work, service: Service = HAIRCUT) -> list[list[tuple[float, float, int]]]:
    """Of each calendar: from, until, and the places left; in hours of the day."""
    found = await bookings.diaries(work, service, DAY, DAY + 24 * HOUR, working=lambda _: WHOLE)
    return [[((b.start - DAY) / HOUR, (b.end - DAY) / HOUR, b.left) for b in diary.busy] for diary in found]


async def sessions(database: Database) -> list[tuple[str, int]]:
    return [
        (row["sku"], row["taken"]) for row in await rows(database, "SELECT sku, taken FROM session ORDER BY busy_from")
    ]


async def test_calendars_are_made_once_and_know_their_people(database: Database) -> None:
    async with unit(database) as work:
        [asha, ravi] = await bookings.calendars_for(work, HAIRCUT)
        assert await bookings.calendars_for(work, replace(HAIRCUT, people=("ravi", "RAVI", "Asha"))) == [ravi, asha]
        assert (asha.name, asha.sku, asha.contact_id) == ("Asha", None, None)
    async with unit(database) as work:
        member = await staff.appoint(work, wa_id="9198", role="staff", name="asha")
        assert (await bookings.calendars_for(work, HAIRCUT))[0].contact_id == member.contact_id
        [own] = await bookings.calendars_for(work, YOGA)
        assert (own.name, own.sku, own.contact_id) == ("YOGA", "YOGA", None)
    async with unit(database) as work:
        assert [c.name for c in await bookings.calendars(work)] == ["Asha", "Ravi", "YOGA"]
        [linked, _] = await bookings.calendars_for(work, HAIRCUT)
        assert (linked.id, linked.contact_id, linked.version) == (asha.id, member.contact_id, 2)


async def test_what_can_be_booked_comes_in_the_order_of_the_feed(database: Database) -> None:
    feed = [
        Product("YOGA", "Yoga", 100, "INR", kind="service"),
        Product("TEA", "Tea", 100, "INR"),
        Product("CUT", "Haircut", 100, "INR", kind="service"),
        Product("OLD", "Gone", 100, "INR", kind="service", availability="discontinued"),
    ]
    async with database.transaction() as connection:
        await catalog.put(connection, STORE.id, feed, ids=IDS, now=NOW)
    async with unit(database) as work:
        assert [service.retailer_id for service in await catalog.services(work)] == ["YOGA", "CUT"]
    async with unit(database) as work:
        await catalog.find_products(work, ["CUT"])
        assert [service.retailer_id for service in await catalog.services(work)] == ["YOGA", "CUT"]


async def test_hours_and_exceptions_are_kept(database: Database) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        asha = bookings.set_hours(work, asha, "mon-fri 09:00-17:00")
        asha = bookings.set_exception(work, asha, date(2026, 3, 3), "closed")
        asha = bookings.set_exception(work, asha, date(2026, 3, 4), "10:00-12:00")
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        assert (asha.hours, asha.exceptions) == (
            "mon-fri 09:00-17:00", {"2026-03-03": "closed", "2026-03-04": "10:00-12:00"},
        )  # fmt: skip
        asha = bookings.set_exception(work, asha, date(2026, 3, 3), "")
        assert asha.exceptions == {"2026-03-04": "10:00-12:00"}
        assert bookings.set_exception(work, asha, date(2026, 3, 3), "") == asha


async def test_a_second_hold_gives_the_first_back_and_nobody_else_gets_a_held_place(database: Database) -> None:
    async with unit(database) as work:
        [asha, ravi] = await bookings.calendars_for(work, HAIRCUT)
        first = await held(work, CUSTOMER, at(asha, 10))
        assert first is not None
        assert (first.calendar, first.held_until, first.ends_at) == ("Asha", UNTIL, DAY + 11 * HOUR)
        assert await held(work, OTHER, at(asha, 10)) is None
    async with unit(database) as work:
        assert await held(work, OTHER, at(asha, 10.5)) is None
        assert await held(work, OTHER, at(asha, 11)) is None, "the quarter after it"
        assert await held(work, OTHER, at(asha, 9)) is None, "its own quarter after it"
        assert await held(work, OTHER, at(asha, 11.25)) is not None
        assert await busy(work) == [[(10, 11.25, 0), (11.25, 12.5, 0)], []]
        second = await held(work, CUSTOMER, at(asha, 9.5))
        assert second is not None
        assert await bookings.held_by(work, CUSTOMER) == second
        assert await bookings.find(work, first.id) is None
        assert await busy(work) == [[(9.5, 10.75, 0), (11.25, 12.5, 0)], []]
    async with unit(database) as work:
        assert await bookings.held_by(work, CUSTOMER) == second
        assert await bookings.find(work, first.id) is None
        assert await busy(work) == [[(9.5, 10.75, 0), (11.25, 12.5, 0)], []]
        third = await held(work, CUSTOMER, at(ravi, 9.5))
        assert third is not None
        await bookings.release(work, third)
    assert await rows(database, f"SELECT id FROM appointment WHERE contact_id = {CUSTOMER}") == []
    assert await sessions(database) == [("CUT", 1)]


async def test_a_hold_becomes_an_order_s_and_is_given_back_with_its_times(database: Database) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        hold = await held(work, CUSTOMER, at(asha, 10))
        assert hold is not None
        booking = await order(work)
        bookings.book(work, hold, booking)
    async with unit(database) as work:
        assert await bookings.held_by(work, CUSTOMER) is None
        found = await bookings.of_order(work, booking.id)
        assert found is not None
        assert (found.id, found.held_until, found.version) == (hold.id, None, 2)
        found = bookings.remember(work, found, coming_at=NOW)
        found = bookings.remember(work, found, reminded_at=NOW)
        assert (found.coming_at, found.reminded_at) == (NOW, NOW)
        free = await bookings.release(work, found)
        assert await bookings.release(work, free) == free
        assert await held(work, OTHER, at(asha, 10)) is not None
    async with unit(database) as work:
        found = await bookings.of_order(work, booking.id)
        assert found is not None
        assert (found.session_id, found.starts_at) == (None, DAY + 10 * HOUR)
    assert await sessions(database) == [("CUT", 1)]


async def test_a_session_has_so_many_places_and_no_other_service(database: Database) -> None:
    async with unit(database) as work:
        [own] = await bookings.calendars_for(work, YOGA)
        slot = at(own, 18)
        await booked(work, slot, YOGA, places=4)
        assert await held(work, OTHER, slot, YOGA, places=7) is None
    async with unit(database) as work:
        assert await held(work, OTHER, slot, YOGA, places=7) is None
        assert await held(work, OTHER, slot, replace(YOGA, sku="MEDITATION")) is None
        assert await held(work, OTHER, at(own, 18.25), YOGA) is None
        assert await held(work, OTHER, at(own, 19), YOGA, places=11) is None, "more than there ever are"
        assert await held(work, OTHER, slot, YOGA, places=6) is not None
        assert await held(work, THIRD, slot, YOGA) is None
        assert await busy(work, YOGA) == [[(18, 19, 0)]]
        await booked(work, at(own, 19), YOGA)
        assert await busy(work, YOGA) == [[(18, 19, 0), (19, 20, 9)]]
    assert await sessions(database) == [("YOGA", 10), ("YOGA", 1)]


@pytest.mark.parametrize("hours", [10.25, 9.75, 10, 15])
async def test_a_booking_moves_in_one_go(database: Database, hours: float) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        place = bookings.remember(work, await booked(work, at(asha, 10)), reminded_at=NOW, coming_at=NOW)
    async with unit(database) as work:
        found = await bookings.of_order(work, place.order_id or 0)
        assert found is not None
        moved = await bookings.move(work, found, HAIRCUT, at(asha, hours))
        assert moved is not None
        assert (moved.id, moved.starts_at, moved.reminded_at, moved.coming_at) == (
            place.id, DAY + hours * HOUR, None, None,
        )  # fmt: skip
        assert await busy(work) == [[(hours, hours + 1.25, 0)], []]
    async with unit(database) as work:
        assert await busy(work) == [[(hours, hours + 1.25, 0)], []]
        assert await bookings.of_order(work, place.order_id or 0) == moved


async def test_who_cannot_move_stays(database: Database) -> None:
    async with unit(database) as work:
        [asha, ravi] = await bookings.calendars_for(work, HAIRCUT)
        place = await booked(work, at(asha, 10))
        await booked(work, at(asha, 12), who=OTHER)
    async with unit(database) as work:
        found = await bookings.of_order(work, place.order_id or 0)
        assert found is not None
        assert await bookings.move(work, found, HAIRCUT, at(asha, 11)) is None
        assert await busy(work) == [[(10, 11.25, 0), (12, 13.25, 0)], []]
        moved = await bookings.move(work, found, HAIRCUT, at(ravi, 12))
        assert moved is not None
        assert (moved.calendar, moved.calendar_id) == ("Ravi", ravi.id)
    assert await sessions(database) == [("CUT", 1), ("CUT", 1)]


async def test_what_a_turn_took_is_free_again_when_the_turn_is_taken_back(database: Database) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        place = await booked(work, at(asha, 10))
        mark = work.mark()
        assert await bookings.move(work, place, HAIRCUT, at(asha, 10.25)) is not None
        await held(work, OTHER, at(asha, 15))
        work.take_back(mark)
        assert await busy(work) == [[(10, 11.25, 0)], []]
    assert await sessions(database) == [("CUT", 1)]


async def test_blocks_of_one_calendar_or_all_take_nobody_more(database: Database) -> None:
    async with unit(database) as work:
        [own] = await bookings.calendars_for(work, YOGA)
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        await booked(work, at(own, 18), YOGA)
        mine = bookings.block(work, asha, DAY + 9 * HOUR, DAY + 10 * HOUR, note="dentist", by=7)
        assert await held(work, CUSTOMER, at(asha, 9.5)) is None
    async with unit(database) as work:
        everyone = bookings.block(work, None, DAY + 9.5 * HOUR, DAY + 18.5 * HOUR, note="move", by=None)
        assert await busy(work) == [[(9, 18.5, 0)], [(9.5, 18.5, 0)]]
        assert await busy(work, YOGA) == [[(9.5, 19, 0)]]
        assert await held(work, CUSTOMER, at(own, 18), YOGA) is None
    async with unit(database) as work:
        assert await bookings.blocks_between(work, DAY + 9.75 * HOUR, DAY + 10 * HOUR) == [mine, everyone]
        assert await bookings.blocks_between(work, DAY + 10 * HOUR, DAY + 11 * HOUR) == [everyone]
        bookings.unblock(work, everyone)
        assert await busy(work) == [[(9, 10, 0)], []]
        assert await held(work, CUSTOMER, at(own, 18), YOGA) is not None
    async with unit(database) as work:
        assert await bookings.blocks_between(work, DAY, DAY + 24 * HOUR) == [mine]


async def test_a_diary_ends_where_it_was_asked_to(database: Database) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        for n, hours in enumerate((9, 12, 15)):
            await booked(work, at(asha, hours), who=CUSTOMER + n)
    async with unit(database) as work:
        first, last = DAY + 9.5 * HOUR, DAY + 15.5 * HOUR
        [diary, empty] = await bookings.diaries(work, HAIRCUT, first, last, working=lambda _: WHOLE)
        assert work.late_loads == 2, "the calendars, and all that is on them"
        assert [(busy.start, busy.end) for busy in diary.busy] == [
            (first, DAY + 10.25 * HOUR), (DAY + 12 * HOUR, DAY + 13.25 * HOUR), (DAY + 15 * HOUR, last),
        ]  # fmt: skip
        assert diary.busy[1] == Busy(DAY + 12 * HOUR, DAY + 13.25 * HOUR, "CUT", DAY + 12 * HOUR, 0)
        assert (diary.name, diary.working, empty.busy) == ("Asha", WHOLE, ())


async def test_the_list_of_a_day(database: Database) -> None:
    async with unit(database) as work:
        [asha, ravi] = await bookings.calendars_for(work, HAIRCUT)
        late = await booked(work, at(asha, 15))
        early = await booked(work, at(ravi, 9), who=OTHER)
        canceled = await booked(work, at(asha, 10), who=THIRD)
        await held(work, THIRD, at(asha, 12))
    async with unit(database) as work:
        [gone] = (await bookings.of_orders(work, [canceled.order_id or 0])).values()
        await bookings.release(work, gone)
        found = await agenda.between(work, DAY, DAY + 24 * HOUR)
        assert [(order.id, place.id) for order, place in found] == [
            (early.order_id, early.id), (late.order_id, late.id),
        ]  # fmt: skip
        of_one = await agenda.between(work, DAY + 9 * HOUR, DAY + 15 * HOUR, calendar_id=ravi.id)
        assert [place for _, place in of_one] == [early]
        assert await agenda.between(work, DAY + 9.25 * HOUR, DAY + 15 * HOUR) == []


async def test_a_wish_is_answered_once(database: Database) -> None:
    day = date(2026, 3, 3)
    async with unit(database) as work:
        bookings.wish(work, CUSTOMER, "CUT", day)
        bookings.wish(work, CUSTOMER, "CUT", day)
        bookings.wish(work, OTHER, "CUT", day)
        bookings.wish(work, THIRD, "CUT", date(2026, 3, 4))
        bookings.wish(work, THIRD, "YOGA", day)
    async with unit(database) as work:
        bookings.wish(work, OTHER, "CUT", day)
    async with unit(database) as work:
        assert [wish.contact_id for wish in await bookings.wishes_for(work, "CUT", day)] == [CUSTOMER, OTHER]
        assert await bookings.wishes_for(work, "CUT", day) == []
    async with unit(database) as work:
        assert await bookings.wishes_for(work, "CUT", day) == []
        bookings.wish(work, CUSTOMER, "CUT", day)
    async with unit(database) as work:
        assert [wish.contact_id for wish in await bookings.wishes_for(work, "CUT", day)] == [CUSTOMER]


async def test_of_two_who_turn_out_to_be_one_one_hold_and_all_bookings_stay(database: Database) -> None:
    async with unit(database) as work:
        kept, gone = (contacts.create(work, wa_id=f"919{n}", bsuid=None).id for n in range(2))
        [asha, ravi] = await bookings.calendars_for(work, HAIRCUT)
        theirs = await booked(work, at(asha, 9), who=gone)
        first, second = await held(work, kept, at(asha, 11)), await held(work, gone, at(ravi, 11))
        assert first is not None
        assert second is not None
        for who in (kept, gone):
            bookings.wish(work, who, "CUT", date(2026, 3, 3))
    async with unit(database) as work:
        await contacts.get(work, kept)
        await contacts.get(work, gone)
        contacts._join(work, kept=kept, gone=gone)
    async with unit(database) as work:
        found = await bookings.of_order(work, theirs.order_id or 0)
        assert found is not None
        assert found.contact_id == kept
        assert await bookings.held_by(work, kept) == first
        assert await bookings.held_by(work, gone) == second


SECOND_HOLD = (
    "INSERT INTO appointment (id, store_id, contact_id, sku, calendar_id, calendar, places, starts_at, ends_at, session_id,"
    " held_until, version) SELECT 7, store_id, contact_id, sku, 7, '', 1, starts_at, ends_at, 7, held_until, 1 FROM appointment"
)
REFUSED = (
    "UPDATE session SET taken = -1",
    "UPDATE session SET taken = capacity + 1",
    "UPDATE session SET busy_from = ends_at",
    "UPDATE session SET ends_at = starts_at",
    "UPDATE appointment SET places = 0",
    "UPDATE appointment SET order_id = 7",
    "UPDATE appointment SET held_until = NULL",
    "INSERT INTO session SELECT id + 1, store_id, calendar_id, sku, starts_at, ends_at, busy_from, busy_until, 5, 1 FROM session",
    SECOND_HOLD,
)


async def test_the_database_refuses_what_cannot_be(database: Database) -> None:
    async with unit(database) as work:
        [asha, _] = await bookings.calendars_for(work, HAIRCUT)
        await held(work, CUSTOMER, at(asha, 10))
        bookings.block(work, asha, DAY, DAY + HOUR, note="", by=None)
    for change in (*REFUSED, "UPDATE block SET ends_at = starts_at"):
        with pytest.raises(IntegrityError):
            await run(database, change)
    copied = (
        "SELECT id + 1, store_id, calendar_id{}, sku, starts_at, ends_at, busy_from, busy_until, 5, {} FROM session"
    )
    await run(database, f"INSERT INTO session {copied.format('', 0)}")
    await run(
        database, f"INSERT INTO session {copied.replace('id + 1', 'id + 2', 1).format(' + 1', 1)} WHERE taken = 1"
    )
    with pytest.raises(IntegrityError):
        await run(database, "UPDATE session SET taken = 1 WHERE taken = 0")
    with pytest.raises(IntegrityError):
        await run(database, f"UPDATE session SET calendar_id = {asha.id}")


async def inside(work: Work, sql: str) -> None:
    await work.connection.execute_query(sql)  # type: ignore[attr-defined]


GONE = ("DELETE FROM session", "UPDATE session SET taken = 1", "UPDATE appointment SET version = 2")
"""What somebody else has done after this unit of work read it."""


@pytest.mark.parametrize("what", GONE)
async def test_places_that_were_given_back_meanwhile_are_a_conflict(database: Database, what: str) -> None:
    async with unit(database) as work:
        [own] = await bookings.calendars_for(work, YOGA)
        place = await booked(work, at(own, 10), YOGA, places=2)
    with pytest.raises((Conflict, IntegrityError) if database.address.is_sqlite else Conflict):
        async with unit(database) as work:
            found = await bookings.of_order(work, place.order_id or 0)
            assert found is not None
            if "DELETE" in what:
                await inside(work, what)
            await bookings.release(work, found)
            await inside(work, what)
    assert await sessions(database) == [("YOGA", 2)]


async def test_a_calendar_that_two_make_at_once_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict):
        async with unit(database) as work:
            await bookings.calendars_for(work, YOGA)
            await inside(
                work,
                "INSERT INTO calendar (id, store_id, name, hours, exceptions, version)"
                f" VALUES (5, {STORE.id}, 'YOGA', '', '{{}}', 1)",
            )
