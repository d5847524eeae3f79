"""APScheduler as the alarm clock, never the diary: what is due stands in rows, and a tick looks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.faults import FaultPoints
from bot.jobs import Jobs
from bot.tasks import spawn

log = structlog.get_logger()

RETENTION_EVERY = timedelta(minutes=10)
TEMPLATES_EVERY = timedelta(hours=6)


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
            (self._tick_once, self._tick),
            (self._jobs.mind_the_outbox, self._tick),
            (self._jobs.forget, RETENTION_EVERY),
            (self._jobs.look_at_templates, TEMPLATES_EVERY),
        ):
            self._scheduler.add_job(self._run, "interval", [job], seconds=every.total_seconds(), id=job.__name__)
        self._scheduler.start()
        self._clock.listeners.append(self._look_now)

    async def stop(self) -> None:
        """No new runs. Its own shutdown cancels a run in the middle of a transaction, so those under way end first."""
        self._clock.listeners.remove(self._look_now)
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running)
        self._scheduler.shutdown(wait=False)

    async def _run(self, job: Callable[[], Awaitable[object]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await job()
        except Exception:
            log.exception("job_failed", job=getattr(job, "__name__", "job"))
        finally:
            self._running.discard(task)

    async def _tick_once(self) -> None:
        if self._faults is not None:
            self._faults("scheduler.tick")
        await self._ring()

    async def _ring(self) -> bool:
        rang = False
        while await self._jobs.ring_timers():
            rang = True
            self._on_ring()
        return rang

    def _look_now(self) -> None:
        """The clock was moved: what has become due rings at once."""
        spawn(self._run(self._tick_once), name="timers after the clock moved")
