"""Wakes the loops of other processes on Postgres, and ours when they have made work. A hint only: every loop ticks as well."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from bot import tasks
from models.database import UNAVAILABLE, Database

if TYPE_CHECKING:
    from models.engines.notices import Line

log = structlog.get_logger()

INBOX, OUTBOX = "inbox", "outbox"
"""What there is more of."""
QUIET_S = 0.002
"""Between two hints: under load one stands for many commits, and whoever is busy needs none."""
ALIVE_S = 15.0
"""How often a line on which nothing is said is tried: a server that vanished without a word is noticed no other way."""
AGAIN_S = 1.0
"""Before the next attempt to connect."""


class Notices:
    """Owns the line. `wakes` says whom a topic wakes in this process."""

    name = "notices"

    def __init__(self, database: Database, wakes: Mapping[str, Callable[[], None]]) -> None:
        self._database, self._wakes = database, wakes
        self._pending: set[str] = set()
        self._stir = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.is_connected = False

    def start(self) -> None:
        self._task = tasks.spawn(self._run(), name=self.name)

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        await tasks.stop(self._task)

    def tell(self, topic: str) -> None:
        """Soon, and without waiting: work of this kind has been committed."""
        self._pending.add(topic)
        self._stir.set()

    async def _run(self) -> None:
        while True:
            try:
                async with self._database.line(heard=self._hear, ended=self._stir.set) as line:
                    self.is_connected = True
                    log.info("notices_connected")
                    for topic in self._wakes:  # who knows what was said while nobody listened
                        self._hear(topic)
                    await self._talk(line)
            except UNAVAILABLE as error:
                if self.is_connected:
                    log.warning("notices_lost", error=type(error).__name__)
            self.is_connected = False
            await asyncio.sleep(AGAIN_S)

    async def _talk(self, line: "Line") -> None:
        """Until the line is lost."""
        while not line.is_lost:
            try:
                async with asyncio.timeout(ALIVE_S):
                    await self._stir.wait()
            except TimeoutError:
                pass
            self._stir.clear()
            topics, self._pending = self._pending, set()
            await line.say(topics)
            await asyncio.sleep(QUIET_S)

    def _hear(self, topic: str) -> None:
        if (wake := self._wakes.get(topic)) is not None:  # another version may say more than we know
            wake()
