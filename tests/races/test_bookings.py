"""Sixteen want the same time at the same moment, a thousand times: as many get it as there are places, the others hear no.

Each contender looks before any of them writes, so that all see the time free and the database alone decides. A contender
is one unit of work and runs again after a conflict, as the dispatcher lets it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from flows import limits
from flows.appointment import Appointment, Calendar, Service, Slot
from flows.order import Order, Step
from models import bookings, invariants, orders
from models.address import Address
from models.database import Database
from models.work import Conflict, Work
from tests.budget import RACES
from tests.models.units import IDS, NOW, STORE, open_store

CONTENDERS = 16
AT_ONCE = 5
"""Rounds in one unit of work, each about a time of its own: all that one wins, or all but some."""
MINUTE, NOTHING = timedelta(minutes=1), timedelta()
CUT = Service(
    "CUT", "Haircut", 50000, "INR", 60 * MINUTE, NOTHING, NOTHING, capacity=1, deposit=0, people=("Asha", "Ravi"),
    lead=NOTHING, horizon=timedelta(days=9999), notice=NOTHING,
)  # fmt: skip
YOGA = replace(CUT, sku="YOGA", people=(), capacity=10)


@dataclass(frozen=True)
class Round:
    """One race: about what, from when on, and who was there before it."""

    number: int
    calendar: Calendar
    at: datetime
    there: tuple[Appointment, ...] = ()

    def slot(self, later: timedelta = NOTHING) -> Slot:
        return Slot(self.calendar.id, self.at + later, self.at + later + CUT.duration)

    def customer(self, contender: int) -> int:
        return 1000 + self.number * 2 * CONTENDERS + contender


Act = Callable[[Work, Round, int], Awaitable[Appointment | None]]
"""What a contender does; None: it came too late."""


class Course:
    """A database on which contenders start together."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conflicts = 0
        self.escaped: list[BaseException] = []
        self.turn = 0
        """Who starts first goes round."""
        self.ends = Counter[str]()
        """How the races ended that may end in several ways."""

    async def unit(self, act: Callable[[Work], Awaitable[list[Appointment | None]]]) -> list[Appointment | None]:
        """One contender to its end, however often it must run."""
        for _ in range(limits.CONFLICT_RUNS):
            try:
                async with self.database.transaction() as connection:
                    work = Work(connection, store=STORE, now=NOW, ids=IDS)
                    done = await act(work)
                    await work.flush()
                    return done
            except Conflict:
                self.conflicts += 1
        raise AssertionError("nobody meets so many conflicts")

    async def clash(
        self, rounds: Sequence[Round], acts: Sequence[Act], *, late: int = 0
    ) -> list[tuple[Round, list[Appointment | None]]]:
        """What each contender got in each round. The last so many look while the others write.

        Every second one goes through the rounds backwards: what is not put in order before it is written would lock up.
        """
        line = asyncio.Barrier(len(acts))
        self.turn += 1
        order = sorted(range(len(acts)), key=lambda contender: (contender + self.turn) % len(acts))

        async def contend(contender: int) -> list[Appointment | None]:
            is_at_line = not self.database.address.is_sqlite  # there nobody gets in before the first has written

            async def run(work: Work) -> list[Appointment | None]:
                nonlocal is_at_line
                waits, is_at_line = is_at_line, False
                is_late = contender >= len(acts) - late
                if waits and is_late:
                    await line.wait()
                way = 1 if contender % 2 else -1
                done = [await acts[contender](work, each, contender) for each in rounds[::way]][::way]
                if waits and not is_late:
                    await line.wait()
                return done

            return await self.unit(run)

        running = {contender: asyncio.create_task(contend(contender)) for contender in order}
        answers = await asyncio.gather(*(running[n] for n in range(len(acts))), return_exceptions=True)
        self.escaped += [answer for answer in answers if isinstance(answer, BaseException)]
        assert self.escaped == []
        got = [answer for answer in answers if not isinstance(answer, BaseException)]
        return [(each, [answer[n] for answer in got]) for n, each in enumerate(rounds)]

    async def calendars(self) -> tuple[Calendar, Calendar]:
        found: list[Calendar] = []

        async def make(work: Work) -> list[Appointment | None]:
            found[:] = [*await bookings.calendars_for(work, CUT), *await bookings.calendars_for(work, YOGA)]
            return []

        await self.unit(make)
        asha, _, yoga = found
        return asha, yoga

    async def judge(self) -> None:
        async with self.database.transaction() as connection:
            assert await invariants.violations(connection, now=NOW) == []

    async def taken(self, each: Round) -> list[tuple[datetime, int]]:
        """When somebody is there around that time, and how many places are taken."""
        async with self.database.transaction() as connection:
            work = Work(connection, store=STORE, now=NOW, ids=IDS)
            sessions, _ = await bookings._busy(work, [each.calendar.id], each.at, each.at + timedelta(hours=5))
        return sorted((session.starts_at, session.taken) for session in sessions)


@asynccontextmanager
async def course(url: str) -> AsyncIterator[Course]:
    database = Database(Address(url if url.startswith("sqlite") else f"{url}?pool_size={CONTENDERS + 1}"))
    await database.open()
    try:
        await open_store(database, STORE)
        yield Course(database)
    finally:
        await database.close()


def days(calendar: Calendar, numbers: Sequence[int]) -> list[Round]:
    first = datetime(2026, 3, 3, 10, tzinfo=UTC)
    return [Round(n, calendar, first + timedelta(days=n)) for n in numbers]


async def order(work: Work, customer: int) -> Order:
    money = (0, 0, 0, 0, 0)
    placed = Order(
        work.ids.new(), STORE.id, customer, await orders.take_number(work), "booking", "scheduled", Step.COMPLETE, "cash",
        "visit", "INR", *money, NOW, NOW,
    )  # fmt: skip
    return work.add(orders.ORDERS, placed)


def wants(service: Service, later: timedelta = NOTHING, places: int = 1) -> Act:
    async def act(work: Work, each: Round, contender: int) -> Appointment | None:
        slot = each.slot(later)
        return await bookings.hold(work, each.customer(contender), service, slot, places=places, until=NOW + 5 * MINUTE)

    return act


async def prepare(races: Course, rounds: Sequence[Round], service: Service, *places: int) -> list[Round]:
    """Rounds whose time is booked already, by one customer after the other."""

    async def book(work: Work) -> list[Appointment | None]:
        there = []
        for each in rounds:
            for n, count in enumerate(places):
                customer = each.customer(CONTENDERS + n)
                placed = await order(work, customer)
                there.append(await bookings.take(work, customer, service, each.slot(), places=count, order=placed))
        return there

    booked = await races.unit(book)
    size = len(places)
    return [
        replace(each, there=tuple(a for a in booked[n * size : (n + 1) * size] if a)) for n, each in enumerate(rounds)
    ]


async def cancel(work: Work, each: Round, _contender: int) -> Appointment | None:
    mine = await bookings.find(work, each.there[0].id)
    assert mine is not None
    await cancel_order(work, mine)
    return await bookings.release(work, mine)


async def cancel_order(work: Work, mine: Appointment) -> None:
    placed = await orders.get(work, mine.order_id or 0)
    work.replace(orders.ORDERS, replace(placed, status="canceled", version=placed.version + 1))


def moves(later: timedelta) -> Act:
    async def act(work: Work, each: Round, _contender: int) -> Appointment | None:
        mine = await bookings.find(work, each.there[0].id)
        assert mine is not None
        return await bookings.move(work, mine, CUT, each.slot(later))

    return act


async def one_time(races: Course, rounds: Sequence[Round]) -> None:
    """One slot: one winner."""
    for each, got in await races.clash(rounds, [wants(CUT)] * CONTENDERS):
        assert len([a for a in got if a]) == 1, got
        assert await races.taken(each) == [(each.at, 1)]


async def overlapping(races: Course, rounds: Sequence[Round]) -> None:
    """Times that overlap by any number of minutes: those who won are apart, and nobody lost to nobody."""
    starts = [n * 7 * MINUTE for n in range(CONTENDERS)]
    answers = await races.clash(rounds, [wants(CUT, later) for later in starts])
    for each, got in answers:
        won = [each.at + later for later, a in zip(starts, got, strict=True) if a]
        assert [at for at, _ in await races.taken(each)] == won
        assert all(second - first >= CUT.duration for first, second in pairwise(won))
        lost = [each.at + later for later, a in zip(starts, got, strict=True) if not a]
        assert [at for at in lost if not any(abs(at - other) < CUT.duration for other in won)] == []


async def the_last_place(races: Course, rounds: Sequence[Round]) -> None:
    """Nine of ten are taken: one gets the tenth."""
    rounds = await prepare(races, rounds, YOGA, 4, 5)
    for each, got in await races.clash(rounds, [wants(YOGA)] * CONTENDERS):
        assert len([a for a in got if a]) == 1, got
        assert await races.taken(each) == [(each.at, 10)]


async def ten_places(races: Course, rounds: Sequence[Round]) -> None:
    """Sixteen for ten places: exactly ten get in."""
    for each, got in await races.clash(rounds, [wants(YOGA)] * CONTENDERS):
        assert len([a for a in got if a]) == 10, got
        assert await races.taken(each) == [(each.at, 10)]


async def cancel_and_book(races: Course, rounds: Sequence[Round]) -> None:
    """The place of who cancels goes to one at most, and the cancel is never refused."""
    rounds = await prepare(races, rounds, CUT, 1)
    acts = [cancel, *[wants(CUT, n % 3 * 20 * MINUTE) for n in range(CONTENDERS - 1)]]
    for each, (canceled, *got) in await races.clash(rounds, acts, late=12):
        assert canceled is not None
        won = [a.starts_at for a in got if a]
        assert len(won) <= 1
        assert await races.taken(each) == [(at, 1) for at in won]
        races.ends["given back" if not won else "taken over"] += 1


async def move_and_book(races: Course, rounds: Sequence[Round]) -> None:
    """Who moves by half an hour meets those who want the time after it: the half hour between them goes to one."""
    rounds = await prepare(races, rounds, CUT, 1)
    hour = CUT.duration
    acts = [moves(hour / 2), *[wants(CUT, (hour, hour / 2, NOTHING)[n % 3]) for n in range(CONTENDERS - 1)]]
    late = CONTENDERS - 1 if rounds[0].number // (AT_ONCE * len(SHAPES)) % 2 else 0
    for each, (moved, *got) in await races.clash(rounds, acts, late=late):
        won = sorted(a.starts_at for a in got if a)
        stands = each.at + (hour / 2 if moved else NOTHING)
        assert await races.taken(each) == sorted([(stands, 1), *((at, 1) for at in won)])
        assert won == [] if moved else won == [each.at + hour]
        races.ends["moved" if moved else "stayed"] += 1


SHAPES = {
    one_time: "asha", overlapping: "asha", the_last_place: "yoga", ten_places: "yoga", cancel_and_book: "asha",
    move_and_book: "asha",
}  # fmt: skip


async def run(races: Course, rounds: int) -> Counter[str]:
    """So many rounds, the shapes in turn."""
    asha, yoga = await races.calendars()
    met = Counter[str]()
    for start in range(0, rounds, AT_ONCE):
        shape = list(SHAPES)[start // AT_ONCE % len(SHAPES)]
        before = races.conflicts
        calendar = asha if SHAPES[shape] == "asha" else yoga
        await shape(races, days(calendar, range(start, min(start + AT_ONCE, rounds))))
        met[shape.__name__] += races.conflicts - before
    await races.judge()
    return met


@pytest.mark.postgres
@pytest.mark.timeout(1200)
async def test_of_sixteen_at_once_as_many_win_as_there_are_places(postgres_url: str) -> None:
    async with course(postgres_url) as races:
        met = await run(races, RACES)
        print(met, races.ends)
        assert {shape.__name__ for shape in SHAPES} == {name for name, times in met.items() if times}, "they never met"
        assert races.ends.keys() >= {"taken over", "moved", "stayed"}


async def test_on_sqlite_one_after_the_other_comes_to_the_same(sqlite_url: str) -> None:
    async with course(sqlite_url) as races:
        await run(races, len(SHAPES) * AT_ONCE)
        assert races.conflicts == 0
