"""`GET /calendar/{token}.ics`: a booking as whoever has its link keeps it in a calendar, always in its newest version."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web
from aiohttp.helpers import ETag

from bot.clock import Clock, Ids
from bot.documents import calendar
from flows import calendar_link
from flows.appointment import Appointment
from flows.order import Line, Order
from flows.settings import Settings
from flows.store import Store
from models import orders, stores, visits
from models.database import UNAVAILABLE, Database
from models.work import Work

GONE = "There is no such booking. Open the link exactly as it stands in the chat, or ask the shop there.\n"
LATER = "The booking cannot be read just now. Try again in a minute.\n"


@dataclass(frozen=True, slots=True)
class _Found:
    booking: Appointment
    order: Order
    lines: list[Line]
    store: Store
    location: str


class Calendars:
    """Reads and nothing else. What is no token of ours does not get as far as the database."""

    def __init__(self, database: Database, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._database, self._salt = database, store.salt
        self._clock, self._ids = clock, ids

    def routes(self) -> list[web.RouteDef]:
        return [web.get(calendar_link.PATH + "{token}.ics", self.file)]

    async def file(self, request: web.Request) -> web.Response:
        order_id = calendar_link.order_of(request.match_info["token"], self._salt)
        try:
            found = None if order_id is None else await self._find(order_id)
        except UNAVAILABLE:
            return web.Response(status=503, text=LATER, headers={"Retry-After": "60"})
        if found is None:
            return web.Response(status=404, text=GONE, headers={"Cache-Control": "no-store"})
        # The library takes a while to load, the first time.
        made = await asyncio.to_thread(
            calendar.render, found.booking, found.order, found.lines, found.store, location=found.location
        )
        # Not of the versions alone: the shop's name and place stand in it too, and change without them.
        version = sha256(made).hexdigest()[:32]
        known = any(tag.value in (version, "*") for tag in request.if_none_match or ())
        answer = web.Response(status=304) if known else web.Response(body=made)
        answer.etag = ETag(version)
        answer.headers.update({"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"})
        if not known:
            answer.headers["Content-Type"] = "text/calendar; charset=utf-8; method=PUBLISH"
            answer.headers["Content-Disposition"] = f'inline; filename="booking-{found.order.number}.ics"'
        return answer

    async def _find(self, order_id: int) -> _Found | None:
        async with self._database.transaction() as connection:
            store = await stores.find_first(connection)  # as it is set up now, not when this process began
            assert store is not None
            work = Work(connection, store=store, now=self._clock.now(), ids=self._ids)
            order = (await orders.get_all(work, [order_id])).get(order_id)
            visit = await visits.of(work, order) if order else None
            if order is None or visit is None:
                return None
            location = visit.location if visit.service else Settings(store.settings).get("booking_location") or ""
            return _Found(visit.appointment, order, await orders.lines_of(work, order), store, location)
