"""Group commit: whatever arrives while the last commit runs shares the next transaction and its fsync. No timer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.metrics import Metrics
from bot.tasks import spawn
from flows.store import Store
from models import inbox
from models.database import REFUSED, UNAVAILABLE, Database
from models.inbox import Arrival

log = structlog.get_logger()

QUEUE_LIMIT = 20_000
"""Events waiting for the disk; beyond it the door answers 503 and Meta keeps them. Twenty of Meta's largest bodies."""
BATCH = 1_000
"""Events in one transaction: as many as Meta's largest body holds."""


class Full(Exception):
    """The queue is full, or the database cannot take events now: nothing of these was stored as far as we know."""


@dataclass(slots=True)
class _Waiting:
    arrivals: Sequence[Arrival]
    done: asyncio.Future[None]


class Intake:
    """The bounded batcher in front of the inbox. `put` returns when the events are on disk."""

    def __init__(
        self, database: Database, store: Store, *, clock: Clock, metrics: Metrics, on_stored: Callable[[], None]
    ) -> None:
        self._database, self._store, self._clock, self._metrics = database, store, clock, metrics
        self._on_stored = on_stored
        self._queue: list[_Waiting] = []
        self._queued = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._task = spawn(self._run(), name="intake")

    async def stop(self) -> None:
        """Store what is queued, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def put(self, arrivals: Sequence[Arrival]) -> None:
        """Store every one of `arrivals` or raise `Full`; those we already had are dropped silently."""
        if not arrivals:
            return
        if self._stopping or self._queued + len(arrivals) > QUEUE_LIMIT:
            raise Full
        waiting = _Waiting(arrivals, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued += len(arrivals)
        self._wake.set()
        await asyncio.shield(waiting.done)

    async def _run(self) -> None:
        while not (self._stopping and not self._queue):
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._store_batch(self._take())

    def _take(self) -> list[_Waiting]:
        size = taken = 0
        for waiting in self._queue:
            if taken and size + len(waiting.arrivals) > BATCH:
                break
            size += len(waiting.arrivals)
            taken += 1
        batch, self._queue = self._queue[:taken], self._queue[taken:]
        self._queued -= size
        return batch

    async def _store_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._write([arrival for waiting in batch for arrival in waiting.arrivals])
        except (*UNAVAILABLE, *REFUSED) as error:
            if len(batch) > 1 and not isinstance(error, OSError | TimeoutError):
                for waiting in batch:  # one of them may be the reason: the others shall not suffer for it
                    await self._store_batch([waiting])
                return
            log.exception("intake_failed", events=sum(len(w.arrivals) for w in batch))
            for waiting in batch:
                _resolve(waiting.done, Full())
        except BaseException:
            for waiting in batch:
                _resolve(waiting.done, Full())
            raise
        else:
            for waiting in batch:
                _resolve(waiting.done, None)
            self._on_stored()

    async def _write(self, arrivals: Sequence[Arrival]) -> None:
        rows = inbox.rows(arrivals, store_id=self._store.id, salt=self._store.salt, now=self._clock.now())
        [stored] = await self._database.write([(inbox.ACCEPT, rows)])
        self._metrics.accepted.inc(stored)
        self._metrics.repeated.inc(len(rows) - stored)


def _resolve(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
