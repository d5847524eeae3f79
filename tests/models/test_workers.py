"""Several workers on one Postgres: what each must leave to the others, and what they take turns at."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import orjson
import pytest

from bot import tasks
from flows.feed import Product
from flows.messages import Text
from flows.news import News
from flows.pacing import Pace
from models import catalog, contacts, outbox, sending
from models.address import Address
from models.database import Database, is_passing
from models.sending import Claim
from models.statements import INT, statement
from models.work import Conflict
from tests.models.units import IDS, NOW, STORE, open_store, rows, run, unit

pytestmark = pytest.mark.postgres

WORKERS = 3
PACE = Pace(timedelta(seconds=1), 8)
PRIYA = 11
WAITING = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
SOON_S = 10.0


@pytest.fixture
async def workers(postgres_url: str) -> AsyncIterator[Sequence[Database]]:
    """The same database opened by each; the last one only looks on."""
    opened = [Database(Address(postgres_url)) for _ in range(WORKERS + 1)]
    for database in opened:
        await database.open()
    try:
        await open_store(opened[0], STORE)
        yield opened
    finally:
        for database in reversed(opened):
            await database.close()


async def somebody_waits(looking_on: Database) -> None:
    """Until one of the connections waits for a lock of another's."""
    async with asyncio.timeout(SOON_S):
        waiting = 0
        while not waiting:
            waiting = (await rows(looking_on, WAITING))[0]["n"]


async def claim(database: Database, at: timedelta = timedelta()) -> Claim:
    async with database.transaction() as connection:
        return await sending.claim(
            connection, store_id=STORE.id, now=NOW + at, limit=64, pace=lambda _: PACE, choose=lambda *_: None
        )


async def test_together_they_send_no_faster_than_the_number_may(workers: Sequence[Database]) -> None:
    async with unit(workers[0]) as work:
        for n in range(60):
            outbox.say(work, contacts.create(work, wa_id=f"9198{n}", bsuid=None).id, Text("words"), cause=None)
    taken = []
    for second in range(20):
        claims = await asyncio.gather(*(claim(worker, timedelta(seconds=second)) for worker in workers[:WORKERS]))
        taken.append(sum(len(each.sends) for each in claims))
    assert taken == [PACE.burst, *[1] * 19]


async def test_a_claim_leaves_out_whom_somebody_else_is_writing_to(workers: Sequence[Database]) -> None:
    mine, theirs, *_ = workers
    async with unit(mine) as work:
        people = [contacts.create(work, wa_id=f"9198{n}", bsuid=None).id for n in range(2)]
        for contact in people:
            outbox.say(work, contact, Text("words"), cause=None)
    async with mine.transaction() as connection:
        hold = statement("SELECT id FROM contact WHERE id = :id FOR UPDATE", {"id": INT}, {"id": INT})
        await connection.fetch(hold(id=people[0]))
        async with asyncio.timeout(SOON_S):
            assert [row.contact_id for row, _ in (await claim(theirs)).sends] == people[1:]


async def stock(database: Database, *skus: str) -> None:
    """Among so many others that Postgres finds them one by one, and not by reading the table from its beginning."""
    names = [*skus, *(f"OTHER-{n}" for n in range(5000))]
    shelf = [Product(name, "Tea", 100, "INR", on_hand=1000) for name in names]
    async with database.transaction() as connection:
        await catalog.put(connection, STORE.id, shelf, ids=IDS, now=NOW)
    await run(database, "ANALYZE product")


async def take(database: Database, *skus: str) -> None:
    """One unit of work that promises a piece of each, in this order."""
    async with unit(database) as work:
        for sku in skus:
            await catalog.move_stock(work, sku, reserved=1, on_hand=0)


async def test_stock_is_taken_in_the_order_of_the_shelves_not_of_the_cart(workers: Sequence[Database]) -> None:
    first, second, _, looking_on = workers
    await stock(first, "A", "B")
    lock = "SELECT id FROM product WHERE retailer_id = '{}' FOR UPDATE"
    async with first.transaction() as connection:
        await connection.execute_query(lock.format("A"))  # type: ignore[attr-defined]
        cart = tasks.spawn(take(second, "B", "A"), name="cart")
        await somebody_waits(looking_on)
        assert await rows(looking_on, lock.format("B") + " SKIP LOCKED") != []
    await cart


async def test_a_deadlock_is_nobodys_fault(workers: Sequence[Database]) -> None:
    """Whatever locks anybody forgot to order: the one whom Postgres lets down tries again."""
    await stock(workers[0], "A", "B")
    change = "UPDATE product SET title = 'x' WHERE retailer_id = '{}'"
    met = asyncio.Barrier(2)

    async def both(database: Database, *skus: str) -> None:
        async with database.transaction() as connection:
            for sku in skus:
                await connection.execute_query(change.format(sku))  # type: ignore[attr-defined]
                if sku == skus[0]:
                    await met.wait()

    ends = await asyncio.gather(both(workers[0], "A", "B"), both(workers[1], "B", "A"), return_exceptions=True)
    [error] = [end for end in ends if isinstance(end, BaseException)]
    assert is_passing(error), error


async def tell(database: Database, news: str) -> None:
    async with unit(database) as work:
        work.tell(PRIYA, News(news))


async def parts(database: Database) -> list[list[str]]:
    waiting = await rows(database, "SELECT parts FROM outbox WHERE purpose = 'alert' ORDER BY id")
    return [[part.text for part in map(News.load, orjson.loads(row["parts"])["first"])] for row in waiting]


async def test_news_told_by_two_at_the_same_moment_both_join_the_alert_that_waits(workers: Sequence[Database]) -> None:
    first, second, _, looking_on = workers
    await tell(first, "before")
    async with unit(first) as work:
        work.tell(PRIYA, News("one"))
        await outbox.write_alerts(work)
        work.news.clear()
        other = tasks.spawn(tell(second, "two"), name="other")
        await somebody_waits(looking_on)
    await other
    assert await parts(looking_on) == [["before", "one", "two"]]


async def test_two_first_alerts_are_a_conflict_that_runs_again(workers: Sequence[Database]) -> None:
    first, second, _, looking_on = workers
    async with unit(first) as work:
        work.tell(PRIYA, News("one"))
        await outbox.write_alerts(work)
        work.news.clear()
        await work.flush()
        other = tasks.spawn(tell(second, "two"), name="other")
        await somebody_waits(looking_on)
        work._appended.clear()
    with pytest.raises(Conflict):
        await other
    await tell(second, "two")
    assert await parts(looking_on) == [["one", "two"]]
