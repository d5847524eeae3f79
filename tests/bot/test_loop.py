"""A loop works while there is work, sleeps until it is woken or something is due, and survives what goes wrong."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

from bot import loop as module
from bot.clock import Clock
from bot.loop import Loop

SOON_S = 5.0


class Worker(Loop):
    """Does what `plan` says, pass by pass: True, False or an error; then `until` says that it was called often enough."""

    name = "worker"

    def __init__(
        self,
        *plan: bool | Exception,
        due: Callable[[], datetime | None] = lambda: None,
        tick: float = 60,
        dry: bool = False,
    ) -> None:
        super().__init__(Clock(), tick=timedelta(seconds=tick))
        self._plan, self._due = list(plan), due
        self.is_dry = dry
        self.passes = 0
        self._moved = asyncio.Event()

    async def run_once(self) -> bool:
        self.passes += 1
        self._moved.set()
        now = self._plan.pop(0) if self._plan else False
        if isinstance(now, Exception):
            raise now
        self.next_due = self._due()
        return now

    async def until(self, passes: int) -> None:
        async with asyncio.timeout(SOON_S):
            while self.passes < passes:
                self._moved.clear()
                await self._moved.wait()


async def test_it_works_until_nothing_is_left_and_then_waits_to_be_woken() -> None:
    worker = Worker(True, True, False, True)
    worker.start()
    await worker.until(3)
    await asyncio.sleep(0)
    assert (worker.passes, worker.is_running) == (3, True)
    worker.wake()
    await worker.until(5)
    await worker.stop()
    assert (worker.passes, worker.is_running) == (5, False)


async def test_it_does_not_look_again_when_it_knows_that_nothing_is_left() -> None:
    worker = Worker(True, True, dry=True)
    worker.start()
    await worker.until(1)
    await asyncio.sleep(0.01)
    assert worker.passes == 1
    worker.wake()
    await worker.until(2)
    await worker.stop()


async def test_a_wake_during_the_work_is_not_lost() -> None:
    worker = Worker()
    worker.wake()
    worker.start()
    await worker.until(1)
    worker.wake()
    await worker.until(2)
    await worker.stop()


async def test_it_looks_again_when_something_becomes_due() -> None:
    started = Clock().now()
    worker = Worker(due=lambda: started + timedelta(milliseconds=30) if worker.passes == 1 else None)
    worker.start()
    await worker.until(2)
    assert Clock().now() - started >= timedelta(milliseconds=29)
    await worker.stop()


async def test_what_is_due_but_cannot_be_taken_does_not_make_it_spin() -> None:
    """An event behind one that waits for its second try; a row that another worker holds."""
    worker = Worker(due=lambda: Clock().now() - timedelta(hours=1))
    started = Clock.monotonic()
    worker.start()
    await worker.until(4)
    assert Clock.monotonic() - started >= 3 * module.OVERDUE_S * 0.9
    await worker.stop()


async def test_it_looks_at_least_at_every_tick() -> None:
    worker = Worker(tick=0.01, due=lambda: Clock().now() + timedelta(days=1))
    worker.start()
    await worker.until(3)
    await worker.stop()


async def test_an_error_is_logged_and_the_loop_goes_on(logged: StringIO) -> None:
    worker = Worker(ValueError("saffron"), True)
    worker.start()
    await worker.until(1)
    worker.wake()
    await worker.until(3)
    await worker.stop()
    [line] = logged.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["loop"], "saffron" in line) == ("loop_failed", "worker", False)


async def test_the_moved_clock_wakes_it_and_after_the_end_no_more() -> None:
    worker = Worker()
    worker.start()
    await worker.until(1)
    worker._clock.move(timedelta(days=1))
    await worker.until(2)
    await worker.stop()
    assert worker._clock.listeners == []


async def test_stopped_before_it_has_started_it_never_works() -> None:
    worker = Worker(True)
    worker.start()
    await worker.stop()
    assert (worker.passes, worker.is_running) == (0, False)


async def test_it_comes_when_it_is_summoned_unless_something_keeps_it() -> None:
    worker = Worker(False, OSError("away"), False, tick=60)
    assert not worker.summon(), "it has not been started"
    worker.start()
    await worker.until(1)
    await asyncio.sleep(0)
    assert worker.summon()
    await worker.until(2)
    await asyncio.sleep(0)
    assert not worker.summon(), "it rests after trouble, and is left to"
    assert worker.passes == 2
    worker.wake()
    await worker.until(3)
    await asyncio.sleep(0)
    assert worker.summon()
    await worker.until(4)
    ending = asyncio.ensure_future(worker.stop())
    await asyncio.sleep(0)
    assert not worker.summon()
    await ending
    assert not worker.summon()
