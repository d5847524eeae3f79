"""Inbox → handlers: each contact's events in order, many contacts per commit, one unit of work around them all.

A handler that raises loses its own part and nothing else. If the batch cannot be written, every event runs alone, so that
only the guilty one fails.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock, Ids
from bot.loop import Loop
from bot.metrics import Metrics
from bot.whatsapp import parse
from flows import alerts, limits, menu
from flows.errors import classify
from flows.inbound import AccountNotice, Message, Sender, StatusReport, TemplateUpdate
from flows.store import Store
from flows.window import opened_at
from handlers import account, routes, timers
from handlers.reports import Report, on_reports
from handlers.turn import Turn, tell_staff
from models import contacts, inbox, outbox, staff
from models import timers as timer_rows
from models.database import REFUSED, UNAVAILABLE, Database
from models.engines import Connection
from models.inbox import STATUS_LANE, Event
from models.work import Conflict, Work

log = structlog.get_logger()

INTELLIGIBLE = ("message", "status", "template", "account", "errors")
"""Kinds that somebody acts on; all others are kept and ignored with their kind as the reason."""


NOT_THE_EVENTS_FAULT: tuple[type[BaseException], ...] = (Conflict, *UNAVAILABLE)
"""Ends the batch instead of counting as an attempt of one event."""


class Dispatcher(Loop):
    """Runs in one task; on Postgres any number of processes may each run one."""

    name = "dispatcher"

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        catalog_id: str | None,
        tick: timedelta,
        on_words: Callable[[], None],
    ) -> None:
        super().__init__(clock, tick=tick)
        self._database, self._store = database, store
        self._ids, self._metrics = ids, metrics
        self._catalog_id = catalog_id
        self._on_words = on_words

    async def run_once(self) -> bool:
        """Handle one batch of what is due; False when nothing was."""
        return await self._run_statuses() | await self._run_lanes()

    async def _run_lanes(self) -> bool:
        events: list[Event] = []
        try:
            async with self._database.transaction() as connection:
                lanes = await inbox.claim(connection, self._clock.now())
                events = [event for lane in lanes for event in lane]
                if events:
                    work = await self._handle_lanes(connection, lanes)
            if events:
                self._count(work)
        except Conflict:
            self._metrics.conflicts.inc()
            await self._run_alone(events)
        except (*REFUSED, *UNAVAILABLE):
            if not await self._answers():
                raise
            await self._run_alone(events)
        if events:
            self._on_words()
        return bool(events)

    async def _run_statuses(self) -> bool:
        events: list[Event] = []
        try:
            async with self._database.transaction() as connection:
                events = await inbox.claim_statuses(connection, self._clock.now())
                if events:
                    work = self._work(connection)
                    await self._settle_reports(work, events)
                    await self._load_staff(work)
                    await outbox.write_alerts(work)
                    await work.flush()
        except Conflict:
            self._metrics.conflicts.inc()
            await self._run_alone(events)
        if events:
            self._on_words()
        return bool(events)

    async def _handle_lanes(self, connection: Connection, lanes: Sequence[Sequence[Event]]) -> Work:
        work = self._work(connection)
        readings = {event.id: _read(event) for lane in lanes for event in lane}
        await self._load(work, [r.sender for r in readings.values() if isinstance(r, Message)])
        closes = self._clock.monotonic() + limits.BATCH_TIME.total_seconds()
        outcomes: list[tuple[Event, str]] = []
        for lane in lanes:
            for event in lane:
                outcome = await self._attempt(work, event, readings[event.id])
                outcomes.append((event, outcome))
                if outcome == "postponed":
                    break
            if self._clock.monotonic() > closes:
                break
        await outbox.write_alerts(work)
        await work.flush()
        for event, outcome in outcomes:
            self._metrics.events.labels(event.kind.split(".")[0], outcome).inc()
        return work

    async def _attempt(self, work: Work, event: Event, reading: parse.Reading | None) -> str:
        """Handle one event; what it did before it raised is taken back."""
        mark = work.mark()
        try:
            outcome = await self._handle(work, event, reading)
        except NOT_THE_EVENTS_FAULT:
            raise
        except Exception as error:
            work.take_back(mark)
            log.exception("event_failed", event=event.id, kind=event.kind, attempt=event.attempts + 1)
            return await self._fail(work, event, reading, error)
        return outcome

    async def _handle(self, work: Work, event: Event, reading: parse.Reading | None) -> str:
        match reading:
            case Message():
                await self._handle_message(work, event, reading)
            case TemplateUpdate():
                await account.on_template(work, reading)
            case AccountNotice():
                await account.on_notice(work, reading)
            case StatusReport():
                await self._settle_reports(work, [event])
                return "done"
            case None if event.kind.startswith("timer."):
                await routes.TIMERS[event.kind.removeprefix("timer.")](work, inbox.subject(event))
            case None:
                inbox.ignore(work, event, event.kind.removeprefix("ignored."))
                return "ignored"
        inbox.finish(work, event)
        return "done"

    async def _handle_message(self, work: Work, event: Event, message: Message) -> None:
        contact = contacts.recognise(work, message.sender)
        sent_at = opened_at(message.sent_at, event.received_at)
        contact = contacts.heard_from(work, contact, sent_at)
        member = staff.find(work, contact.id)
        turn = Turn(work, event, message, contact, member, sent_at, self._catalog_id)
        await routes.find(message, member)(turn)

    async def _settle_reports(self, work: Work, events: Sequence[Event]) -> None:
        reports = []
        for event in events:
            status = _read(event)
            if isinstance(status, StatusReport):
                failed = status.status == "failed"
                reports.append(Report(event, status, classify(status.error_code, 200) if failed else None))
            else:
                inbox.ignore(work, event, "unreadable")
        if reports:
            await on_reports(work, reports)

    async def _fail(self, work: Work, event: Event, reading: parse.Reading | None, error: Exception) -> str:
        """Try again later; after the last attempt bury it, tell staff, and say sorry to whoever waits for an answer."""
        attempts = event.attempts + 1
        if attempts < limits.ATTEMPTS:
            inbox.postpone(work, event, attempts=attempts, delay=limits.ATTEMPT_DELAYS[attempts - 1])
            return "postponed"
        log.error("event_buried", event=event.id, kind=event.kind)
        who = "Meta"
        mark = work.mark()
        try:
            if isinstance(reading, Message):
                contact = contacts.recognise(work, reading.sender)
                who = contact.name or "somebody without a name"
                outbox.say(work, contact.id, menu.sorry(contact.language or self._store.language), cause=event.id)
        except Exception:
            work.take_back(mark)
            log.exception("apology_failed", event=event.id)
        inbox.bury(work, event, type(error).__name__)
        tell_staff(work, alerts.buried(self._store, kind=event.kind, who=who, reason=type(error).__name__))
        timer_rows.start(work, kind=timers.BURIED, subject=str(event.id), due_at=work.now + limits.BURIED_REMINDER)
        return "dead"

    async def _run_alone(self, events: Sequence[Event]) -> None:
        """Each event in a unit of work of its own: the lanes are in order still, and a lane that fails waits."""
        waiting: set[str] = set()
        for event in events:
            if event.ordering_key not in waiting and not await self._run_one(event):
                waiting.add(event.ordering_key)

    async def _run_one(self, event: Event) -> bool:
        """Whether the event is settled (or somebody else has it)."""
        for _ in range(limits.CONFLICT_RUNS):
            try:
                async with self._database.transaction() as connection:
                    if (claimed := await inbox.claim_one(connection, event.id)) is None:
                        return True
                    if claimed.ordering_key == STATUS_LANE:
                        work = self._work(connection)
                        await self._load_staff(work)
                        await self._settle_reports(work, [claimed])
                        await outbox.write_alerts(work)
                        await work.flush()
                    else:
                        self._count(await self._handle_lanes(connection, [[claimed]]))
            except Conflict:
                self._metrics.conflicts.inc()
                continue
            except (*REFUSED, *UNAVAILABLE) as error:
                if not await self._answers():
                    raise
                return await self._record_failure(event, error)
            return True
        return await self._record_failure(event, Conflict("five times"))

    async def _record_failure(self, event: Event, error: BaseException) -> bool:
        """The database itself refused what the event asked for: that was an attempt."""
        assert isinstance(error, Exception)
        log.error("event_failed", event=event.id, kind=event.kind, attempt=event.attempts + 1, exc_info=error)
        async with self._database.transaction() as connection:
            work = self._work(connection)
            reading = _read(event)
            await self._load(work, [reading.sender] if isinstance(reading, Message) else [])
            outcome = await self._fail(work, event, reading, error)
            await outbox.write_alerts(work)
            await work.flush()
        self._metrics.events.labels(event.kind.split(".")[0], outcome).inc()
        return outcome == "dead"

    async def _load(self, work: Work, senders: Sequence[Sender]) -> None:
        names = {name for sender in senders for name in (sender.wa_id, sender.bsuid) if name}
        people, identities, rows = await work.connection.fetch(
            *contacts.load(names, self._store.id), staff.LIST(store_id=self._store.id)
        )
        contacts.loaded(work, people, identities)
        staff.loaded(work, rows)

    async def _load_staff(self, work: Work) -> None:
        [rows] = await work.connection.fetch(staff.LIST(store_id=self._store.id))
        staff.loaded(work, rows)

    async def _answers(self) -> bool:
        try:
            return await self._database.answers()
        except UNAVAILABLE:
            return False

    async def next_due(self) -> datetime | None:
        async with self._database.transaction() as connection:
            return await inbox.next_due(connection)

    def _work(self, connection: Connection) -> Work:
        return Work(connection, store=self._store, now=self._clock.now(), ids=self._ids)

    def _count(self, work: Work) -> None:
        self._metrics.late_loads.inc(work.late_loads)


def _read(event: Event) -> parse.Reading | None:
    return parse.read(event.kind, event.payload) if event.kind in INTELLIGIBLE else None
