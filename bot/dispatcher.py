"""Inbox → handlers: each contact's events in order, many contacts per commit, one unit of work around them all.

A handler that raises loses its own part and nothing else. If the batch cannot be written, every event runs alone, so that
only the guilty one fails. What is wrong with the database itself is nobody's attempt: it is tried again until it works.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.along import Neighbour
from bot.clock import Clock, Ids
from bot.loop import Loop
from bot.metrics import Metrics
from bot.payments import answers, registry
from bot.whatsapp import parse
from flows import alerts, limits, menu
from flows.flood import Patience
from flows.inbound import (
    AccountNotice,
    Cart,
    IdentityChange,
    Message,
    PaymentConfiguration,
    Reaction,
    Revision,
    StatusReport,
    TemplateUpdate,
)
from flows.payments import Answered, Reported
from flows.store import Store
from flows.window import opened_at
from handlers import account, payments, routes, timers
from handlers.reports import on_reports
from handlers.turn import Turn, tell_staff
from models import catalog, contacts, inbox, orders, outbox, questions, staff
from models.database import REFUSED, UNAVAILABLE, Database, is_passing
from models.engines import Connection
from models.inbox import DEAD, POSTPONED, STATUS_LANE, Event
from models.work import Conflict, Work

log = structlog.get_logger()

INTELLIGIBLE = ("message", "status", "template", "account", "errors", "payment")
"""Kinds that somebody acts on; all others are kept and ignored with their kind as the reason."""

ENDS_THE_BATCH: tuple[type[BaseException], ...] = (Conflict, *REFUSED, *UNAVAILABLE)
"""From a handler these say nothing about its event yet, and after them Postgres takes no more in this transaction."""

UNANSWERED = (Reaction, Revision, IdentityChange)
"""Nobody waits for an answer to these."""

FLOOD = "flood"
"""Why somebody who wrote too fast got no answer, or only a later one."""

Reading = parse.Reading | Answered
Claim = Callable[[Connection, datetime], Awaitable[list[Event]]]
Outcomes = list[tuple[Event, str]]


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
        incoming: Neighbour,
        outgoing: Neighbour,
        on_calls: Callable[[], None],
    ) -> None:
        super().__init__(clock, tick=tick)
        self._database, self._store = database, store
        self._ids, self._metrics = ids, metrics
        self._catalog_id = catalog_id
        self._incoming, self._outgoing, self._on_calls = incoming, outgoing, on_calls
        self._looked_at = clock.now()
        self._fits = limits.BATCH_SIZE
        """Events that can be handled in one batch's time, as far as the last ones tell: more would be loaded for nothing."""

    async def run_once(self) -> bool:
        """Handle one batch of what is due; False when nothing was."""
        events = await self._run_batch(self._claim_any)
        if events and events[0].ordering_key == STATUS_LANE:
            has_more = not self.is_dry
            await self._run_batch(self._claim_lanes)
            self.is_dry &= not has_more
        return bool(events)

    async def stop(self) -> None:
        await super().stop()
        self._incoming.wake()  # from now on nothing comes along with us

    async def _run_batch(self, claim: Claim) -> list[Event]:
        """One batch in one transaction; if that fails, each of its events in one of its own. Returns what was claimed."""
        events: list[Event] = []
        outcomes: Outcomes = []
        self.is_dry = False
        room = min(self._fits, limits.BATCH_EVENTS)  # no claim leaves anything out before it has as many
        try:
            async with (
                self._incoming.along() as bring,
                self._outgoing.along() as carry,
                self._database.transaction() as connection,
            ):
                await bring(connection)
                self._looked_at = self._clock.now()
                if events := await claim(connection, self._looked_at):
                    work, outcomes = await self._handle_batch(connection, events)
                self.is_dry = len(events) == len(outcomes) < room
                if self.is_dry:
                    self.next_due = await inbox.next_due(connection, self._looked_at)
                if events:
                    await carry(connection)
        except Exception as error:  # noqa: BLE001 - raised again below unless one of the events may be to blame
            self.is_dry, self._is_detained = False, True
            try:
                await self._explain(error, events)
                await self._run_alone(events)
            finally:
                self._is_detained = False
            self._outgoing.wake()
        else:
            if events:
                self._count(work, outcomes)
        return events

    async def _claim_any(self, connection: Connection, now: datetime) -> list[Event]:
        return await inbox.claim_statuses(connection, now) or await self._claim_lanes(connection, now)

    async def _claim_lanes(self, connection: Connection, now: datetime) -> list[Event]:
        return await inbox.claim(connection, now, self._fits)

    async def _explain(self, error: Exception, events: Sequence[Event]) -> None:
        """Raise again what is not about these events; say what is."""
        if isinstance(error, Conflict):
            self._metrics.conflicts.inc()
            return
        if not events or not await self._answers():
            raise error
        log.warning("batch_failed", events=len(events), exc_info=error)

    async def _run_alone(self, events: Iterable[Event]) -> None:
        """Each event in a unit of work of its own, in order: whoever stands behind one that failed is not taken."""
        trouble: Exception | None = None
        for event in events:
            try:
                await self._run_one(event)
            except Exception as error:
                if not is_passing(error) or not await self._answers():
                    raise
                trouble = error
        if trouble is not None:
            raise trouble

    async def _run_one(self, event: Event) -> None:
        error: Exception
        for _ in range(limits.CONFLICT_RUNS):
            try:
                async with self._database.transaction() as connection:
                    if (claimed := await inbox.claim_one(connection, event.id)) is None:
                        return
                    work, outcomes = await self._handle_batch(connection, [claimed])
            except Conflict as conflict:
                self._metrics.conflicts.inc()
                error = conflict
            except Exception as failure:
                if is_passing(failure) or not await self._answers():
                    raise
                error = failure
                break
            else:
                self._count(work, outcomes)
                return
        await self._record_failure(event, error)

    async def _record_failure(self, event: Event, error: Exception) -> None:
        """What the event asked for could not be written. If the news of that cannot either, it is buried without."""
        try:
            await self._write_failure(event, error, silent=False)
        except Exception as worse:
            if is_passing(worse) or not await self._answers():
                raise
            log.exception("burial_failed", event_id=event.id)
            await self._write_failure(event, error, silent=True)

    async def _write_failure(self, event: Event, error: Exception, *, silent: bool) -> None:
        async with self._database.transaction() as connection:
            if (claimed := await inbox.claim_one(connection, event.id)) is None:
                return
            work, reading = self._work(connection), None if silent else _read(claimed)
            await self._load(work, [reading] if isinstance(reading, Message) else [])
            outcome = self._fail(work, claimed, reading, error=error, silent=silent)
            await outbox.write_alerts(work)
            await work.flush()
        self._count(work, [(claimed, outcome)])

    async def _handle_batch(self, connection: Connection, events: Sequence[Event]) -> tuple[Work, Outcomes]:
        """Handle as many as there is time for, and write it all."""
        work = self._work(connection)
        handle = self._settle_statuses if events[0].ordering_key == STATUS_LANE else self._handle_lanes
        outcomes = await handle(work, events)
        await outbox.write_alerts(work)
        await work.flush()
        return work, outcomes

    async def _settle_statuses(self, work: Work, events: Sequence[Event]) -> Outcomes:
        await self._load(work, [])
        readings = [(event, _read(event)) for event in events]
        outcomes = await on_reports(work, [(e, r) for e, r in readings if isinstance(r, StatusReport)])
        unread = [event for event, reading in readings if not isinstance(reading, StatusReport)]
        return [*outcomes, *((event, inbox.ignore(work, event, "unreadable")) for event in unread)]

    async def _handle_lanes(self, work: Work, events: Sequence[Event]) -> Outcomes:
        """Each lane in order, until there is no time left: the rest is for the next batch."""
        stops_reading = self._clock.monotonic() + limits.BATCH_TIME.total_seconds() / 2
        lanes: dict[str, list[tuple[Event, Reading | None]]] = {}
        messages = []
        for event in events:
            reading = _read(event)
            lanes.setdefault(event.ordering_key, []).append((event, reading))
            if isinstance(reading, Message):
                messages.append(reading)
            if self._clock.monotonic() > stops_reading:
                break
        await self._load(work, messages)
        closes = self._clock.monotonic() + limits.BATCH_TIME.total_seconds()
        outcomes: Outcomes = []
        for lane in lanes.values():
            for event, reading in lane:
                outcomes.append((event, await self._attempt(work, event, reading)))
                if outcomes[-1][1] == POSTPONED:
                    break
            if self._clock.monotonic() > closes:
                break
        is_cut = len(outcomes) < len(events)
        self._fits = max(len(outcomes), 1) if is_cut else min(2 * self._fits, limits.BATCH_SIZE)
        return outcomes

    async def _attempt(self, work: Work, event: Event, reading: Reading | None) -> str:
        """Handle one event; what it did before it raised is taken back."""
        mark = work.mark()
        try:
            return await self._handle(work, event, reading)
        except ENDS_THE_BATCH:
            raise
        except Exception as error:  # noqa: BLE001 - logged, counted and told by `_fail`
            work.take_back(mark)
            return self._fail(work, event, reading, error=error)

    async def _handle(self, work: Work, event: Event, reading: Reading | None) -> str:
        match reading:
            case Message():
                return await self._handle_message(work, event, reading)
            case TemplateUpdate():
                await account.on_template(work, reading)
            case AccountNotice():
                await account.on_notice(work, reading)
            case PaymentConfiguration():
                await account.on_configuration(work, reading)
            case Reported():
                await payments.on_reported(work, event, reading)
            case Answered():
                await payments.on_answered(work, event, reading)
            case _ if event.kind.startswith("timer."):
                await routes.TIMERS[event.kind.removeprefix("timer.")](work, event, inbox.subject(event))
            case _:
                unread = event.kind in INTELLIGIBLE
                return inbox.ignore(work, event, "unreadable" if unread else event.kind.removeprefix("ignored."))
        return inbox.finish(work, event)

    async def _handle_message(self, work: Work, event: Event, message: Message) -> str:
        contact = contacts.recognise(work, message.sender)
        sent_at = opened_at(message.sent_at, event.received_at)
        if not isinstance(message.content, IdentityChange):  # WhatsApp's own word, which opens no window
            contact = contacts.heard_from(work, contact, sent_at)
        member = staff.find(work, contact.id)
        patience = Patience.PATIENT
        if member is None:
            contact, patience = contacts.weigh(work, contact, event.received_at)
        turn = Turn(work, event, message, contact, member, sent_at, self._catalog_id, patience)
        mark = work.mark()
        await routes.find(message, member)(turn)
        if not turn.is_flood:
            return inbox.finish(work, event)
        if patience is Patience.LOST:
            turn.say_slower()
        is_skipped = work.mark() == mark
        return inbox.ignore(work, event, FLOOD) if is_skipped else inbox.finish(work, event, reason=FLOOD)

    def _fail(
        self, work: Work, event: Event, reading: Reading | None, *, error: Exception, silent: bool = False
    ) -> str:
        """Try again later; after the last attempt bury it, and unless `silent` tell staff and whoever waits for an answer."""
        attempt = event.attempts + 1
        log.error("event_failed", event_id=event.id, kind=event.kind, attempt=attempt, exc_info=error)
        if attempt < limits.ATTEMPTS:
            return inbox.postpone(work, event, attempts=attempt, delay=limits.ATTEMPT_DELAYS[attempt - 1])
        reason = type(error).__name__
        if not silent:
            who = self._apologise(work, event, reading) if isinstance(reading, Message) else "Meta"
            tell_staff(work, alerts.buried(self._store, kind=event.kind, who=who, reason=reason))
        timers.remind_of(work, event)
        return inbox.bury(work, event, reason)

    def _apologise(self, work: Work, event: Event, message: Message) -> str | None:
        """Say sorry, the first time and to somebody who waits for an answer. Returns who that is."""
        mark = work.mark()
        try:
            contact = contacts.recognise(work, message.sender)
            if event.attempts < limits.ATTEMPTS and not isinstance(message.content, UNANSWERED):
                outbox.say(work, contact.id, menu.sorry(contact.language or self._store.language), cause=event.id)
        except Exception:
            work.take_back(mark)
            log.exception("apology_failed", event_id=event.id)
            return message.sender.name
        return contact.name

    async def _load(self, work: Work, messages: Sequence[Message]) -> None:
        """Everything that these messages name, in one hop to the database."""
        names = {name for message in messages for name in contacts.named_in(message)}
        carts = [message.content for message in messages if isinstance(message.content, Cart)]
        skus = {line.retailer_id for cart in carts for line in cart.lines}
        store_id = self._store.id
        people, members, open_orders, asked, *rest = await work.connection.fetch(
            contacts.load(names, store_id), staff.LIST(store_id=store_id), orders.load(names, store_id),
            questions.load(names, store_id), *([orders.load_counter(store_id)] if carts else []),
            *catalog.load(skus, store_id, head=len(carts) < len(messages)),
        )  # fmt: skip
        if carts:
            orders.counter_loaded(work, rest.pop(0))
        contacts.loaded(work, people)
        staff.loaded(work, members)
        orders.loaded(work, open_orders)
        questions.loaded(work, asked)
        catalog.loaded(work, skus, *rest)

    async def _answers(self) -> bool:
        """Whether the database works: if it does not, no event is to blame for anything."""
        try:
            return await self._database.answers()
        except Exception:
            log.exception("database_away")
            return False

    def _work(self, connection: Connection) -> Work:
        return Work(connection, store=self._store, now=self._clock.now(), ids=self._ids)

    def _count(self, work: Work, outcomes: Outcomes) -> None:
        """What has been written is counted, and whoever has to do with it is woken."""
        if work.has_calls:
            self._on_calls()
        self._metrics.late_loads.inc(work.late_loads)
        for event, outcome in outcomes:
            self._metrics.events.labels(event.kind.split(".")[0], outcome).inc()
            if outcome == DEAD:
                log.error("event_buried", event_id=event.id, kind=event.kind)


def _read(event: Event) -> Reading | None:
    if event.kind in INTELLIGIBLE:
        return parse.read(event.kind, event.payload)
    if event.kind == answers.KIND:
        return answers.read(event.payload)
    return registry.read(event.kind, event.payload)
