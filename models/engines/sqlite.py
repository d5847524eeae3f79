"""SQLite: one connection that writes, `BEGIN IMMEDIATE`, and a transaction that survives being cancelled at any await."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from types import TracebackType
from typing import Any, TypeVar

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from models.engines import Hook
from models.statements import Query, Value, Write

T = TypeVar("T")

ROWS_AT_ONCE = 32
"""Rows of one insert: the widest table stays below 999 values, the least that a SQLite may be built to take."""
ROWS_HERE = 64
"""Rows of one write in the caller's thread, where the door waits for them: a millisecond or so."""


async def to_the_end(coro: Coroutine[Any, Any, T]) -> T:
    """Finish `coro` even if the caller is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(coro)  # noqa: TID251 - owned: awaited here to its end, whatever happens
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        raise


IS_SERIALIZED = sqlite3.threadsafety == 3
"""Whether this SQLite lets one connection be used from several threads, one after the other."""


async def _on_thread(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` in one hop to the connection's thread: the hop, not the SQL, is what a statement costs."""
    with _translated():
        result: T = await connection._execute(work, connection._conn)  # type: ignore[no-untyped-call]
    return result


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OperationalError(error) from error
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error


def _write(raw: sqlite3.Connection, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
    counts: list[int] = []
    for write, rows in work:
        counts.append(_insert(raw, write, rows) if write.values else raw.executemany(write.sqlite, rows).rowcount)
        if write.exact and counts[-1] != len(rows):
            break
    return counts


def _insert(raw: sqlite3.Connection, write: Write, rows: Sequence[Sequence[Value]]) -> int:
    """Many rows a statement: `executemany` gives the GIL away at every row, and each time may wait long to have it back.

    Always halves of halves, so that there are few texts and sqlite3 keeps all of them prepared.
    """
    changed = start = 0
    size = ROWS_AT_ONCE
    while left := len(rows) - start:
        while size > left:
            size //= 2
        part = rows[start : start + size]
        changed += raw.execute(write.sqlite_of(size), [*chain.from_iterable(part)]).rowcount
        start += size
    return changed


def _commit(raw: sqlite3.Connection) -> None:
    """SQLite leaves a transaction open when its commit fails; later writes would join it and vanish with it."""
    try:
        raw.commit()
    except BaseException:
        raw.rollback()
        raise


def _prepared(
    work: Sequence[tuple[Write, Sequence[Sequence[Value]]]],
) -> list[tuple[Write, Sequence[Sequence[Value]]]]:
    return [(write, write.sqlite_rows(rows)) for write, rows in work]


class Transaction(SqliteTransactionWrapper):
    """An open transaction; see `models.engines.Connection` for what verbs may do with it."""

    async def begin(self) -> None:
        Hook.point("database.begin")
        await _on_thread(self._connection, lambda raw: raw.execute("BEGIN IMMEDIATE"))

    async def commit(self) -> None:
        if self._finalized:
            raise TransactionManagementError("Transaction already finalised")
        Hook.point("database.commit")
        await _on_thread(self._connection, _commit)
        self._finalized = True
        Hook.point("database.committed")

    async def execute_script(self, query: str) -> None:
        """Statement by statement: sqlite3's own `executescript` would commit the transaction first."""
        statement = ""
        for part in query.split(";"):
            statement += part + ";"
            if statement.strip(" \n\t;") and sqlite3.complete_statement(statement):
                await self.execute_query(statement)
                statement = ""

    async def write(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        prepared = _prepared(work)
        is_small = sum(len(rows) for _, rows in work) <= ROWS_HERE
        return await self._do(lambda raw: _write(raw, prepared), here=is_small)

    async def fetch(self, *queries: Query) -> list[list[dict[str, Any]]]:
        bound = [(query.statement.sqlite, query.sqlite_values()) for query in queries]

        def read(raw: sqlite3.Connection) -> list[list[Any]]:
            return [raw.execute(sql, values).fetchall() for sql, values in bound]

        answers = await self._do(read, here=True)
        return [[q.statement.from_sqlite(r) for r in rows] for q, rows in zip(queries, answers, strict=True)]

    async def run(self, query: Query) -> int:
        sql, values = query.statement.sqlite, query.sqlite_values()
        return await _on_thread(self._connection, lambda raw: raw.execute(sql, values).rowcount)

    async def _do(self, work: Callable[[sqlite3.Connection], T], *, here: bool) -> T:
        """`here` is the caller's thread, for what takes less than the way to the other one and back: what is read by an
        index, and few rows.

        Nobody else uses the connection meanwhile, for the transaction holds its lock. What may wait, for the lock of
        another process or for the disk, goes to the thread.
        """
        if not (here and IS_SERIALIZED):
            return await _on_thread(self._connection, work)
        with _translated():
            return work(self._connection._conn)


class _Context(SqliteTransactionContext):
    """Stock tortoise leaks the connection's lock when a task is cancelled inside BEGIN: every later query then hangs."""

    __slots__ = ()

    async def __aenter__(self) -> Transaction:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await to_the_end(self.connection.begin())
        except BaseException:
            try:
                if (connection := self.connection._connection) is not None:
                    await to_the_end(connection.rollback())
            finally:
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The lock is given back when the transaction has really ended, also for whoever is cancelled meanwhile."""
        try:
            if not self.connection._finalized:
                if kind is None:
                    await to_the_end(self.connection.commit())
                elif kind is not TransactionManagementError:
                    await to_the_end(self.connection.rollback())
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


class Client(SqliteClient):
    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 - as tortoise has it
        """As tortoise does, but for a connection that may be used outside of its thread."""
        if self._connection is not None:
            return
        connection = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=not IS_SERIALIZED)
        connection._conn.row_factory = sqlite3.Row
        for pragma, value in self.pragmas.items():
            await connection.execute_fetchall(f"PRAGMA {pragma}={value}")
        self._connection = connection
        await self._post_connect()

    def _in_transaction(self) -> _Context:
        return _Context(Transaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Stock leaves BEGIN open when cancelled, and later "successful" writes then vanish at close."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    async def write_at_once(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        """A whole transaction in one hop to the thread: begin, every write, commit with its fsync."""
        prepared = _prepared(work)

        def whole(raw: sqlite3.Connection) -> list[int]:
            raw.execute("BEGIN IMMEDIATE")
            try:
                counts = _write(raw, prepared)
                raw.execute("COMMIT")
            except BaseException:
                raw.rollback()
                raise
            return counts

        async with self._lock:
            if self._connection is None:
                await self.create_connection(with_db=True)
            assert self._connection is not None
            Hook.point("database.commit")
            counts = await to_the_end(_on_thread(self._connection, whole))
            Hook.point("database.committed")
            return counts


client_class = Client
