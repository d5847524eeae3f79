"""A loop that does due work: `run_once` until it says False, then sleep until woken, until something is due, or for a tick."""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.tasks import spawn

log = structlog.get_logger()

TROUBLE_S = 1.0
"""Pause after a pass that raised: the database is away or there is a bug, and neither is helped by haste."""

OVERDUE_S = 0.05
"""Pause when something is due that nobody could take: another worker holds it, or its turn has not come."""


class Loop:
    """One owner task. `run_once` does a batch of work and returns whether there was any; tests call it directly.

    It leaves in `next_due` when there will be work that no wake announces, and in `is_dry` whether it knows that it left
    nothing: each look costs a transaction.
    """

    name = "loop"

    def __init__(self, clock: Clock, *, tick: timedelta) -> None:
        self._clock = clock
        self._tick = tick
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._is_detained = False
        self.next_due: datetime | None = None
        self.is_dry = False
        clock.listeners.append(self.wake)

    async def run_once(self) -> bool:
        raise NotImplementedError

    def wake(self) -> None:
        """There is work. Safe at any time."""
        self._wake.set()

    def summon(self) -> bool:
        """Wake it if it will do a pass at once, and say so: not before its start, after trouble, or at its end."""
        will_come = self.is_running and not (self._is_detained or self._stopping)
        if will_come:
            self.wake()
        return will_come

    def start(self) -> None:
        self._task = spawn(self._run(), name=self.name)

    async def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._stopping = True
        self.wake()
        self._clock.listeners.remove(self.wake)
        if self._task is not None:
            await asyncio.wait([self._task])

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                if await self.run_once() and not self.is_dry:
                    await asyncio.sleep(0)  # a busy loop leaves the door its turn
                    continue
                wait = self._wait_s()
            except Exception:
                log.exception("loop_failed", loop=self.name)
                wait = TROUBLE_S
                self._is_detained = True
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue
            finally:
                self._is_detained = False

    def _wait_s(self) -> float:
        tick = self._tick.total_seconds()
        left = tick if self.next_due is None else (self.next_due - self._clock.now()).total_seconds()
        return min(tick, left) if left > 0 else OVERDUE_S
