"""When a service can be had: hours, holidays, blocks and bookings together, as somebody who books is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from flows.appointment import Service
from flows.settings import Settings
from models import bookings, openings
from models.database import Database
from models.work import Work
from tests.models.test_bookings import HAIRCUT, booked
from tests.models.units import NOW, STORE, unit

HOUR = timedelta(hours=1)
SHOP = {"business_hours": "mon-fri 10:00-13:00", "booking_step": "1h"}
ASHA = replace(HAIRCUT, people=("Asha",), after=timedelta())


def at(day: int, hour: int) -> datetime:
    """March 2026 by the shop's clock, five and a half hours ahead."""
    return datetime(2026, 3, day, hour, tzinfo=UTC) - timedelta(hours=5, minutes=30)


def shop(work: Work, **settings: str) -> Work:
    work.store = replace(STORE, settings={**SHOP, **settings})
    return work


async def free(work: Work, service: Service = ASHA, count: int = 4, **options: object) -> list[datetime]:
    look = await openings.of(work, service, **options)  # type: ignore[arg-type]
    return [slot.starts_at for slot in islice(look.free(), count)]


async def test_what_is_free_lies_in_hours_and_beside_bookings_and_blocks(database: Database) -> None:
    async with unit(database) as work:
        shop(work)
        [asha] = await bookings.calendars_for(work, ASHA)
        assert await free(work) == [at(2, 10), at(2, 11), at(2, 12), at(3, 10)]
        look = await openings.of(work, ASHA)
        slot = look.at(at(2, 11))
        assert slot is not None
        await booked(work, slot, ASHA)
        bookings.block(work, asha, at(2, 12), at(2, 13), note="", by=None)
        asha = bookings.set_exception(work, asha, date(2026, 3, 3), "closed")
        bookings.set_exception(work, asha, date(2026, 3, 4), "15:00-16:00, 18:00-19:00")
        assert await free(work) == [at(2, 10), at(4, 15), at(4, 18), at(5, 10)]
        look = await openings.of(work, ASHA)
        assert [d.starts_at for d in islice(look.days(), 3)] == [at(2, 10), at(4, 15), at(5, 10)]
        assert look.at(at(2, 11)) is None


async def test_holidays_and_own_hours_count(database: Database) -> None:
    async with unit(database) as work:
        shop(work, holidays="IN")
        [asha] = await bookings.calendars_for(work, ASHA)
        bookings.set_hours(work, asha, "mon-sun 09:00-10:00")
        days = [slot.starts_at.day for slot in (await openings.of(work, ASHA)).free() if slot.starts_at < at(7, 0)]
        assert days == [3, 5, 6], "the lead of Monday is over at nine, and the fourth is Holi"


async def test_the_place_of_who_would_move_is_free_for_them_and_stays_theirs(database: Database) -> None:
    async with unit(database) as work:
        shop(work)
        slot = (await openings.of(work, ASHA)).at(at(2, 11))
        assert slot is not None
        own = await booked(work, slot, ASHA)
        assert at(2, 11) in await free(work, but=[own])
        assert at(2, 11) not in await free(work)
        found = await bookings.find(work, own.id)
        assert found == own


@pytest.mark.parametrize(("day", "is_full"), [(2, True), (3, False), (8, False), (1, False)])
async def test_a_day_is_full_when_it_could_have_something(database: Database, day: int, is_full: bool) -> None:
    """Not on a Sunday, and not when it is over."""
    async with unit(database) as work:
        shop(work)
        for hour in (10, 11, 12):
            slot = (await openings.of(work, ASHA)).at(at(2, hour))
            assert slot is not None
            await booked(work, slot, ASHA)
        assert (await openings.of(work, ASHA)).is_full(date(2026, 3, day)) is is_full


async def test_the_next_ones_are_found_however_far_they_are(database: Database) -> None:
    async with unit(database) as work:
        shop(work, closed="until 2026-03-20")
        service = replace(ASHA, horizon=timedelta(days=25))
        assert [slot.starts_at for slot in await openings.soon(work, service, 3)] == [
            at(20, 10),
            at(20, 11),
            at(20, 12),
        ]
        short = replace(ASHA, horizon=timedelta(days=10))
        assert await openings.soon(work, short, 3) == []


async def test_hours_are_read_for_the_days_that_are_asked_about(database: Database) -> None:
    async with unit(database) as work:
        [asha] = await bookings.calendars_for(work, ASHA)
        found = openings.hours_of(asha, Settings(SHOP), STORE, NOW, NOW + HOUR)
        assert found == ((at(2, 10), at(2, 13)),)
