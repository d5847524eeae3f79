"""The inbox: each event once, taken in order and by one worker, settled once."""

import asyncio
import time
from datetime import timedelta

import pytest

from flows import limits
from models import inbox
from models.database import Database
from models.inbox import Arrival, Event, source_hash
from models.work import Conflict
from tests.models.units import NOW, STORE, rows, run, unit


def event(n: int, lane: str = "c:a") -> Arrival:
    return Arrival(f"m:{n}", "message", lane, b"{}")


async def accept(database: Database, *arrivals: Arrival) -> int:
    given = inbox.rows(arrivals, store_id=STORE.id, salt=STORE.salt, now=NOW)
    [stored] = await database.write([(inbox.ACCEPT, given)])
    return stored


async def claim(database: Database) -> list[tuple[str, int]]:
    async with database.transaction() as connection:
        return [(event.ordering_key, event.id) for event in await inbox.claim(connection, NOW)]


async def claimed_one(database: Database, event_id: int) -> Event | None:
    async with database.transaction() as connection:
        return await inbox.claim_one(connection, event_id)


async def test_an_event_is_accepted_once(database: Database) -> None:
    assert await accept(database, event(1), event(2)) == 2
    assert await accept(database, event(2), event(3)) == 1
    assert len(await rows(database, "SELECT id FROM inbox")) == 3


def test_timers_ring_side_by_side_in_the_index_and_nobody_else_does() -> None:
    """Of a million events each random hash is on a page of its own; every page that is touched is written whole."""
    rings = [source_hash(f"t:{n}", b"salt") for n in range(250, 450)]
    assert [int.from_bytes(ring) for ring in rings] == list(
        range(int.from_bytes(rings[0]), int.from_bytes(rings[-1]) + 1)
    )
    others = {source_hash(f"{kind}:{n}", b"salt")[:8] for kind in ("m", "t:race", "r") for n in range(250, 450)}
    assert len(others) == 600
    assert {len(source_hash(each, b"salt")) for each in ("t:1", f"t:{2**63 - 1}", "m:1", "t:", "t:x")} == {16}
    assert source_hash("t:1", b"salt") != source_hash("t:1", b"pepper")


async def test_events_have_the_order_of_their_body_whatever_their_sources_are(database: Database) -> None:
    await accept(database, *(event(n, f"c:{n:03}") for n in range(200)))
    kept = await rows(database, "SELECT ordering_key FROM inbox ORDER BY id")
    assert [row["ordering_key"] for row in kept] == [f"c:{n:03}" for n in range(200)]


async def test_bodies_told_backwards_at_once_do_not_wait_for_one_another(database: Database) -> None:
    """Each pair holds the same hundred events; on Postgres a deadlock would refuse one of the two."""
    for first in range(0, 4_000, 100):
        events = [event(n) for n in range(first, first + 100)]
        stored = await asyncio.gather(accept(database, *events), accept(database, *events[::-1]))
        assert sum(stored) == len(events)


async def test_the_oldest_lanes_come_first_and_each_in_order(database: Database) -> None:
    await accept(database, event(1, "c:z"), event(2, "c:a"), event(3, "c:z"), event(4, "c:m"), event(5, "status"))

    assert await claim(database) == [("c:z", 1), ("c:a", 2), ("c:z", 3), ("c:m", 4)]


async def test_no_lane_takes_more_than_its_share_and_no_batch_more_than_its_size(database: Database) -> None:
    flood = [event(n, "c:flood") for n in range(100)]
    many = [event(1000 + n, f"c:{n}") for n in range(2 * limits.BATCH_CONTACTS)]
    await accept(database, *flood, *many)

    taken = await claim(database)
    assert len(taken) == limits.BATCH_EVENTS + limits.BATCH_CONTACTS - 1 <= limits.BATCH_SIZE
    assert [n for lane, n in taken if lane == "c:flood"] == list(range(1, limits.BATCH_EVENTS + 1))
    assert [n for lane, n in taken if lane != "c:flood"] == list(range(101, 100 + limits.BATCH_CONTACTS))


@pytest.mark.parametrize("is_postponed", [False, True])
async def test_whoever_stands_behind_a_flood_is_taken_at_once(database: Database, is_postponed: bool) -> None:
    await accept(
        database, *(event(n, "c:flood") for n in range(2 * limits.BATCH_SIZE)), event(-1, "c:z"), event(-2, "c:a")
    )
    if is_postponed:
        async with unit(database) as work:
            [head, *_] = await inbox.claim(work.connection, NOW)
            inbox.postpone(work, head, attempts=1, delay=timedelta(seconds=2))

    taken = [lane for lane, _ in await claim(database)]
    assert taken == ["c:flood"] * (0 if is_postponed else limits.BATCH_EVENTS) + ["c:z", "c:a"]


@pytest.mark.parametrize("limit", [2, 3, 8, limits.BATCH_EVENTS])
async def test_a_small_batch_has_room_for_whoever_stands_behind_a_flood(database: Database, limit: int) -> None:
    await accept(database, *(event(n, "c:flood") for n in range(2 * limits.BATCH_SIZE)), event(-1, "c:z"))
    async with database.transaction() as connection:
        taken = [found.ordering_key for found in await inbox.claim(connection, NOW, limit)]
    assert taken == ["c:flood"] * (limit - 1) + ["c:z"]


async def test_a_claim_costs_the_same_however_much_one_person_has_waiting(database: Database) -> None:
    costs = []
    for start, end in ((0, 1_000), (1_000, 20_000)):
        await accept(database, *(event(n, "c:flood") for n in range(start, end)), event(-end, f"c:{end}"))
        await run(database, "ANALYZE")
        times = []
        for _ in range(7):
            began = time.perf_counter()
            assert len(await claim(database)) > limits.BATCH_EVENTS
            times.append(time.perf_counter() - began)
        costs.append(min(times))
    assert costs[1] < 5 * costs[0]


async def test_a_lane_whose_head_is_postponed_waits(database: Database) -> None:
    await accept(database, event(1, "c:a"), event(2, "c:a"), event(3, "c:b"))
    async with unit(database) as work:
        [head, *_] = await inbox.claim(work.connection, NOW)
        inbox.postpone(work, head, attempts=1, delay=timedelta(seconds=2))

    assert await claim(database) == [("c:b", 3)]
    assert await claimed_one(database, 2) is None, "not even when asked for by name"
    async with database.transaction() as connection:
        assert await inbox.next_due(connection, NOW) == NOW + timedelta(seconds=2)


async def test_statuses_are_taken_apart_and_in_no_lane(database: Database) -> None:
    await accept(database, event(1, "status"), event(2, "c:a"), event(3, "status"))
    async with unit(database) as work:
        first, second = await inbox.claim_statuses(work.connection, NOW)
        inbox.postpone(work, first, attempts=0, delay=timedelta(seconds=5))

    assert (first.id, second.id) == (1, 3)
    assert await claimed_one(database, 3) == second


async def test_what_is_settled_is_settled_once(database: Database) -> None:
    await accept(database, event(1))
    async with unit(database) as work:
        [taken] = await inbox.claim(work.connection, NOW)
        assert inbox.finish(work, taken) == "done"
    assert await claimed_one(database, taken.id) is None
    with pytest.raises(Conflict):
        async with unit(database) as work:
            inbox.finish(work, taken)


async def test_what_became_of_an_event_is_written(database: Database) -> None:
    await accept(database, *(event(n, f"c:{n}") for n in range(4)))
    async with unit(database) as work:
        done, ignored, dead, later = await inbox.claim(work.connection, NOW)
        outcomes = [
            inbox.finish(work, done), inbox.ignore(work, ignored, "group"), inbox.bury(work, dead, "ValueError" * 30),
            inbox.postpone(work, later, attempts=1, delay=timedelta(seconds=8)),
        ]  # fmt: skip

    found = await rows(
        database, "SELECT state, reason, attempts, settled_at IS NOT NULL AS settled FROM inbox ORDER BY id"
    )
    assert outcomes == ["done", "ignored", "dead", "postponed"]
    assert [(row["state"], row["reason"], row["attempts"], bool(row["settled"])) for row in found] == [
        ("done", None, 0, True), ("ignored", "group", 0, True), ("dead", ("ValueError" * 30)[:200], 1, True),
        ("new", None, 1, False),
    ]  # fmt: skip


async def test_a_dead_letter_is_replayed_by_name_only(database: Database) -> None:
    await accept(database, event(1, "c:a"), event(2, "c:b"))
    async with unit(database) as work:
        for taken in await inbox.claim(work.connection, NOW):
            inbox.bury(work, taken, "ValueError")
    async with database.transaction() as connection:
        assert await inbox.count_dead(connection) == 2
        assert [row.id for row in await inbox.list_dead(connection)] == [1, 2]
        assert [await inbox.replay(connection, ids, NOW) for ids in ([], [99], [2], [2])] == [0, 0, 1, 0]
        assert [await inbox.is_dead(connection, n) for n in (1, 2)] == [True, False]

    assert await claim(database) == [("c:b", 2)]


@pytest.mark.parametrize(
    ("change", "is_unread"),
    [
        ("UPDATE inbox SET state = 'new'", True),
        ("UPDATE inbox SET state = 'done'", False),
        ("UPDATE inbox SET due_at = '2026-03-02 05:00:00.000000+00:00'", False),
        ("UPDATE inbox SET due_at = '2026-03-02 05:00:00.000000+00:00', attempts = 1", True),
        ("UPDATE inbox SET ordering_key = 'c:a'", False),
    ],
)
async def test_a_status_is_unread_until_it_was_looked_at(database: Database, change: str, is_unread: bool) -> None:
    await accept(database, event(1, "status"))
    await run(database, change)
    async with database.transaction() as connection:
        assert await inbox.has_unread_status(connection, NOW) is is_unread


async def test_payloads_are_forgotten_and_ids_are_not(database: Database) -> None:
    await accept(database, event(1, "c:a"), event(2, "c:b"), event(3, "c:c"))
    async with unit(database) as work:
        done, dead, _ = await inbox.claim(work.connection, NOW)
        inbox.finish(work, done)
        inbox.bury(work, dead, "ValueError")
    async with database.transaction() as connection:
        later = NOW + timedelta(days=1)
        assert [await inbox.forget(connection, before, 500) for before in (NOW, later, later)] == [0, 1, 0]

    assert [bytes(row["payload"]) for row in await rows(database, "SELECT payload FROM inbox ORDER BY id")] == [
        b"", b"{}", b"{}",
    ]  # fmt: skip
    assert await accept(database, event(1, "c:a")) == 0


@pytest.mark.postgres
@pytest.mark.parametrize("ready_url", ["postgres"], indirect=True)
async def test_two_workers_never_share_a_lane(database: Database) -> None:
    """While one holds a lane's head, the other gets neither it nor what stands behind it. (SQLite has one connection.)"""
    await accept(database, *(event(n, f"c:{n % 3}") for n in range(12)))
    has_claimed, may_end = asyncio.Event(), asyncio.Event()

    async def first() -> int:
        async with database.transaction() as connection:
            taken = await inbox.claim(connection, NOW)
            has_claimed.set()
            await may_end.wait()
        return len(taken)

    holding = asyncio.create_task(first())
    await has_claimed.wait()
    second, alone = await claim(database), await claimed_one(database, 4)
    may_end.set()
    assert (await holding, second, alone) == (12, [], None)
