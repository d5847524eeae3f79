"""Timers as rows: set once, rung once, and rung as an event of the inbox."""

from datetime import timedelta

import orjson

from models import inbox, timers
from models.database import Database
from models.inbox import Arrival
from tests.models.units import NOW, rows, unit

SOON = NOW + timedelta(minutes=1)


async def ring(database: Database, *, after: timedelta) -> list[Arrival]:
    async with unit(database, NOW + after) as work:
        arrivals = timers.arrivals(await timers.claim_due(work.connection, work.now, 500))
        for arrival in arrivals:
            inbox.accept(work, arrival)
    return arrivals


async def start(database: Database, *subjects: str) -> None:
    async with unit(database) as work:
        for subject in subjects:
            timers.start(work, kind="remind", subject=subject, due_at=SOON)


async def test_a_timer_rings_once_when_it_is_due(database: Database) -> None:
    await start(database, "7")
    rung = [await ring(database, after=timedelta(seconds=s)) for s in (0, 59, 60, 61, 3600)]

    [arrival] = rung[2]
    assert [len(arrivals) for arrivals in rung] == [0, 0, 1, 0, 0]
    assert (arrival.kind, arrival.ordering_key) == ("timer.remind", "t:remind:7")
    assert orjson.loads(arrival.payload) == {"subject": "7", "due_at": SOON.isoformat()}
    assert await rows(database, "SELECT kind, ordering_key, state FROM inbox") == [
        {"kind": "timer.remind", "ordering_key": "t:remind:7", "state": "new"}
    ]


async def test_setting_it_twice_sets_it_once(database: Database) -> None:
    await start(database, "7", "7", "8")
    await start(database, "7")

    assert len(await ring(database, after=timedelta(minutes=1))) == 2


async def test_a_stopped_timer_does_not_ring_until_it_is_set_again(database: Database) -> None:
    await start(database, "7", "8")
    async with unit(database) as work:
        timers.stop(work, kinds=["remind"], subject="7")
    async with database.transaction() as connection:
        assert await timers.next_due(connection) == SOON
    assert [a.ordering_key for a in await ring(database, after=timedelta(minutes=1))] == ["t:remind:8"]

    await start(database, "7", "8")
    assert [a.ordering_key for a in await ring(database, after=timedelta(minutes=2))] == ["t:remind:7"]


async def test_a_timer_moves_by_stopping_all_others(database: Database) -> None:
    await start(database, "7")
    later = SOON + timedelta(hours=1)
    async with unit(database) as work:
        timers.start(work, kind="remind", subject="7", due_at=later)
        timers.stop(work, kinds=["remind"], subject="7", but=[later])

    assert await ring(database, after=timedelta(minutes=1)) == []
    assert len(await ring(database, after=timedelta(minutes=61))) == 1


async def test_without_timers_nothing_is_due(database: Database) -> None:
    async with database.transaction() as connection:
        assert await timers.next_due(connection) is None
