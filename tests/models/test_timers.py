"""Timers as rows: set once, rung once, and rung as an event of the inbox."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta

import orjson
import pytest

from models import inbox, timers
from models.address import Address
from models.database import Database
from models.inbox import Arrival
from tests.budget import TIMERS
from tests.models.units import NOW, STORE, open_store, rows, unit

CLAIMERS = 4
SOON = NOW + timedelta(minutes=1)


async def ring(database: Database, *, after: timedelta) -> list[Arrival]:
    async with unit(database, NOW + after) as work:
        arrivals = timers.arrivals(await timers.claim_due(work.connection, work.now, 500))
        for arrival in arrivals:
            inbox.accept(work, arrival)
    return arrivals


async def claim_all(database: Database, at_once: asyncio.Barrier) -> list[Arrival]:
    """What one process rings until nothing is due, as the scheduler's tick does."""
    rung: list[Arrival] = []
    await at_once.wait()
    while arrivals := await ring(database, after=timedelta(minutes=1)):
        rung += arrivals
    return rung


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


@pytest.mark.postgres
async def test_four_processes_ring_each_of_very_many_once(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        processes = []
        for _ in range(CLAIMERS):
            processes.append(opened := Database(Address(postgres_url)))
            await opened.open()
            stack.push_async_callback(opened.close)
        await open_store(processes[0], STORE)
        await start(processes[0], *map(str, range(TIMERS)))
        line = asyncio.Barrier(CLAIMERS)
        rung = await asyncio.gather(*(claim_all(process, line) for process in processes))
        assert all(rung), "one did all the work"
        every = Counter(arrival.source_id for arrivals in rung for arrival in arrivals)
        assert (len(every), set(every.values())) == (TIMERS, {1})
        [left] = await rows(processes[0], "SELECT COUNT(*) AS n FROM timer WHERE state <> 'rung'")
        [events] = await rows(processes[0], "SELECT COUNT(*) AS n, COUNT(DISTINCT ordering_key) AS subjects FROM inbox")
        assert (left["n"], events) == (0, {"n": TIMERS, "subjects": TIMERS})


async def test_without_timers_nothing_is_due(database: Database) -> None:
    async with database.transaction() as connection:
        assert await timers.next_due(connection) is None
