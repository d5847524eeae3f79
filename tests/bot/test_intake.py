"""The batcher in front of the inbox: fewer commits than requests, their order kept, and one request's trouble its own."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot import intake as module
from bot.clock import Ids
from bot.intake import Full, Intake
from bot.metrics import Metrics
from flows.store import Store
from models import stores
from models.address import Address
from models.database import Database
from models.engines import Hook, no_fault
from models.inbox import Arrival
from models.statements import TEXT, statement
from tests.world import START, StillClock

KEYS = statement("SELECT ordering_key FROM inbox ORDER BY id", {}, {"ordering_key": TEXT})
BROKEN = Arrival("m:\ud83d", "message", "broken", b"{}")
"""A source id that nothing can encode: it must not even reach the database."""


class Rig:
    """An intake on a database of its own, and what passed the engine since the start."""

    def __init__(self, database: Database, store: Store, patience: timedelta, *, carried: bool) -> None:
        self.database, self.metrics = database, Metrics()
        self.hits: Counter[str] = Counter()
        self.committing = asyncio.Event()
        self.woken = self.summoned = 0
        self.carried = carried
        self.intake = Intake(
            database, store, clock=StillClock(), metrics=self.metrics, on_stored=self._stored, patience=patience,
            summon=self._summon,
        )  # fmt: skip

    def pass_by(self, name: str) -> None:
        self.hits[name] += 1
        if name == "database.commit":
            self.committing.set()

    def _stored(self) -> None:
        self.woken += 1

    def _summon(self) -> bool:
        self.summoned += 1
        return self.carried

    @asynccontextmanager
    async def dispatch(self) -> AsyncIterator[None]:
        """A transaction of the dispatcher's, which has taken along who waits."""
        async with self.intake.along() as bring, self.database.transaction() as connection:
            await bring(connection)
            yield

    async def keys(self) -> list[str]:
        async with self.database.transaction() as connection:
            [rows] = await connection.fetch(KEYS())
        return [row["ordering_key"] for row in rows]

    def counted(self) -> tuple[float, float]:
        value = self.metrics.registry.get_sample_value
        return value("waybill_events_accepted_total") or 0.0, value("waybill_events_repeated_total") or 0.0


@asynccontextmanager
async def rig(
    url: str, *, patience: timedelta = module.PATIENCE, starts: bool = True, carried: bool = False
) -> AsyncIterator[Rig]:
    database = Database(Address(url))
    await database.open()
    try:
        ids = Ids(StillClock())
        store = Store(
            id=ids.new(), name="Shop", country="IN", currency="INR", timezone="Asia/Kolkata", locale="en", settings={},
            salt=b"salt",
        )  # fmt: skip
        async with database.transaction() as connection:
            await stores.create(connection, store, START)
        made = Rig(database, store, patience, carried=carried)

        Hook.point = made.pass_by
        if starts:
            made.intake.start()
        yield made
        await made.intake.stop()
    finally:
        Hook.point = staticmethod(no_fault)
        await database.close()


def arrivals(*names: str) -> list[Arrival]:
    return [Arrival(f"m:{name}", "message", name, b"{}") for name in names]


async def put(intake: Intake, wanted: Sequence[Sequence[Arrival]]) -> list[BaseException | None]:
    """All at once, in this order; what became of each."""
    return await asyncio.gather(*(intake.put(each) for each in wanted), return_exceptions=True)


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    other = sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


async def test_sixty_four_at_once_share_two_commits_and_keep_their_order(ready_url: str) -> None:
    names = [f"{n:02}" for n in range(64)]
    async with rig(ready_url) as r:
        assert await put(r.intake, [arrivals(name) for name in names]) == [None] * 64
        assert r.hits["database.commit"] <= 2
        assert r.woken == r.hits["database.commit"]
        assert "database.begin" not in r.hits  # a batch is one trip to the database, not one for each of its statements
        assert (await r.keys(), r.counted()) == (names, (64.0, 0.0))


async def test_what_arrives_during_a_commit_shares_the_next(sqlite_url: str) -> None:
    async with rig(sqlite_url) as r:
        first = asyncio.ensure_future(r.intake.put(arrivals("first")))
        await r.committing.wait()
        assert await put(r.intake, [arrivals(f"{n}") for n in range(30)]) == [None] * 30
        await first
        assert (r.hits["database.commit"], await r.keys()) == (2, ["first", *map(str, range(30))])


async def test_no_commit_holds_more_than_a_thousand_events(sqlite_url: str) -> None:
    async with rig(sqlite_url) as r:
        bodies = [arrivals(*(f"{body}.{n}" for n in range(400))) for body in range(5)]
        assert await put(r.intake, bodies) == [None] * 5
        assert r.hits["database.commit"] == 3
        assert await r.keys() == [arrival.ordering_key for body in bodies for arrival in body]


async def test_a_repeat_is_dropped_in_silence_also_beside_the_first(ready_url: str) -> None:
    async with rig(ready_url) as r:
        assert await put(r.intake, [arrivals("a", "a"), arrivals("b", "a"), arrivals("a")]) == [None] * 3
        assert (await r.keys(), r.counted()) == (["a", "b"], (2.0, 3.0))


async def test_nothing_to_store_is_stored_at_once(sqlite_url: str) -> None:
    async with rig(sqlite_url, starts=False) as r:
        await r.intake.put([])
        assert r.hits == {}


async def test_what_cannot_be_stored_fails_alone(ready_url: str) -> None:
    async with rig(ready_url) as r:
        wanted = [arrivals("a"), [*arrivals("b"), BROKEN, *arrivals("e")], arrivals("c"), [BROKEN], arrivals("d")]
        told = await put(r.intake, wanted)
        assert [type(each) for each in told] == [type(None), Full, type(None), Full, type(None)]
        assert (await r.keys(), r.intake.is_running) == (["a", "b", "e", "c", "d"], True)
        assert r.counted() == (5.0, 0.0)


async def test_stopping_stores_what_is_queued_and_takes_no_more(ready_url: str) -> None:
    async with rig(ready_url) as r:
        puts = [asyncio.ensure_future(r.intake.put(arrivals(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        await r.intake.stop()
        assert await asyncio.gather(*puts) == [None] * 5
        with pytest.raises(Full):
            await r.intake.put(arrivals("late"))
        assert await r.keys() == ["0", "1", "2", "3", "4"]
        await r.intake.stop()


async def test_a_request_that_is_cancelled_while_it_waits_loses_nothing(ready_url: str) -> None:
    async with rig(ready_url) as r:
        puts = [asyncio.ensure_future(r.intake.put(arrivals(f"{n}"))) for n in range(9)]
        await asyncio.sleep(0)
        for cancelled in puts[::2]:
            cancelled.cancel()
        told = await asyncio.gather(*puts, return_exceptions=True)
        assert [type(each) for each in told[::2]] == [asyncio.CancelledError] * 5
        assert told[1::2] == [None] * 4
        await r.intake.stop()
        assert await r.keys() == list(map(str, range(9)))


async def test_nobody_waits_longer_than_patience_and_the_event_is_kept_all_the_same(sqlite_url: str) -> None:
    async with rig(sqlite_url, patience=timedelta(milliseconds=50)) as r:
        async with locked(sqlite_url):
            with pytest.raises(Full):
                await r.intake.put(arrivals("patient"))
        await r.intake.stop()
        assert await r.keys() == ["patient"]


async def test_patience_is_everybodys_own_though_one_alarm_rings_for_all(sqlite_url: str) -> None:
    async with rig(sqlite_url, patience=timedelta(milliseconds=200)) as r:
        loop = asyncio.get_running_loop()

        async def waits(name: str) -> float:
            began = loop.time()
            with pytest.raises(Full):
                await r.intake.put(arrivals(name))
            return loop.time() - began

        async with locked(sqlite_url):
            first = asyncio.ensure_future(waits("first"))
            await r.committing.wait()
            second = asyncio.ensure_future(waits("second"))
            await asyncio.sleep(0.1)
            third = asyncio.ensure_future(waits("third"))
            waited = await asyncio.gather(first, second, third)
        assert all(0.19 <= each < 0.29 for each in waited), waited
        await r.intake.put(arrivals("fourth"))
        assert await r.keys() == ["first", "second", "third", "fourth"]


async def test_a_full_queue_refuses_at_once_and_keeps_what_it_has(sqlite_url: str) -> None:
    async with rig(sqlite_url) as r:
        async with locked(sqlite_url):
            bodies = [arrivals(*(f"{body}.{n}" for n in range(1_000))) for body in range(21)]
            puts = [asyncio.ensure_future(r.intake.put(body)) for body in bodies[:1]]
            await r.committing.wait()
            puts += [asyncio.ensure_future(r.intake.put(body)) for body in bodies[1:]]
            await asyncio.sleep(0)
            with pytest.raises(Full):
                await r.intake.put(arrivals("one too many"))
        assert await asyncio.gather(*puts) == [None] * 21
        assert await r.keys() == [arrival.ordering_key for body in bodies for arrival in body]


async def test_a_body_larger_than_the_queue_is_taken_when_nothing_waits(sqlite_url: str) -> None:
    body = arrivals(*(f"{n}" for n in range(module.QUEUE_LIMIT + 1)))
    async with rig(sqlite_url, patience=timedelta(seconds=20)) as r:
        await r.intake.put(body)
        assert len(await r.keys()) == module.QUEUE_LIMIT + 1


async def test_an_intake_that_has_ended_refuses_instead_of_queueing_for_ever(sqlite_url: str) -> None:
    async with rig(sqlite_url, starts=False) as r:
        assert not r.intake.is_running
        with pytest.raises(Full):
            await r.intake.put(arrivals("a"))


async def test_who_comes_with_the_dispatcher_costs_no_commit_of_its_own(sqlite_url: str) -> None:
    async with rig(sqlite_url, carried=True) as r:
        first = r.intake.put([*arrivals("a"), *arrivals("a")])
        async with r.dispatch():
            second = r.intake.put(arrivals("b"))
            await asyncio.sleep(0)
            assert not first.done(), "it is on disk only with the commit"
        assert first.done()
        assert not second.done()
        assert r.summoned == 3, "whoever came meanwhile waits for the next"
        async with r.dispatch():
            pass
        await asyncio.gather(first, second)
        assert await r.keys() == ["a", "b"]
        assert (r.woken, r.counted()) == (0, (2.0, 1.0))


async def test_when_the_dispatcher_fails_we_store_who_came_with_it(sqlite_url: str) -> None:
    async with rig(sqlite_url, carried=True) as r:
        waiting = [r.intake.put(arrivals(name)) for name in ("a", "b")]
        with pytest.raises(LookupError):
            async with r.dispatch():
                waiting.append(r.intake.put(arrivals("c")))
                raise LookupError
        await asyncio.gather(*waiting)
        assert await r.keys() == ["a", "b", "c"]
        assert (r.woken, r.counted()) == (1, (3.0, 0.0))


async def test_what_the_dispatcher_cannot_store_fails_alone(sqlite_url: str) -> None:
    async with rig(sqlite_url, carried=True) as r:
        waiting = [r.intake.put(each) for each in (arrivals("a"), [BROKEN], arrivals("b"))]
        with pytest.raises(UnicodeEncodeError):
            async with r.dispatch():
                raise AssertionError("it was stored")
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in done] == [type(None), Full, type(None)]
        assert await r.keys() == ["a", "b"]


async def test_nobody_is_stored_twice_when_both_are_at_it(sqlite_url: str) -> None:
    async with rig(sqlite_url) as r:
        async with r.intake.along() as bring, r.database.transaction() as connection:
            first = r.intake.put(arrivals("a"))
            while r.intake._queue:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            r.carried = True
            second = r.intake.put(arrivals("b"))
            await bring(connection)
        await asyncio.gather(first, second)
        assert await r.keys() == ["a", "b"]
        assert r.counted() == (2.0, 0.0)


async def test_who_nobody_comes_for_loses_patience_and_is_stored_at_the_end(sqlite_url: str) -> None:
    async with rig(sqlite_url, carried=True, patience=timedelta(milliseconds=50)) as r:
        with pytest.raises(Full):
            await r.intake.put(arrivals("a"))
        r.intake.wake()  # the dispatcher has ended
        while not await r.keys():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        assert r.woken == 1
