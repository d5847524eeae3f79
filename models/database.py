"""Opening, migrating and closing the database; the transaction that every unit of work runs in."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
from tortoise.migrations.executor import MigrationExecutor

from models import (
    audit,
    bookings,
    calls,
    catalog,
    contacts,
    inbox,
    ledger,
    orders,
    outbox,
    payments,
    questions,
    returns,
    staff,
    stores,
    templates,
    timers,
    undo,
)
from models.address import Address
from models.engines import Connection
from models.statements import INT, Value, Write, statement

if TYPE_CHECKING:
    from models.engines.notices import Line

ROWS: tuple[ModuleType, ...] = (
    stores, contacts, staff, inbox, outbox, timers, catalog, orders, ledger, payments, calls, returns, questions,
    templates, audit, undo, bookings,
)  # fmt: skip
APP = "models"
ONE_MIGRATION_AT_A_TIME = 4_711_001
"""Key of Postgres's advisory lock: two migrations at once would both see an empty database."""
MIGRATION_TRIES, MIGRATION_PAUSE_S = 60, 0.5
"""A migration that gets no lock in some two minutes meets something other than traffic."""

UNAVAILABLE: tuple[type[BaseException], ...] = (OperationalError, DBConnectionError, OSError, TimeoutError)
"""The database cannot be asked right now: nobody's fault, to be tried again."""
REFUSED: tuple[type[BaseException], ...] = (IntegrityError,)
"""A constraint said no."""
_PASSING = ("08", "40", "53", "55", "57", "58")
"""Classes of Postgres's errors that are not about what was asked: connection, deadlock, resources, locks, operator, system."""


def is_passing(error: BaseException) -> bool:
    """Whether the database said no for a reason of its own (a lock, a full disk, a lost connection): later it may say yes."""
    if isinstance(error, REFUSED):  # tortoise files it under OperationalError
        return False
    if not isinstance(error, OperationalError):
        return isinstance(error, UNAVAILABLE)
    cause = error.args[0] if error.args else None
    if isinstance(cause, sqlite3.Error):
        return cause.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG)
    sqlstate: str | None = getattr(cause, "sqlstate", None)
    return sqlstate is None or sqlstate.startswith(_PASSING)


class Database:
    """One open database. Open it in the task that starts everything else: later tasks inherit tortoise's context."""

    def __init__(self, address: Address, *, patient: bool = False) -> None:
        self.address = address
        self._patient = patient
        self._context = TortoiseContext()

    async def open(self) -> None:
        """Connect; raises one of `UNAVAILABLE` when the database cannot be reached. Creates a SQLite file's folder."""
        if self.address.is_sqlite:
            self.address.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.address.path, os.O_CREAT, 0o600))  # it holds what customers wrote
        EXECUTOR_CACHE.clear()  # keyed by table alone: it would send one dialect's placeholders to the other
        self._context.__enter__()
        await self._context.init(config=self._config())
        await self._client.create_connection(with_db=True)

    async def close(self) -> None:
        """Must be called: aiosqlite's thread is no daemon and would keep the program from ending."""
        try:
            await self._context.close_connections()
        finally:
            self._context.__exit__(None, None, None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction, committed at the end of the block and rolled back when it raises. Nothing in it may wait for a network."""
        async with self._client._in_transaction() as connection:
            yield cast("Connection", connection)

    async def write(self, work: Sequence[tuple[Write, Sequence[Sequence[Value]]]]) -> list[int]:
        """A whole transaction of bulk writes, as few hops as the engine can."""
        counts: list[int] = await self._client.write_at_once(work)
        return counts

    @asynccontextmanager
    async def line(self, *, heard: Callable[[str], None], ended: Callable[[], None]) -> AsyncIterator["Line"]:
        """A line to the other processes on this Postgres, outside the pool; raises one of `UNAVAILABLE`."""
        from models.engines import notices  # it takes the driver with it, which SQLite does not need

        async with notices.line(self.address.session("notices"), heard=heard, ended=ended) as line:
            yield line

    async def answers(self) -> bool:
        """Whether the database answers a question now; raises one of `UNAVAILABLE` otherwise."""
        async with self.transaction() as connection:
            await connection.fetch(_NOTHING())
        return True

    async def pending_migrations(self) -> list[str]:
        """Names of migrations not yet applied."""
        with self._as_current():
            plan = await self._executor().plan()
        return [step.migration.name for step in plan]

    async def migrate(self) -> list[str]:
        """Apply what is pending, all or nothing, one process at a time; returns the names applied.

        On Postgres it may run beside traffic: it waits for a table no longer than traffic can wait behind it, and tries again.
        """
        if self.address.is_sqlite:
            return await self._apply() or []
        patient = Database(self.address, patient=True)
        await patient.open()
        try:
            return await patient._apply_in_turn()
        finally:
            await patient.close()

    async def _apply_in_turn(self) -> list[str]:
        """When another process migrates, wait for its end, however long it takes: its lock goes with its connection."""
        tries = 0
        while True:
            try:
                applied = await self._apply()
            except OperationalError as error:
                tries += 1
                if tries == MIGRATION_TRIES or not is_passing(error):
                    raise
                applied = None
            if applied is not None:
                return applied
            await asyncio.sleep(MIGRATION_PAUSE_S)

    async def _apply(self) -> list[str] | None:
        """Apply what is pending; None when another process is at it.

        Tortoise records a migration outside the transaction that applies it, and a crash between the two wedges the next
        start: one transaction around the whole holds both together.
        """
        with self._as_current():
            async with self._client._in_transaction() as connection:
                if not self.address.is_sqlite:
                    turn = f"SELECT pg_try_advisory_xact_lock({ONE_MIGRATION_AT_A_TIME}) AS mine"
                    if not (await connection.execute_query_dict(turn))[0]["mine"]:
                        return None
                executor = MigrationExecutor(connection, self._config()["apps"])
                # Its plan reads the table of applied migrations, and on Postgres a failed read ends the transaction.
                await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
                names = [step.migration.name for step in await executor.plan()]
                if names:
                    await executor.migrate()
                return names

    @contextmanager
    def _as_current(self) -> Iterator[None]:
        """For tortoise's migrations, which ask for the current context. To enter it twice would be to forget how to leave it."""
        token = _current_context.set(self._context)
        try:
            yield
        finally:
            _current_context.reset(token)

    def _executor(self) -> MigrationExecutor:
        return MigrationExecutor(self._client, self._config()["apps"])

    @property
    def _client(self) -> Any:
        return self._context.connections.get("default")

    def _config(self) -> dict[str, Any]:
        app = {
            "models": [module.__name__ for module in ROWS],
            "migrations": "models.migrations",
            "default_connection": "default",
        }
        return {
            "connections": {"default": self.address.connection(patient=self._patient)},
            "apps": {APP: app},
            "use_tz": True,
            "timezone": "UTC",
        }


_NOTHING = statement("SELECT 1", {}, {"one": INT})
