"""The scheduler's jobs: each looks at rows and does what is due. Any of them may run in any process, or twice."""

from datetime import timedelta

import structlog

from bot.clock import Clock, Ids
from bot.whatsapp import templates as whatsapp_templates
from bot.whatsapp.client import Client, GraphError
from flows.settings import Settings
from flows.store import Store
from flows.templates import definitions
from models import inbox, outbox, sending, stores, timers, undo
from models import templates as template_rows
from models.database import Database
from models.work import Work

log = structlog.get_logger()

BATCH = 500
"""Rows a job takes at once: it shares the database with the door."""


class Jobs:
    """`run_once` of every job; `ring` wakes whoever handles what rang."""

    def __init__(
        self, database: Database, store: Store, *, clock: Clock, ids: Ids, client: Client, account: str, push: bool
    ) -> None:
        self._database, self._store, self._clock, self._ids = database, store, clock, ids
        self._client, self._account, self._push = client, account, push

    async def ring_timers(self) -> bool:
        """Due timers become events in the inbox, in the transaction that marks them as rung."""
        async with self._database.transaction() as connection:
            work = Work(connection, store=self._store, now=self._clock.now(), ids=self._ids)
            rung = await timers.claim_due(connection, work.now, BATCH)
            for arrival in timers.arrivals(rung):
                inbox.accept(work, arrival)
            await work.flush()
        return bool(rung)

    async def mind_the_outbox(self) -> bool:
        """Attempts whose worker is gone become unknown; what waited for a window that is open now goes on."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            lapsed = await sending.expire_leases(connection, now)
            released = await sending.release(connection, now)
        if lapsed:
            log.warning("leases_expired", messages=lapsed)
        return bool(lapsed or released)

    async def look_at_templates(self) -> bool:
        """Ask Meta what became of our templates. In the sandbox, where nobody else would, push them first."""
        try:
            if self._push:
                await whatsapp_templates.push(self._client, self._account, definitions(self._store))
            found = await whatsapp_templates.listing(self._client, self._account)
        except GraphError as error:
            log.warning("templates_not_listed", code=error.code, http_status=error.http_status)
            return False
        async with self._database.transaction() as connection:
            await template_rows.keep_all(
                connection, self._store.id, [(t.name, t.language, t.status) for t in found], self._clock.now()
            )
        return True

    async def forget(self) -> bool:
        """Empty what is older than the store's `retention`: payloads of events, words of messages."""
        async with self._database.transaction() as connection:
            store = await stores.find_first(connection)
            retention: timedelta = Settings(store.settings if store else {}).get("retention")
            if not retention:
                return False
            before = self._clock.now() - retention
            events = await inbox.forget(connection, before, BATCH)
            words = await outbox.forget(connection, before, BATCH)
            await undo.forget(connection, self._clock.now())
        if events or words:
            log.info("payloads_forgotten", events=events, messages=words)
        return bool(events or words)
