"""Postgres: tortoise's pooled client, with a transaction that gives its connection back however it ends."""

from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import NestedTransactionContext, TransactionContextPooled
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from models.engines import Hook
from models.statements import Query, Value, Write

ACQUIRE_TIMEOUT_S = 10
"""Stock tortoise waits for ever for a connection; a worker that cannot get one in this time should say so."""


_UNTRANSLATED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What tortoise lets through raw: lost connections, deadlocks, a server that starts or stops. All of them pass."""


class _Translated(AsyncpgDBClient):
    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except _UNTRANSLATED as error:
            raise OperationalError(error) from error


def _changed(status: str) -> int:
    """Asyncpg answers `INSERT 0 5` or `UPDATE 5`."""
    return int(status.rsplit(" ", 1)[1])


class _Savepoint(_Translated, TransactionWrapper):
    """A transaction within one, as tortoise's migrations open them: its errors are told as those of any other."""

    def _in_transaction(self) -> NestedTransactionContext:
        return NestedTransactionContext(_Savepoint(self))


class Transaction(_Savepoint):
    """An open transaction; see `models.engines.Connection` for what verbs may do with it."""

    async def begin(self) -> None:
        Hook.point("database.begin")
        await super().begin()

    @translate_exceptions
    async def commit(self) -> None:
        Hook.point("database.commit")
        await super().commit()
        Hook.point("database.committed")

    @translate_exceptions
    async def rollback(self) -> None:
        """Of a connection that is lost it fails, which must not look like a fault of whoever rolls back."""
        await super().rollback()

    @translate_exceptions
    async def write(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        counts: list[int] = []
        for write, rows in work:
            counts.append(_changed(await self._connection.execute(write.postgres, *write.postgres_columns(rows))))
            if write.exact and counts[-1] != len(rows):
                break
        return counts

    @translate_exceptions
    async def fetch(self, *queries: Query) -> list[list[dict[str, Any]]]:
        answers = [await self._connection.fetch(q.statement.postgres, *q.postgres_values()) for q in queries]
        return [[q.statement.from_postgres(tuple(r)) for r in rows] for q, rows in zip(queries, answers, strict=True)]

    @translate_exceptions
    async def run(self, query: Query) -> int:
        return _changed(await self._connection.execute(query.statement.postgres, *query.postgres_values()))


async def _give_back(pool: Any, connection: Any) -> None:
    """The transaction has ended by now, one way or the other: a connection that is lost on its way back says nothing of it."""
    with suppress(*_UNTRANSLATED, OSError):
        await pool.release(connection)


class _Context(TransactionContextPooled):
    """Stock tortoise leaks the pooled connection when a task is cancelled inside BEGIN."""

    __slots__ = ()
    client: Transaction

    async def __aenter__(self) -> Transaction:
        await self.ensure_connection()
        pool = self.client._parent._pool
        assert pool is not None
        try:
            self.client._connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)  # type: ignore[assignment]
        except _UNTRANSLATED as error:
            raise OperationalError(error) from error
        try:
            await self.client.begin()
        except BaseException:
            await _give_back(pool, self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.client._finalized:
                if kind is None:
                    await self.client.commit()
                elif kind is not TransactionManagementError:
                    await self.client.rollback()
        finally:
            get_connections().reset(self.token)
            if pool := self.client._parent._pool:
                await _give_back(pool, self.client._connection)


class Client(_Translated):
    def _in_transaction(self) -> _Context:
        return _Context(Transaction(self), self._pool_init_lock)

    async def write_at_once(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        """A whole transaction: every write, then commit. A single statement is one by itself, in one trip instead of three."""
        if len(work) == 1:
            [(write, rows)] = work
            return [await self._write_alone(write, rows)]
        async with self._in_transaction() as transaction:
            counts: list[int] = await transaction.write(work)
            return counts

    @translate_exceptions
    async def _write_alone(self, write: Write, rows: Sequence[Sequence[Value]]) -> int:
        columns = write.postgres_columns(rows)
        if self._pool is None:
            await self.create_connection(with_db=True)
        assert self._pool is not None
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            Hook.point("database.commit")
            status = await connection.execute(write.postgres, *columns)
            Hook.point("database.committed")
        return _changed(status)


client_class = Client
