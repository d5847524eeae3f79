"""The bot and Meta side by side, traffic between them, and the examination of what is on disk."""

import asyncio
import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot import tasks
from bot.clock import Clock
from models import invariants
from models.address import Address
from models.database import Database
from models.invariants import ANSWERED, Stored, Violation
from tests.kill.processes import Bot, Json, Meta, free_port
from tests.kill.traffic import Traffic

LOOK_S = 0.2
HEAL_S = 200.0
"""Long enough for sends of which nobody knows: 60 s, once more 60 s after a resend, and the slowest retry of a status."""


@dataclass(frozen=True, slots=True)
class Scene:
    folder: Path
    bot: Bot
    meta: Meta
    traffic: Traffic
    dice: random.Random

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """Traffic within the block."""
        task = tasks.spawn(self.traffic.run(), name="traffic")
        try:
            yield
        finally:
            if task.done():
                await task
            await tasks.stop(task)

    async def examine(self, *, settled: bool = False) -> "Evidence":
        """What is on disk while the bot is down, beside Meta's ledger. The files are copied and looked at as they lie."""
        ledger = self.meta.ledger()
        database = Database(Address(f"sqlite://{self._copied()}"))
        await database.open()
        try:
            if await database.pending_migrations():
                assert not any(line["kind"] == "acknowledged" for line in ledger)
                return Evidence(ledger, Stored((), {}, {}), [])
            async with database.transaction() as connection:
                stored = await invariants.read(connection)
                broken = await invariants.violations(connection, now=Clock().now(), settled=settled)
        finally:
            await database.close()
        return Evidence(ledger, stored, broken + invariants.judge(stored, ledger, settled=settled))

    def _copied(self) -> Path:
        copy = self.folder / "copied.sqlite3"
        for suffix in ("", "-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):  # a kill may come before the first byte is written
                shutil.copy(f"{self.bot.database}{suffix}", f"{copy}{suffix}")
        with contextlib.closing(sqlite3.connect(copy)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return copy

    async def heal(self) -> None:
        """Wait until nobody has anything left to do: every webhook delivered, every event and message settled."""
        told: Json = {}
        try:
            async with asyncio.timeout(HEAL_S):
                while not (_is_idle(told) and _all_delivered(self.meta.ledger())):
                    assert self.bot.status is None, self.bot.said
                    await asyncio.sleep(LOOK_S)
                    told = await self.bot.readiness()
        except TimeoutError:
            raise AssertionError(f"something is never done: {told} {self.bot.said}") from None


@dataclass(frozen=True, slots=True)
class Evidence:
    ledger: list[Json]
    stored: Stored
    broken: list[Violation]

    @property
    def asked(self) -> set[str]:
        """The wamids of all that people said and that wants an answer."""
        values = (line["value"] for line in self.ledger if line["kind"] == "queued")
        return {m["id"] for value in values for m in value.get("messages", []) if m["type"] in ANSWERED}

    @property
    def answers(self) -> dict[str, int]:
        """How many different answers Meta took for each of them."""
        tokens = {line["token"] for line in self.ledger if line["kind"] == "accepted"}
        taken = Counter(self.stored.messages[token].cause_id for token in tokens)
        return {wamid: taken[(self.stored.find(f"m:{wamid}") or (0, ""))[0]] for wamid in self.asked}

    @property
    def given_up(self) -> set[str]:
        """Those whose answer was in doubt twice, which is staff's to look after: it may not go a third time."""
        ids = {m.cause_id for m in self.stored.messages.values() if m.state == "failed" and m.resends}
        return {wamid for wamid in self.asked if (self.stored.find(f"m:{wamid}") or (0, ""))[0] in ids}

    @property
    def repeated(self) -> int:
        """Messages that Meta took more than once: no status got through in time (I23 looks at each)."""
        taken = Counter(line["token"] for line in self.ledger if line["kind"] == "accepted")
        return sum(count > 1 for count in taken.values())

    @property
    def under_way(self) -> int:
        """Messages that somebody is just sending."""
        return sum(message.state == "sending" for message in self.stored.messages.values())

    @property
    def resent(self) -> int:
        return sum(message.resends for message in self.stored.messages.values())


@asynccontextmanager
async def scene(folder: Path, seed: int, *, through: tuple[str, ...] = ()) -> AsyncIterator[Scene]:
    dice = random.Random(seed)
    port = free_port()
    async with aiohttp.ClientSession() as http:
        meta = Meta(folder, http, bot_port=port)
        bot = Bot(folder, http, port=port, meta=meta, through=through)
        try:
            await meta.start()
            yield Scene(folder, bot, meta, Traffic(meta, random.Random(seed)), dice)
        finally:
            await bot.kill()
            await meta.kill()


def _is_idle(told: Json) -> bool:
    return bool(told.get("ready")) and told["inbox"]["waiting"] == 0 and not any(told["outbox"].values())


def _all_delivered(ledger: list[Json]) -> bool:
    queued = {line["update"] for line in ledger if line["kind"] == "queued"}
    settled = {update for line in ledger if line["kind"] == "acknowledged" for update in line["updates"]}
    return queued <= settled
