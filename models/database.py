"""Opening, migrating and closing the database; the transaction that every unit of work runs in."""

import os
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from urllib.parse import urlsplit

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, DBConnectionError, IntegrityError, OperationalError
from tortoise.migrations.executor import MigrationExecutor

from models import audit, catalog, contacts, inbox, orders, outbox, questions, staff, stores, templates, timers
from models.engines import Connection
from models.statements import INT, Value, Write, statement

ROWS: tuple[ModuleType, ...] = (
    stores, contacts, staff, inbox, outbox, timers, catalog, orders, questions, templates, audit,
)  # fmt: skip
APP = "models"
ONE_MIGRATION_AT_A_TIME = 4_711_001
"""Key of Postgres's advisory lock: two migrations at once would both see an empty database."""

SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an acknowledged event survives the loss of power
    "journal_size_limit": 67_108_864,  # tortoise's 16 KB cuts the WAL at every checkpoint and doubles a commit's cost
    "foreign_keys": "ON",
    "busy_timeout": 5000,  # a terminal command may write beside the running bot
}
POSTGRES_SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
POOL = 16

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


class InvalidAddress(ValueError):
    """`DATABASE_URL` cannot be understood."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked `DATABASE_URL`."""

    url: str

    def __post_init__(self) -> None:
        if not re.match(r"(sqlite|postgres(ql)?)://.", self.url):
            raise InvalidAddress(
                "DATABASE_URL must be sqlite://path/to/file.sqlite3 or postgres://user:password@host:port/database"
            )

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The file of a SQLite address."""
        return Path(self.url.removeprefix("sqlite://"))

    def connection(self) -> dict[str, Any]:
        """The address as tortoise's configuration, with our engine in place of its own."""
        if self.is_sqlite:
            return {
                "engine": "models.engines.sqlite",
                "credentials": {"file_path": str(self.path), **SQLITE_PRAGMAS},
            }
        try:
            parts = urlsplit(self.url)
            config = expand_db_url(parts._replace(scheme="asyncpg").geturl())
        except (ConfigurationError, ValueError) as error:
            raise InvalidAddress(f"DATABASE_URL is not a Postgres address: {error}") from error
        credentials = {
            "maxsize": POOL,
            "command_timeout": 60,
            "server_settings": POSTGRES_SESSION,
            **config["credentials"],
        }
        return {"engine": "models.engines.asyncpg", "credentials": credentials}


class Database:
    """One open database. Open it in the task that starts everything else: later tasks inherit tortoise's context."""

    def __init__(self, address: Address) -> None:
        self.address = address
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

    async def answers(self) -> bool:
        """Whether the database answers a question now; raises one of `UNAVAILABLE` otherwise."""
        async with self.transaction() as connection:
            await connection.fetch(_NOTHING())
        return True

    async def pending_migrations(self) -> list[str]:
        """Names of migrations not yet applied."""
        with self._context:
            plan = await self._executor().plan()
        return [step.migration.name for step in plan]

    async def migrate(self) -> list[str]:
        """Apply what is pending, all or nothing, one process at a time; returns the names applied.

        Tortoise records a migration outside the transaction that applies it, and a crash between the two wedges the next
        start: one transaction around the whole holds both together.
        """
        with self._context:
            async with self._client._in_transaction() as connection:
                if not self.address.is_sqlite:
                    await connection.execute_query(f"SELECT pg_advisory_xact_lock({ONE_MIGRATION_AT_A_TIME})")
                executor = MigrationExecutor(connection, self._config()["apps"])
                # Its plan reads the table of applied migrations, and on Postgres a failed read ends the transaction.
                await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
                names = [step.migration.name for step in await executor.plan()]
                if names:
                    await executor.migrate()
                return names

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
            "connections": {"default": self.address.connection()},
            "apps": {APP: app},
            "use_tz": True,
            "timezone": "UTC",
        }


_NOTHING = statement("SELECT 1", {}, {"one": INT})
