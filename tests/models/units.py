"""Units of work as the shell makes them, on a clock that a test moves; and what a query finds afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from bot.clock import Clock, Ids
from flows.store import Store
from models import outbox, staff, stores
from models.database import Database
from models.work import Work

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
IDS = Ids(Clock())


async def open_store(database: Database, store: Store) -> None:
    async with database.transaction() as connection:
        await stores.create(connection, store, NOW)
        await stores.own_number(connection, store, "1", 1)


@asynccontextmanager
async def unit(database: Database, now: datetime = NOW) -> AsyncIterator[Work]:
    """One unit of work of this store, written at the end; its staff are loaded."""
    async with database.transaction() as connection:
        work = Work(connection, store=STORE, now=now, ids=IDS)
        [members] = await connection.fetch(staff.LIST(store_id=STORE.id))
        staff.loaded(work, members)
        yield work
        await outbox.write_alerts(work)
        await work.flush()


async def rows(database: Database, sql: str) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        found: list[dict[str, Any]] = await connection.execute_query_dict(sql)  # type: ignore[attr-defined]
        return found


async def run(database: Database, sql: str) -> None:
    async with database.transaction() as connection:
        await connection.execute_query(sql)  # type: ignore[attr-defined]
