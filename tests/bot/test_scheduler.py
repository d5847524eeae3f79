"""The alarm clock: it rings what is due at every tick and when the clock is moved, and stops without waiting for Meta."""

import asyncio
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path

from bot import settings
from bot.app import App
from bot.clock import Clock
from bot.faults import FaultPoints
from bot.scheduler import Scheduler
from handlers import timers as kinds
from models import timers
from models.statements import TEXT, statement
from models.work import Work
from tests.world import StillClock, environment

KINDS = statement("SELECT kind FROM inbox ORDER BY id", {}, {"kind": TEXT})
TICK = timedelta(seconds=0.1)
SOON_S = 5.0


class Chores:
    """Jobs that tell what was asked of them; the templates hang as Meta may."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.all_asked = asyncio.Event()
        self.cut_off = False

    def _ask(self, name: str) -> None:
        self.asked[name] += 1
        if self.asked["ring"] >= 3 and len(self.asked) == 3:
            self.all_asked.set()

    async def ring_timers(self) -> bool:
        self._ask("ring")
        return False

    async def mind_the_outbox(self) -> bool:
        self._ask("outbox")
        raise OSError(5, "Input/output error")

    async def forget(self) -> bool:
        self._ask("forget")
        return self.asked["forget"] % 3 != 0

    async def look_at_templates(self) -> bool:
        self._ask("templates")
        try:
            await asyncio.Event().wait()
        finally:
            self.cut_off = True
        return True


async def test_it_asks_at_every_tick_and_is_gone_in_a_moment(logged: StringIO) -> None:
    chores, faults = Chores(), FaultPoints()
    scheduler = Scheduler(chores, clock=Clock(), tick=TICK, on_ring=lambda: None, faults=faults)  # type: ignore[arg-type]
    scheduler.start()
    async with asyncio.timeout(SOON_S):
        await chores.all_asked.wait()
        await scheduler.stop()
    assert (chores.asked["templates"], chores.cut_off, scheduler._running) == (1, True, set())
    assert faults.hits == {"scheduler.tick": chores.asked["ring"]}
    assert logged.getvalue().count('"job":"mind_the_outbox"') == chores.asked["outbox"] > 1


async def test_the_moved_clock_rings_at_once() -> None:
    chores, clock = Chores(), Clock()
    scheduler = Scheduler(chores, clock=clock, tick=timedelta(hours=1), on_ring=lambda: None)  # type: ignore[arg-type]
    scheduler.start()
    clock.move(timedelta(minutes=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert chores.asked["ring"] == 1
    await scheduler.stop()
    assert clock.listeners == []


async def test_what_retention_says_goes_batch_by_batch_until_nothing_is_left() -> None:
    chores = Chores()
    scheduler = Scheduler(chores, clock=Clock(), tick=TICK, on_ring=lambda: None)  # type: ignore[arg-type]
    await scheduler._forget()
    assert chores.asked["forget"] == 3


async def test_due_timers_become_events_once(ready_url: str, tmp_path: Path) -> None:
    app = App(settings.load(environment(ready_url)), clock=StillClock(), files=tmp_path)
    await app.start(loops=False)
    try:
        async with app.database.transaction() as connection:
            work = Work(connection, store=app.store, now=app.clock.now(), ids=app.ids)
            for minutes in (1, 2, 60):
                due = work.now + timedelta(minutes=minutes)
                timers.start(work, kind=kinds.BURIED, subject=str(minutes), due_at=due)
            await work.flush()
        assert not await app.scheduler.run_once()
        app.clock.offset += timedelta(minutes=2)
        assert [await app.scheduler.run_once() for _ in range(2)] == [True, False]
        async with app.database.transaction() as connection:
            [rows] = await connection.fetch(KINDS())
        assert [row["kind"] for row in rows] == [f"timer.{kinds.BURIED}"] * 2
    finally:
        await app.stop()
