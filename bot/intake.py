"""Group commit: whatever arrives while the last commit runs shares the next transaction and its fsync. No timer.

The transaction is the dispatcher's where one process writes and it is about to begin one (`Intake.along`), else our own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

import structlog

from bot import tasks
from bot.along import Act
from bot.clock import Clock
from bot.metrics import Metrics
from flows.store import Store
from models import inbox
from models.database import UNAVAILABLE, Database, is_passing
from models.engines import Connection
from models.inbox import Arrival

log = structlog.get_logger()

QUEUE_LIMIT = 20_000
"""Events waiting for the disk; beyond it the door answers 503 and Meta keeps them. Twenty of Meta's largest bodies."""
BATCH = 1_000
"""Events in one transaction: as many as Meta's largest body holds."""
PATIENCE = timedelta(seconds=3)
"""How long a request waits for the disk. Meta gives up somewhat later; what is stored after that comes again as a repeat."""


class Full(Exception):
    """The queue is full, or the database cannot take events now: nothing of these was stored as far as we know."""


class _Waiting(NamedTuple):
    arrivals: Sequence[Arrival]
    done: asyncio.Future[None]
    until: float
    """When its patience ends, by the loop's clock."""


class Intake:
    """The bounded batcher in front of the inbox. `put` returns when the events are on disk.

    `summon` calls whoever takes events along and says whether they will; `on_stored` is told of those we stored ourselves.
    """

    name = "intake"

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        clock: Clock,
        metrics: Metrics,
        on_stored: Callable[[], None],
        patience: timedelta = PATIENCE,
        summon: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database, self._store, self._clock, self._metrics = database, store, clock, metrics
        self._on_stored, self._summon = on_stored, summon
        self._patience_s = patience.total_seconds()
        self._queue: list[_Waiting] = []
        self._queued = 0
        self._batch: list[_Waiting] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._task = tasks.spawn(self._run(), name=self.name)

    async def stop(self) -> None:
        """Store what is queued, then end. A disk that does not answer is waited for no longer than a request would."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._patience_s)
            await tasks.stop(self._task)
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def put(self, arrivals: Sequence[Arrival]) -> asyncio.Future[None]:
        """Done when every one of `arrivals` is stored, or we had it; else it is `Full`, raised at once or by the future.

        Whoever stops waiting, cancelled or out of patience, takes nothing back: the events are stored all the same.
        """
        if not arrivals:
            nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            return nothing
        # A body larger than the whole queue is taken when nothing else waits, or it would be refused for ever.
        if self._stopping or not self.is_running or (self._queued and self._queued + len(arrivals) > QUEUE_LIMIT):
            raise Full
        loop = asyncio.get_running_loop()
        waiting = _Waiting(arrivals, loop.create_future(), loop.time() + self._patience_s)
        self._queue.append(waiting)
        self._queued += len(arrivals)
        self._call()
        if self._alarm is None:
            self._alarm = loop.call_at(waiting.until, self._lose_patience)
        return waiting.done

    def wake(self) -> None:
        """Nobody else stores what is queued."""
        self._wake.set()

    def _call(self) -> None:
        if not self._summon():
            self.wake()

    @asynccontextmanager
    async def along(self) -> AsyncIterator[Act]:
        """Who is queued comes with a transaction that somebody else began. If that fails, we store them ourselves."""
        batch: list[_Waiting] = []
        repeated = stored = 0

        async def bring(connection: Connection) -> None:
            nonlocal batch, stored, repeated
            if self._batch:
                return  # a transaction of our own waits for its turn
            batch = self._batch = self._take()
            if rows := self._rows([arrival for waiting in batch for arrival in waiting.arrivals]):
                [stored] = await connection.write([(inbox.ACCEPT, rows)])
                repeated = len(rows) - stored

        try:
            yield bring
        except BaseException:
            self._queue[:0] = batch
            self._queued += sum(len(waiting.arrivals) for waiting in batch)
            self.wake()
            raise
        else:
            for waiting in batch:
                _accept(waiting.done)
            self._count(stored, repeated)
        finally:
            if batch:
                self._batch = []
                if self._queue:
                    self._call()

    def _lose_patience(self) -> None:
        """One alarm for all: it refuses whose time is over, and rings again for the next. All wait in the order they came."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._alarm = None
        for waiting in chain(self._batch, self._queue):
            if waiting.until > now:
                self._alarm = loop.call_at(waiting.until, self._lose_patience)
                return
            _refuse(waiting.done)

    async def _run(self) -> None:
        while not (self._stopping and not self._queue):
            await self._wake.wait()
            self._wake.clear()
            while self._queue and not self._batch:
                self._batch = self._take()
                try:
                    await self._store_batch(self._batch)
                finally:
                    for waiting in self._batch:
                        _refuse(waiting.done)
                    self._batch = []

    def _take(self) -> list[_Waiting]:
        if self._queued <= BATCH:
            batch, self._queue, self._queued = self._queue, [], 0
            return batch
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
        """Accept what could be stored; the rest is for the caller to refuse."""
        arrivals = [arrival for waiting in batch for arrival in waiting.arrivals]
        try:
            await self._write(arrivals)
        except Exception as error:
            if len(batch) > 1 and await self._answers():
                for waiting in batch:  # one of them may be the reason: the others shall not suffer for it
                    await self._store_batch([waiting])
                return
            log.exception("intake_failed", events=len(arrivals))
            if len(arrivals) > 1 and not is_passing(error):
                await self._salvage(arrivals)
        else:
            for waiting in batch:
                _accept(waiting.done)
            self._on_stored()

    async def _salvage(self, arrivals: Sequence[Arrival]) -> None:
        """Store what can be of a body that is refused, half by half: Meta repeats it, and nobody waits for his neighbour."""
        middle = len(arrivals) // 2
        for half in (arrivals[:middle], arrivals[middle:]):
            try:
                await self._write(half)
            except Exception as error:  # noqa: BLE001 - logged whole when the body was refused
                if is_passing(error):
                    return
                if len(half) > 1:
                    await self._salvage(half)
                else:
                    log.error("event_not_stored", kind=half[0].kind, error=type(error).__name__)  # noqa: TRY400 - as above
            else:
                self._on_stored()

    async def _write(self, arrivals: Sequence[Arrival]) -> None:
        rows = self._rows(arrivals)
        [stored] = await self._database.write([(inbox.ACCEPT, rows)])
        self._count(stored, len(rows) - stored)

    def _rows(self, arrivals: Sequence[Arrival]) -> list[tuple[object, ...]]:
        return inbox.rows(arrivals, store_id=self._store.id, salt=self._store.salt, now=self._clock.now())

    def _count(self, stored: int, repeated: int) -> None:
        self._metrics.accepted.inc(stored)
        self._metrics.repeated.inc(repeated)

    async def _answers(self) -> bool:
        try:
            return await self._database.answers()
        except UNAVAILABLE:
            return False


def _accept(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _refuse(done: asyncio.Future[None]) -> None:
    """Unless it has been accepted, or nobody waits any more."""
    if not done.done():
        done.set_exception(Full())
