"""Calls that are due → providers → events. Nothing is locked while a provider thinks, and what it said goes through the inbox."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from bot.clock import Clock, Ids
from bot.loop import Loop
from bot.payments import answers
from bot.payments.provider import Provider, Unavailable
from bot.tasks import spawn
from flows.payments import Answer, Call
from flows.store import Store
from models import calls, inbox
from models.database import Database
from models.work import Work

log = structlog.get_logger()

PATIENCE = timedelta(minutes=30)
"""A call that nobody has answered by then is given up, and the shop is told."""
PAUSES_S = (1, 5, 15, 60, 180)
TOTAL_S = 30.0
"""Shorter than a call's lease."""


class Caller(Loop):
    """Runs in one task; on Postgres any number of processes may each run one."""

    name = "caller"

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        providers: Mapping[str, Provider],
        clock: Clock,
        ids: Ids,
        tick: timedelta,
        on_answers: Callable[[], None],
    ) -> None:
        super().__init__(clock, tick=tick)
        self._database, self._store, self._ids = database, store, ids
        self._providers = providers
        self._on_answers = on_answers

    async def run_once(self) -> bool:
        """Make the calls that are due, beside one another; False when none was."""
        async with self._database.transaction() as connection:
            due = await calls.claim(connection, self._clock.now())
            self.next_due = await calls.next_due(connection)
        if due:
            await asyncio.gather(*(spawn(self._make(call), name=f"call-{call.id}") for call in due))
            self._on_answers()
        return bool(due)

    async def _make(self, call: Call) -> None:
        provider = self._providers.get(call.provider)
        try:
            if provider is None:
                answer = Answer(fault="not_connected")
            else:
                async with asyncio.timeout(TOTAL_S):
                    answer = await provider.perform(call)
        except Exception as error:  # what an adapter did not foresee was no answer either
            is_foreseen = isinstance(error, Unavailable | TimeoutError)
            log.warning(
                "provider_silent", provider=call.provider, call=call.kind, attempt=call.attempts, reason=str(error),
                exc_info=None if is_foreseen else error,
            )  # fmt: skip
            if call.attempts * TOTAL_S < PATIENCE.total_seconds() and call.attempts <= 2 * len(PAUSES_S):
                pause = PAUSES_S[min(call.attempts, len(PAUSES_S)) - 1]
                async with self._database.transaction() as connection:
                    due_at = self._clock.now() + timedelta(seconds=pause)
                    await calls.postpone(connection, call, due_at, reason=type(error).__name__)
                return
            answer = Answer(fault="silent")
        await self._keep(call, answer)

    async def _keep(self, call: Call, answer: Answer) -> None:
        """The answer is an event like any other, in the transaction that settles the call."""
        async with self._database.transaction() as connection:
            now = self._clock.now()
            if await calls.settle(connection, call, now, fault=answer.fault):
                work = Work(connection, store=self._store, now=now, ids=self._ids)
                inbox.accept(work, answers.arrival(call, answer))
                await work.flush()
