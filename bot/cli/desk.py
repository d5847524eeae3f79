"""Opening the database for a command, and giving an order at the desk: an event of its own, settled in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson

from bot.cli.output import Failure, no_answer
from bot.clock import Clock, Ids
from bot.settings import Settings
from flows.store import Store
from models import inbox, outbox, staff, stores
from models.database import UNAVAILABLE, Database
from models.engines import Connection
from models.inbox import Arrival
from models.work import Work

Order = Callable[[Work, int], Awaitable[str]]
"""Does it, given the event's id for the audit trail; returns what to tell."""

NOT_READY = "The database is not ready: start Waybill once with `make run`, or `python -m bot migrate`."


@asynccontextmanager
async def database(settings: Settings, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The open database; unless `migrated` is False it must be there and up to date."""
    if migrated and settings.address.is_sqlite and not settings.address.path.exists():
        raise Failure(NOT_READY)
    opened = Database(settings.address)
    try:
        await opened.open()
        try:
            if migrated and await opened.pending_migrations():
                raise Failure(NOT_READY)
            yield opened
        finally:
            await opened.close()
    except UNAVAILABLE as error:
        raise Failure(no_answer(error)) from error


@asynccontextmanager
async def unit_of_work(settings: Settings) -> AsyncIterator[Work]:
    """One transaction on the store, committed at the end of the block."""
    clock = Clock()
    async with database(settings) as opened, opened.transaction() as connection:
        store = replace(await find_store(connection), public_url=settings.public_url)
        work = Work(connection, store=store, now=clock.now(), ids=Ids(clock))
        [rows] = await connection.fetch(staff.LIST(store_id=work.store.id))
        staff.loaded(work, rows)
        yield work
        await outbox.write_alerts(work)
        await work.flush()


async def give(settings: Settings, command: str, order: Order) -> str:
    """Write `command` into the inbox and settle it at once, whether or not the bot runs: nobody else sees it between."""
    async with unit_of_work(settings) as work:
        arrival = Arrival(f"d:{work.ids.token()}", "desk", "desk", orjson.dumps({"command": command}))
        event = await inbox.take_in(
            work.connection, arrival, store_id=work.store.id, salt=work.store.salt, now=work.now
        )
        told = await order(work, event.id)
        inbox.finish(work, event)
    return told


async def find_store(connection: Connection) -> Store:
    if (store := await stores.find_first(connection)) is None:
        raise Failure("There is no store yet: start Waybill once with `make run` or `python -m bot run`.")
    return store
