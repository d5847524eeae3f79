"""The engines under cancellation: wherever a task is interrupted, a transaction is whole or nothing and the next one starts.

Work is interrupted at its n-th suspension, not after some time, so that every await is met and a run can be repeated.
"""

import asyncio
import itertools
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Generator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.address import Address
from models.database import REFUSED, Database
from models.engines.sqlite import ROWS_HERE
from models.statements import INT, TEXT, Write
from tests import budget
from tests.postgres import Cluster

TABLES = (
    "CREATE TABLE pair (id BIGINT NOT NULL, half VARCHAR(10) NOT NULL, PRIMARY KEY (id, half))",
    "CREATE TABLE parent (id BIGINT PRIMARY KEY)",
    "CREATE TABLE child (parent_id BIGINT NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
)
HALF = Write(
    "pair",
    "INSERT INTO pair (id, half) VALUES (?, ?)",
    "INSERT INTO pair (id, half) SELECT * FROM unnest($1::bigint[], $2::text[])",
    (INT, TEXT),
)
PARENT = Write(
    "parent", "INSERT INTO parent (id) VALUES (?)", "INSERT INTO parent (id) SELECT * FROM unnest($1::bigint[])", (INT,)
)
WHOLE = {"left", "right"}
AT_ONCE = 4
"""Tasks at a time: some wait for SQLite's lock or for Postgres's pool of two while others are interrupted."""


async def execute(connection: Any, sql: str) -> None:
    """A statement as tortoise itself runs it, which verbs do not."""
    await connection.execute_query(sql)


async def one_by_one(database: Database, n: int) -> None:
    async with database.transaction() as connection:
        await connection.write([(HALF, [(n, "left")])])
        await connection.write([(HALF, [(n, "right")])])


async def with_many_between(database: Database, n: int) -> None:
    async with database.transaction() as connection:
        await connection.write([(HALF, [(n, "left")])])
        await connection.write([(PARENT, [(n * 2 * ROWS_HERE + k,) for k in range(ROWS_HERE + 1)])])
        await connection.write([(HALF, [(n, "right")])])


async def nested(database: Database, n: int) -> None:
    async with database.transaction() as connection:
        await connection.write([(HALF, [(n, "left")])])
        async with database.transaction() as inner:
            await execute(inner, f"INSERT INTO pair VALUES ({n}, 'right')")


async def nested_and_undone(database: Database, n: int) -> None:
    async with database.transaction() as connection:
        await connection.write([(HALF, [(n, "left")])])
        with pytest.raises(REFUSED):
            async with database.transaction() as inner:
                await execute(inner, f"INSERT INTO pair VALUES ({n}, 'middle')")
                await execute(inner, f"INSERT INTO pair VALUES ({n}, 'middle')")
        await connection.write([(HALF, [(n, "right")])])


async def at_once(database: Database, n: int) -> None:
    await database.write([(HALF, [(n, "left"), (n, "right")])])


async def many(database: Database, n: int) -> None:
    sql = HALF.sqlite if database.address.is_sqlite else "INSERT INTO pair (id, half) VALUES ($1, $2)"
    await database._client.execute_many(sql, [[n, "left"], [n, "right"]])


Work = Callable[[Database, int], Coroutine[Any, Any, None]]
SHAPES: tuple[Work, ...] = (one_by_one, with_many_between, nested, nested_and_undone, at_once, many)


class Interrupted(Awaitable[None]):
    """Awaits `work`, cancelling the task that it runs in at the suspensions numbered in `at`."""

    def __init__(self, work: Coroutine[Any, Any, None], at: Collection[int]) -> None:
        self._work = work
        self._at = at

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        error: BaseException | None = None
        for suspension in itertools.count():
            try:
                waited_for = steps.send(None) if error is None else steps.throw(error)
            except StopIteration:
                return
            if suspension in self._at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield waited_for
                error = None
            except BaseException as raised:  # noqa: BLE001 - thrown into the work right above
                error = raised


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database with few connections, so that a lost one is missed soon."""
    database = Database(Address(url if url.startswith("sqlite") else f"{url}?pool_size=2"))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def create_tables(database: Database) -> None:
    async with database.transaction() as connection:
        for table in TABLES:
            await execute(connection, table)


async def outside(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What somebody else sees of the database at this moment."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite://"), timeout=0)
        try:
            return other.execute(sql).fetchall()
        finally:
            other.close()
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def pairs(url: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for n, half in await outside(url, "SELECT id, half FROM pair"):
        found.setdefault(n, set()).add(half)
    return found


async def interrupt(database: Database, plans: Mapping[int, tuple[Work, Collection[int]]]) -> set[int]:
    """Run every plan at the same time; returns the numbers of those that were done, and so acknowledged."""

    async def run(n: int) -> None:
        work, at = plans[n]
        await Interrupted(work(database, n), at)

    tasks = {n: asyncio.create_task(run(n), name=f"{plans[n][0].__name__} {plans[n][1]}") for n in plans}
    _, hanging = await asyncio.wait(tasks.values(), timeout=30)
    assert hanging == set()
    assert [task for task in tasks.values() if not task.cancelled() and task.exception()] == []
    return {n for n, task in tasks.items() if not task.cancelled()}


async def assert_sound(database: Database, url: str, acknowledged: set[int]) -> None:
    """Nothing half written, nothing acknowledged missing, and no transaction or connection left behind."""
    found = await pairs(url)
    assert {n: halves for n, halves in found.items() if halves != WHOLE} == {}
    assert acknowledged - found.keys() == set()
    client = database._client
    if database.address.is_sqlite:
        assert (client._connection.in_transaction, client._lock.locked()) == (False, False)
    else:
        activity = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
        )
        assert await outside(url, activity) == [(0,)]
        assert client._pool.get_idle_size() == client._pool.get_size() > 0


@pytest.mark.parametrize("work", SHAPES)
async def test_an_interruption_at_any_await_leaves_all_or_nothing(database_url: str, work: Work) -> None:
    async with opened(database_url) as database:
        await create_tables(database)
        acknowledged: set[int] = set()
        for n in itertools.count():
            acknowledged |= await interrupt(database, {n: (work, {n})})
            await assert_sound(database, database_url, acknowledged)
            if acknowledged:
                break
    assert n >= 1
    assert (await pairs(database_url))[n] == WHOLE


async def test_random_interruptions_of_many_at_once_lose_nothing(database_url: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    async with opened(database_url) as database:
        await create_tables(database)
        numbers = itertools.count()
        acknowledged: set[int] = set()
        interrupted = 0
        while interrupted < budget.CANCELS:
            plans = {n: (dice.choice(SHAPES), _moments(dice)) for n in itertools.islice(numbers, AT_ONCE)}
            done = await interrupt(database, plans)
            interrupted += len(plans) - len(done)
            acknowledged |= done
        await assert_sound(database, database_url, acknowledged)
    kept = await pairs(database_url)
    assert acknowledged - kept.keys() == set()
    assert set(map(frozenset, kept.values())) == {frozenset(WHOLE)}


def _moments(dice: random.Random) -> set[int]:
    """Up to two cancellations, the second perhaps while the first is being cleaned up after."""
    first = dice.randrange(16)
    return dice.choice(({first}, {first, first + dice.randrange(1, 4)}))


async def test_a_commit_that_is_refused_leaves_no_transaction_behind(database_url: str) -> None:
    async with opened(database_url) as database:
        await create_tables(database)
        with pytest.raises(REFUSED):
            async with database.transaction() as connection:
                await execute(connection, "INSERT INTO child (parent_id) VALUES (7)")
        await at_once(database, 1)
        await assert_sound(database, database_url, {1})
    assert await outside(database_url, "SELECT count(*) FROM child") == [(0,)]


async def test_a_transaction_on_sqlite_holds_the_write_lock_from_its_beginning(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/waybill.sqlite3"
    async with opened(url) as database:
        await create_tables(database)
        async with database.transaction():
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                await outside(url, "BEGIN IMMEDIATE")
        assert await outside(url, "BEGIN IMMEDIATE") == []


async def test_sqlite_writes_few_rows_in_the_callers_thread_and_many_beside_it(tmp_path: Path) -> None:
    threads: list[int] = []
    async with opened(f"sqlite://{tmp_path}/waybill.sqlite3") as database:
        await create_tables(database)
        async with database.transaction() as connection:
            raw: Any = connection
            raw._connection._conn.set_trace_callback(lambda _sql: threads.append(threading.get_ident()))
            await connection.write([(PARENT, [(n,) for n in range(ROWS_HERE)])])
            here, threads = set(threads), []
            await connection.write([(PARENT, [(ROWS_HERE + n,) for n in range(ROWS_HERE + 1)])])
            raw._connection._conn.set_trace_callback(None)
    assert here == {threading.get_ident()}
    assert len(set(threads) | here) == 2


async def test_sqlite_has_the_pragmas_that_make_an_acknowledgement_true(tmp_path: Path) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "journal_size_limit": 67_108_864, "foreign_keys": 1}
    async with opened(f"sqlite://{tmp_path}/waybill.sqlite3") as database:
        found = {name: await database._client.execute_query_dict(f"PRAGMA {name}") for name in expected}
    assert found == {name: [{name: value}] for name, value in expected.items()}


@pytest.mark.postgres
async def test_postgres_commits_to_disk_and_waits_for_nothing_without_end(cluster: Cluster) -> None:
    expected = {"synchronous_commit": "on", "lock_timeout": "5s", "statement_timeout": "30s"}
    await cluster.create("session")
    async with opened(cluster.url("session")) as database:
        found = {name: await database._client.execute_query_dict(f"SHOW {name}") for name in expected}
    await cluster.drop("session")
    assert found == {name: [{name: value}] for name, value in expected.items()}


@pytest.mark.postgres
async def test_a_connection_lost_on_its_way_back_says_nothing_of_its_transaction(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncpg.Pool.release

    async def lost(pool: asyncpg.Pool, connection: Any) -> None:
        await release(pool, connection)
        raise asyncpg.InterfaceError("the server went away")

    await cluster.create("way_back")
    async with opened(cluster.url("way_back")) as database:
        monkeypatch.setattr(asyncpg.Pool, "release", lost)
        assert await database.answers()
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                raise ZeroDivisionError
        monkeypatch.undo()
    await cluster.drop("way_back")
