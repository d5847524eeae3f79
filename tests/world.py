"""The whole bot and the sandbox in one process, over real HTTP and a real database, on a clock that stands still."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import settings
from bot.app import App
from bot.clock import Clock
from bot.sandbox.bubbles import Bubble
from bot.sandbox.server import Sandbox
from flows.store import Store
from tests.journeys.play import Shown
from tests.journeys.script import Line

START = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""A Monday, ten in the morning in the demo shop."""


@dataclass(slots=True)
class StillClock(Clock):
    """Time passes only when a test says so."""

    at: datetime = field(default=START)

    def now(self) -> datetime:
        return self.at + self.offset


class Stage:
    """A running bot with its sandbox; `drain` does everything there is to do."""

    def __init__(self, app: App) -> None:
        assert app.sandbox is not None
        self.app = app
        self.sandbox: Sandbox = app.sandbox
        self._names = {person.name.split()[0]: person.id for person in self.sandbox.world.people}

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def people(self) -> Sequence[str]:
        return list(self._names)

    async def say(self, person: str, text: str) -> None:
        self._phone(person).say(text)

    async def cart(self, person: str, lines: Sequence[Line], note: str) -> None:
        self._phone(person).cart([(line.sku, line.quantity) for line in lines], note)

    async def tap(self, person: str, title: str) -> None:
        self._phone(person).tap(title)

    async def later(self, by: timedelta) -> None:
        self.sandbox.advance(by)

    async def clock(self, at: datetime) -> None:
        wanted = at.replace(tzinfo=self.store.zone)
        self.sandbox.advance(wanted - self.app.clock.now())

    async def fault(self, switches: Mapping[str, int | bool | str]) -> None:
        self.sandbox.faults.set(dict(switches))

    async def settle(self) -> None:
        await self.app.drain()

    def new(self, person: str) -> list[Shown]:
        return [_shown(bubble) for bubble in self._phone(person).new()]

    def _phone(self, person: str):  # noqa: ANN202
        if person not in self._names:
            raise LookupError(f"nobody here is called {person}; there are {', '.join(self._names)}")
        return self.sandbox.person(self._names[person])


def _shown(bubble: Bubble) -> Shown:
    shown = bubble.shown
    template = shown.get("template")
    if template:
        return Shown(str(template["text"]), kind=f"template {template['name']}")
    rows = tuple((str(row["title"]), str(row.get("description", ""))) for row in bubble.rows)
    buttons = tuple(str(button["title"]) for button in bubble.buttons)
    opens = (str(shown["rows"]["button"]),) if rows else ()
    return Shown(bubble.body, buttons or opens, rows, kind="catalogue" if "catalog" in shown else "")


def environment(database_url: str, **more: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "PORT": "0", "PUBLIC_URL": "http://127.0.0.1:8080", **more}


@asynccontextmanager
async def stage(database_url: str, files: Path, **more: str) -> AsyncIterator[Stage]:
    """A bot on an empty or used database. Nothing runs by itself."""
    app = App(settings.load(environment(database_url, **more)), clock=StillClock(), files=files)
    await app.start(loops=False)
    try:
        await app.jobs.look_at_templates()
        yield Stage(app)
    finally:
        await app.stop()


world = stage
