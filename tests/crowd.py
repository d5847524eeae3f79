"""Many people who act at the same moment: everything they send is one body, and one unit of work handles it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot import settings
from bot.app import App
from bot.sandbox.people import Person
from bot.sandbox.phone import Phone
from tests.world import Stage, StillClock, environment, stage


class FrozenClock(StillClock):
    """Nor does the machine's own time pass: no unit of work closes because it took too long."""

    @staticmethod
    def monotonic() -> float:
        return 0.0


@asynccontextmanager
async def crowd(database_url: str, files: Path, **more: str) -> AsyncIterator[Stage]:
    """A stage on which what is sent before `at_once` arrives together."""
    app = App(settings.load(environment(database_url, **more)), clock=FrozenClock(), files=files)
    await app.start(loops=False)
    try:
        await app.jobs.look_at_templates()
        world = Stage(app)
        await world.settle()
        await world.fault({"batch": 1000})
        yield world
    finally:
        await app.stop()


def address(files: Path) -> str:
    return f"sqlite://{files}/waybill.sqlite3"


def furnish(migrated: Path, files: Path, **more: str) -> Path:
    """A shop that has been opened once, on a copy of the file `migrated`, to be copied for each day."""

    async def open_and_close() -> None:
        async with stage(address(files), files, faults=None, **more):
            pass

    shutil.copy(migrated, files / "waybill.sqlite3")
    asyncio.run(open_and_close())
    return files


def call_in(world: Stage, count: int) -> list[Phone]:
    """So many new customers, each with a phone."""
    people = [Person(f"p{n}", f"Customer{n}", f"9170000{n:05}", f"IN.7{n:05}") for n in range(count)]
    for person in people:
        world.sandbox.world.introduce(person)
    return [world.sandbox.person(person.id) for person in people]


async def at_once(world: Stage) -> None:
    """All that was sent is handled in one unit of work; then everything else that there is to do."""
    await world.sandbox.run_once()
    await world.app.dispatcher.run_once()
    waiting = await world.rows("SELECT id FROM inbox WHERE state = 'new' AND ordering_key <> 'status'")
    assert (waiting, world.app.metrics.conflicts._value.get()) == ([], 0)
    await world.settle()
