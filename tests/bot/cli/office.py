"""Commands run in this process, as somebody types them: what they print, how they end, what they leave in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot import settings
from bot.app import App
from bot.cli import main
from models import inbox
from models.address import Address
from models.database import Database
from models.engines import Connection
from models.inbox import Arrival
from models.statements import INT, TEXT, Kind, statement
from tests.world import START, environment

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str


class Office:
    """A folder with nothing in it, and a database."""

    def __init__(self, url: str, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.url, self.folder = url, folder
        self._capture = capture

    def __call__(self, *arguments: str) -> Ran:
        self._capture.readouterr()
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = self._capture.readouterr()
        return Ran(status, out, err)

    def rows(self, sql: str, **columns: Kind) -> list[tuple[Any, ...]]:
        query = statement(sql, {}, columns)()
        [found] = asyncio.run(self._with(lambda connection: connection.fetch(query)))
        return [tuple(row.values()) for row in found]

    def desk(self) -> list[tuple[Any, ...]]:
        """Events given at the desk: their state and what they asked for."""
        return self.rows(
            "SELECT state, kind, ordering_key FROM inbox WHERE kind = 'desk' ORDER BY id",
            state=TEXT, kind=TEXT, ordering_key=TEXT,
        )  # fmt: skip

    def trail(self) -> list[tuple[Any, ...]]:
        """The audit rows of events given at the desk, in order."""
        return self.rows(
            "SELECT a.role, a.action, a.outcome FROM audit a JOIN inbox i ON i.id = a.event_id"
            " WHERE i.kind = 'desk' ORDER BY a.id",
            role=TEXT, action=TEXT, outcome=TEXT,
        )  # fmt: skip

    def count(self, table: str) -> int:
        [(count,)] = self.rows(f"SELECT COUNT(*) FROM {table}", count=INT)
        return int(count)

    def change(self, sql: str) -> None:
        """What no command does."""
        asyncio.run(self._with(lambda connection: connection.run(statement(sql)())))

    def bury(self, count: int) -> None:
        """So many dead letters, of messages that were too much for a handler."""
        arrivals = [Arrival(f"m:{n}", "message", f"c:{n}", b"{}") for n in range(count)]
        rows = inbox.rows(arrivals, store_id=1, salt=b"salt", now=START)
        asyncio.run(self._with(lambda connection: connection.write([(inbox.ACCEPT, rows)])))
        self.change("UPDATE inbox SET state = 'dead', reason = 'ValueError'")

    def open_shop(self, **more: str) -> None:
        """A first start, which makes the store with its staff and products, and its end."""
        asyncio.run(self._open(**more))

    async def _open(self, **more: str) -> None:
        app = App(settings.load(environment(self.url, **more)), files=self.folder)
        await app.start(loops=False)
        await app.stop()

    async def _with(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        database = Database(Address(self.url))
        await database.open()
        try:
            async with database.transaction() as connection:
                return await work(connection)
        finally:
            await database.close()
