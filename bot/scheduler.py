"""APScheduler as the alarm clock, never the diary: what is due stands in rows, and a tick looks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import tasks
from bot.clock import Clock
from bot.faults import FaultPoints
from bot.jobs import Jobs

log = structlog.get_logger()

RETENTION_EVERY = timedelta(minutes=10)
TEMPLATES_EVERY = timedelta(hours=6)
GRACE_S = 1.0
"""For jobs under way when the program is told to stop; one that waits for Meta is cut off then."""


class Job(Protocol):
    """Something that looks for work and does it; its name is told when it fails."""

    __name__: str

    def __call__(self) -> Awaitable[object]: ...


class Scheduler:
    """Runs each job at its interval; a job that is late runs once, and never beside itself."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        clock: Clock,
        tick: timedelta,
        on_ring: Callable[[], None],
        faults: FaultPoints | None = None,
    ) -> None:
        self._jobs, self._clock, self._tick = jobs, clock, tick
        self._on_ring = on_ring
        self._faults = faults
        self._running: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    async def run_once(self) -> bool:
        """Everything due now, once each; whether there was anything."""
        rang = await self._ring()
        return rang | await self._jobs.mind_the_outbox() | await self._jobs.forget()

    def start(self) -> None:
        for job, every in (
            (self._ring, self._tick),
            (self._jobs.mind_the_outbox, self._tick),
            (self._forget, RETENTION_EVERY),
            (self._jobs.look_at_templates, TEMPLATES_EVERY),
        ):
            self._scheduler.add_job(self._run, "interval", [job], seconds=every.total_seconds(), id=job.__name__)
        self._scheduler.start()
        self._soon(self._jobs.look_at_templates)
        self._clock.listeners.append(self._look_now)

    async def stop(self) -> None:
        """No new runs; those under way may end first."""
        self._clock.listeners.remove(self._look_now)
        self._scheduler.pause()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=GRACE_S)
            for task in late:
                await tasks.stop(task)
        self._scheduler.shutdown(wait=False)

    def _soon(self, job: Job) -> None:
        """Once, beside the intervals."""
        self._own(tasks.spawn(self._run(job), name=job.__name__))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, job: Job) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._own(task)
        try:
            await job()
        except Exception:
            log.exception("job_failed", job=job.__name__)

    async def _ring(self) -> bool:
        if self._faults is not None:
            self._faults("scheduler.tick")
        rang = False
        while await self._jobs.ring_timers():
            rang = True
            self._on_ring()
        return rang

    async def _forget(self) -> None:
        """Batch by batch, so that the door gets its turn between them."""
        while await self._jobs.forget():
            pass

    def _look_now(self) -> None:
        """The clock was moved: what has become due rings at once."""
        self._soon(self._ring)
