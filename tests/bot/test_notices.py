"""Hints between processes: heard at once, never relied upon, and the line comes back when it was lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot import notices, settings
from bot.app import App
from bot.notices import INBOX, OUTBOX, Notices
from models.address import Address
from models.database import Database
from tests.models.units import rows
from tests.world import environment

pytestmark = pytest.mark.postgres

SOON_S = 10.0
LINES = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'waybill notices'"


class Ear:
    """Counts what it hears."""

    def __init__(self, database: Database) -> None:
        self.heard: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self.notices = Notices(database, {topic: self._hears(topic) for topic in (INBOX, OUTBOX)})

    def _hears(self, topic: str) -> Callable[[], None]:
        def hear() -> None:
            self.heard[topic] += 1
            self._changed.set()

        return hear

    async def until(self, topic: str, count: int) -> None:
        async with asyncio.timeout(SOON_S):
            while self.heard[topic] < count:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = Database(Address(postgres_url))
    await opened.open()
    yield opened
    await opened.close()


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[tuple[Ear, Ear]]:
    """Two that have connected: both look for what was there before."""
    ears = Ear(database), Ear(database)
    for ear in ears:
        ear.notices.start()
    try:
        for ear in ears:
            await ear.until(INBOX, 1)
            await ear.until(OUTBOX, 1)
        yield ears
    finally:
        for ear in ears:
            await ear.notices.stop()


async def test_what_one_tells_the_other_hears_and_not_the_teller(database: Database) -> None:
    async with listening(database) as (one, other):
        one.notices.tell(INBOX)
        await other.until(INBOX, 2)
        other.notices.tell(OUTBOX)
        await one.until(OUTBOX, 2)
        assert (one.heard, other.heard) == (Counter(inbox=1, outbox=2), Counter(inbox=2, outbox=1))


async def test_under_load_one_hint_stands_for_many(database: Database) -> None:
    async with listening(database) as (one, other):
        for _ in range(1000):
            one.notices.tell(INBOX)
        await other.until(INBOX, 2)
        one.notices.tell(OUTBOX)
        await other.until(OUTBOX, 2)
        assert other.heard == Counter(inbox=2, outbox=2)


async def test_a_lost_line_is_mended_and_whoever_was_deaf_looks(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AGAIN_S", 0.01)
    async with listening(database) as (one, other):
        assert len(await rows(database, f"SELECT pg_terminate_backend(pid) {LINES}")) == 2
        await one.until(INBOX, 2)
        await other.until(OUTBOX, 2)
        one.notices.tell(INBOX)
        await other.until(INBOX, 3)


async def test_a_server_that_is_silent_is_noticed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says that the connection is gone; only asking finds out."""
    monkeypatch.setattr(notices, "ALIVE_S", 0.01)
    asked = "SELECT MAX(query_start) AS at " + LINES
    async with listening(database):
        first = (await rows(database, asked))[0]["at"]
        async with asyncio.timeout(SOON_S):
            later = first
            while later <= first:
                later = (await rows(database, asked))[0]["at"]


async def test_one_process_wakes_the_loops_of_another(postgres_url: str, tmp_path: Path) -> None:
    """With ticks an hour apart an event taken in by one is handled, and its answer sent, by the other."""
    given = environment(postgres_url, TICK_SECONDS="3600")
    worker, door = (App(settings.load(given), files=tmp_path) for _ in range(2))
    await worker.start()
    await door.start(loops=False)
    try:
        door.notices.start()
        async with asyncio.timeout(SOON_S):
            listening = 0
            while listening < 2:
                listening = (await rows(door.database, f"SELECT COUNT(*) AS n {LINES}"))[0]["n"]
        assert worker.sandbox is not None
        assert door.sandbox is not None
        worker.sandbox.webhook = door.settings.here(door.port) + "/webhook"
        worker.sandbox.person("asha").say("hello")
        sent = "SELECT id FROM outbox WHERE state IN ('accepted', 'sent', 'delivered', 'read')"
        async with asyncio.timeout(SOON_S):
            answers: list[object] = []
            while not answers:
                answers = [*await rows(door.database, sent)]
    finally:
        await door.notices.stop()
        await door.stop()
        await worker.stop()


async def test_a_server_that_goes_while_we_begin_to_listen_ends_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen, troubles = asyncpg.Connection.add_listener, [asyncpg.InternalClientError("cannot switch to state")]

    async def add_listener(*args: Any) -> None:
        if troubles:
            raise troubles.pop()
        await listen(*args)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", add_listener)
    ear = Ear(database)
    ear.notices.start()
    await ear.until(INBOX, 1)
    assert troubles == []
    assert ear.notices.is_running
    await ear.notices.stop()
