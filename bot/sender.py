"""Outbox → WhatsApp: the 24-hour window, pacing, retries and the ambiguous-send protocol (docs/life-of-a-message.md).

Every attempt is on disk before its first byte leaves. Answers are written in batches: whatever came back while the last
commit ran shares the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import get_args

import structlog

from bot import settling
from bot.along import Act
from bot.clock import Clock, Ids
from bot.loop import Loop
from bot.metrics import Metrics
from bot.settling import Answer, Judgement
from bot.tasks import spawn, stop
from bot.whatsapp import wire
from bot.whatsapp.client import TOTAL_S, Accepted, Client, Outcome, Refused
from flows import alerts, limits
from flows.errors import TOKEN_CODES, Verdict
from flows.messages import Message
from flows.pacing import Pace, number_pace
from flows.settings import Settings
from flows.store import Store
from handlers.turn import tell_staff
from models import contacts, outbox, sending, staff, templates
from models.database import Database
from models.engines import Connection
from models.outbox import Outbound
from models.sending import Claim, Ended, Recipient
from models.work import Conflict, Work

log = structlog.get_logger()

ATTEMPT = timedelta(seconds=TOTAL_S)
"""How long one takes at most: it begins only while the lease lasts longer."""
IN_FLIGHT = 64
"""Requests at once: at 100 ms an answer they carry far more than Meta allows a number in a second."""


@dataclass(slots=True)
class _Freight:
    """What one transaction does for the sender, from the moment `at`: the answers it writes, the attempts it marks."""

    at: datetime | None = None
    answers: Sequence[Answer] = ()
    claim: Claim = field(default_factory=Claim)


class Sender(Loop):
    """Runs in one task, with a task for each request in flight."""

    name = "sender"

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        client: Client,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        tick: timedelta,
    ) -> None:
        super().__init__(clock, tick=tick)
        self._database, self._store, self._client = database, store, client
        self._ids, self._metrics = ids, metrics
        self._counters = {kind: metrics.sends.labels(kind.__name__.lower()) for kind in get_args(Outcome)}
        self._in_flight: set[asyncio.Task[None]] = set()
        self._answers: list[Answer] = []
        self._carriers, self._is_put_off = 0, False
        """Transactions of others under way that do what there is to do, and whether we left it to them."""

    async def run_once(self) -> bool:
        """Write the answers that came, take what is due and start to send it; False when there was nothing to do."""
        self.is_dry = False
        if self._has_refusals:
            return await self._settle()
        self._is_put_off = self._carriers > 0
        if self._is_put_off:
            return False
        try:
            async with self._loading() as freight, self._database.transaction() as connection:
                await self._load(freight, connection)
        except Conflict:
            self._metrics.conflicts.inc()
            return True
        except BaseException:
            await self._settle()  # whatever the claim failed of
            raise
        return freight.claim.moved > 0 or bool(freight.answers)

    @asynccontextmanager
    async def along(self) -> AsyncIterator[Act]:
        """What somebody else's transaction says is marked as attempted in it, and leaves with its commit.

        Only where one process writes: elsewhere the claim would hold the number until that transaction ends.
        """
        due_before, is_done, has_more = self.next_due, False, False
        self._carriers += 1
        try:
            async with self._loading() as freight:
                yield partial(self._load, freight)
            is_done = freight.at is not None
            has_more = freight.claim.moved > 0 and not self.is_dry
        finally:
            self._carriers -= 1
            is_sooner = self.next_due is not None and (due_before is None or self.next_due < due_before)
            if self._answers or is_sooner or has_more or (self._is_put_off and not is_done):
                self.wake()

    @asynccontextmanager
    async def _loading(self) -> AsyncIterator[_Freight]:
        """Around a transaction: what it claims is sent once that is on disk. If it fails, its answers are kept."""
        freight = _Freight()
        try:
            yield freight
        except BaseException:
            self._answers[:0] = freight.answers
            raise
        for row, recipient in freight.claim.sends:
            assert freight.at is not None
            form = settling.form(row, recipient, freight.at)
            task = spawn(self._send(row, recipient, form, since=freight.at), name="send")
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _load(self, freight: _Freight, connection: Connection) -> None:
        """Acceptances share the transaction of the claim. What Meta refused is written on its own: telling staff takes
        locks that a claim may not wait for.
        """
        if self._has_refusals:
            return
        freight.at = self._clock.now()
        freight.answers, self._answers = self._answers, []
        if freight.answers:
            await self._write_judgements(connection, freight.answers)
        freight.claim = await self._claim(connection, freight.at)

    @property
    def _has_refusals(self) -> bool:
        return any(not isinstance(answer.outcome, Accepted) for answer in self._answers)

    async def idle(self) -> None:
        """Wait until no request is in flight. Their answers are still to be written."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    @property
    def is_idle(self) -> bool:
        return not self._in_flight and not self._answers

    async def stop(self) -> None:
        """Take nothing more, let what is in flight come back for a moment, and write what came of it."""
        await super().stop()
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=limits.DRAIN.total_seconds())
        for task in list(self._in_flight):
            await stop(task)  # its row stays `sending`; the next start treats it as unknown
        while await self._settle():
            pass

    async def _claim(self, connection: Connection, now: datetime) -> Claim:
        room = IN_FLIGHT - len(self._in_flight)
        claim = Claim()
        if room > 0:
            claim = await sending.claim(
                connection, store_id=self._store.id, now=now, limit=room, pace=_pace,
                choose=lambda row, recipient, states: settling.unsent(row, recipient, now, states),
            )  # fmt: skip
            if missed := [ended for ended in claim.ended if ended.row.is_missed]:
                await self._tell_of_ended(connection, missed)
        self.is_dry = claim.is_all
        if self.is_dry or not claim.moved:
            self.next_due = await sending.next_due(connection, self._store.id, _pace, after=now, number=claim.number)
        return claim

    async def _send(self, row: Outbound, recipient: Recipient, form: Message, *, since: datetime) -> None:
        """A process that was stopped since it claimed the row does not send it late: somebody else may have by now."""
        body = wire.payload(form, wa_id=recipient.wa_id, bsuid=recipient.bsuid, token=row.token)
        begins_by = since + sending.LEASE - ATTEMPT
        outcome = await self._client.send(body, may_begin=lambda: self._clock.now() < begins_by)
        self._counters[type(outcome)].inc()
        if isinstance(outcome, Accepted):
            self._metrics.reply.observe((self._clock.now() - row.created_at).total_seconds())
        else:
            code = outcome.code if isinstance(outcome, Refused) else None
            log.warning("send_failed", message=row.id, outcome=type(outcome).__name__, code=code)
        self._answers.append(Answer(row, recipient, form, outcome))
        self.wake()

    async def _settle(self) -> bool:
        """Write what came of the attempts that were answered since the last time."""
        if not self._answers:
            return False
        answers, self._answers = self._answers, []
        try:
            async with self._database.transaction() as connection:
                await self._write_judgements(connection, answers)
        except BaseException as error:
            self._answers[:0] = answers  # what Meta said must not be forgotten
            if not isinstance(error, Conflict):
                raise
            self._metrics.conflicts.inc()  # a status came in between: again, on what is true now
        return True

    async def _write_judgements(self, connection: Connection, answers: Sequence[Answer]) -> None:
        now = self._clock.now()
        judgements = [settling.judge(answer, now) for answer in answers]
        await sending.settle(connection, self._store.id, [j.settlement for j in judgements], now=now)
        if learnt := [j.template for j in judgements if j.template is not None]:
            await templates.keep_all(connection, self._store.id, learnt, now)
        if any(j.is_lost or j.instead is not None for j in judgements):
            await self._tell_of_refused(connection, judgements)
        if stopping := next((j for j in judgements if j.stops_number), None):
            await self._pause(connection, stopping)

    async def _pause(self, connection: Connection, judgement: Judgement) -> None:
        """Everything waits; staff hear of each reason once, as soon as anything can be sent again."""
        assert judgement.verdict is not None
        number, now = await sending.get_number(connection, self._store.id), self._clock.now()
        code = judgement.settlement.error_code
        if number.paused_until is None or number.paused_until <= now:  # else it was on its way when the pause began
            delay = judgement.verdict.delay(number.pauses + 1) or limits.PAUSE
            log.error("sending_paused", code=code, seconds=delay.total_seconds())
            await sending.pause(connection, self._store.id, until=now + delay, code=code)
        if judgement.verdict.alert and (number.pauses == 0 or number.pause_code != code):
            work = await self._work(connection)
            tell_staff(work, self._reason(code, judgement.verdict))
            await self._write(work)

    def _reason(self, code: int | None, verdict: Verdict) -> str:
        if code in TOKEN_CODES:
            return alerts.token_refused(self._store, code=code)
        return alerts.account_stopped(self._store, code=code, reason=verdict.sentence)

    async def _tell_of_ended(self, connection: Connection, missed: Sequence[Ended]) -> None:
        """What ended without an answer of Meta's that says why."""
        work = await self._work(connection)
        for ended in missed:
            contact = await contacts.get(work, ended.row.contact_id)
            if ended.state == "failed":
                news = alerts.send_unknown(self._store, who=contact.name)
            else:
                news = alerts.never_sent(self._store, who=contact.name, expired=ended.state == "expired")
            tell_staff(work, news, but=contact.id)
        await self._write(work)

    async def _tell_of_refused(self, connection: Connection, judgements: Sequence[Judgement]) -> None:
        """Staff learn what will not arrive; what can be said in another form is said again."""
        work = await self._work(connection)
        for judgement in judgements:
            row, verdict = judgement.settlement.row, judgement.verdict
            if verdict is None:
                continue
            contact = await contacts.get(work, row.contact_id)
            if judgement.instead is not None:
                outbox.say_again(work, row, judgement.instead)
                if verdict.alert:
                    news = alerts.sent_otherwise(self._store, who=contact.name, reason=verdict.sentence)
                    tell_staff(work, news, but=contact.id)
            elif judgement.is_lost:
                news = alerts.send_failed(self._store, who=contact.name, reason=verdict.sentence)
                tell_staff(work, news, but=contact.id)
        await self._write(work)

    async def _work(self, connection: Connection) -> Work:
        work = Work(connection, store=self._store, now=self._clock.now(), ids=self._ids)
        [rows] = await connection.fetch(staff.LIST(store_id=self._store.id))
        staff.loaded(work, rows)
        return work

    async def _write(self, work: Work) -> None:
        await outbox.write_alerts(work)
        await work.flush()


def _pace(settings: Mapping[str, str]) -> Pace | None:
    return number_pace(Settings(settings).get("pace.number"))
