"""Several dispatchers on one Postgres, each held back until the one before it has taken its events, and then all at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from bot.dispatcher import Dispatcher
from bot.sandbox.demo import PEOPLE
from models import inbox
from models.inbox import Arrival
from tests.crowd import FrozenClock, crowd
from tests.world import Stage

PRIYA, RAVI = (person.wa_id for person in PEOPLE if person.role == "staff")
APART = timedelta(seconds=1)
PLENTY = 1_000_000


@dataclass(slots=True)
class Marks(FrozenClock):
    """A clock that knows when its dispatcher has claimed: it is asked for the machine's time right after."""

    claimed: asyncio.Event = field(default_factory=asyncio.Event)

    def monotonic(self) -> float:  # type: ignore[override]
        self.claimed.set()
        return 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a command, whether the order's history has it, and what its sender was answered."""

    outcome: str
    has_changed: bool
    answer: str


class Track:
    """`clash` is many races at once: what the first of each sends meets what the others send, in the database."""

    def __init__(self, world: Stage) -> None:
        self.world = world
        self.escaped: list[BaseException] = []
        self._count = 0

    @property
    def conflicts(self) -> int:
        """How often two really met."""
        return int(self.world.app.metrics.conflicts._value.get())

    def message(self, sender: str | None, content: dict[str, Any]) -> Arrival:
        self._count += 1
        at = str(int(self.world.app.clock.now().timestamp()))
        said = {"from": sender, "id": f"wamid.race.{self._count}", "timestamp": at, **content}
        return Arrival(f"m:{said['id']}", "message", f"c:{sender}", orjson.dumps({"item": said}))

    def words(self, sender: str | None, body: str) -> Arrival:
        return self.message(sender, {"type": "text", "text": {"body": body}})

    def tap(self, sender: str, choice: str) -> Arrival:
        reply = {"type": "button_reply", "button_reply": {"id": choice, "title": "-"}}
        return self.message(sender, {"type": "interactive", "interactive": reply})

    def cart(self, sender: str, *skus: str) -> Arrival:
        lines = [{"product_retailer_id": sku, "quantity": 1, "item_price": 1, "currency": "INR"} for sku in skus]
        catalog = self.world.app.whatsapp.catalog_id
        return self.message(sender, {"type": "order", "order": {"catalog_id": catalog, "product_items": lines}})

    def form(self, sender: str) -> Arrival:
        address = {"name": "Asha", "address": "12 Lake Road", "city": "Pune", "in_pin_code": "411001"}
        answer = {"name": "address_message", "response_json": orjson.dumps({"values": address}).decode()}
        return self.message(sender, {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": answer}})

    async def alone(self, *arrivals: Arrival) -> None:
        """Handled by one dispatcher, without any race."""
        await self._accept(arrivals, APART * 0)
        await self._drain()

    async def clash(self, *groups: Sequence[Arrival]) -> None:
        """Each group has a dispatcher of its own, which claims it while those before hold theirs."""
        for place, group in enumerate(groups):
            await self._accept(group, APART * place)
        running = []
        for place in range(len(groups)):
            clock = Marks(at=self.world.app.clock.now() + APART * place)
            running.append(asyncio.create_task(self._dispatcher(clock).run_once()))
            waiting = asyncio.create_task(clock.claimed.wait())
            await asyncio.wait([waiting, running[-1]], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        answers = await asyncio.gather(*running, return_exceptions=True)
        self.escaped += [answer for answer in answers if isinstance(answer, BaseException)]
        self.world.app.clock.move(APART * len(groups))
        await self._drain()

    async def customers(self, count: int) -> dict[int, str]:
        """So many people with an order of two things each, complete where the store asks nothing more: number → sender."""
        senders = [f"9177{n:08}" for n in range(count)]
        pair = ("CHAI-250", "COFFEE-500")
        await self.alone(*(self.cart(s, *(pair if n % 2 else pair[::-1])) for n, s in enumerate(senders)))
        rows = await self.world.rows(
            "SELECT o.number, i.value FROM orders o JOIN identity i ON i.contact_id = o.contact_id ORDER BY o.number"
        )
        assert len(rows) == count
        return {row["number"]: row["value"] for row in rows}

    async def said(self, sender: str | None) -> list[str]:
        rows = await self.world.rows(
            "SELECT o.message ->> 'body' AS body FROM outbox o JOIN identity i ON i.contact_id = o.contact_id"
            f" WHERE i.value = '{sender}' ORDER BY o.id"
        )
        return [row["body"] for row in rows]

    async def tried(self) -> dict[str, Tried]:
        """Every command by its arrival's source."""
        rows = await self.world.rows(
            "SELECT i.payload, a.outcome, o.message ->> 'body' AS body,"
            " EXISTS (SELECT 1 FROM order_history h WHERE h.event_id = i.id AND h.contact_id = a.contact_id) AS changed"
            " FROM inbox i JOIN audit a ON a.event_id = i.id"
            " JOIN outbox o ON o.cause_id = i.id AND o.contact_id = a.contact_id AND o.purpose = 'reply'"
        )
        return {
            f"m:{orjson.loads(row['payload'])['item']['id']}": Tried(row["outcome"], row["changed"], row["body"])
            for row in rows
        }

    async def unsettled(self) -> list[dict[str, Any]]:
        return await self.world.rows("SELECT id, kind, state, reason FROM inbox WHERE state NOT IN ('done', 'ignored')")

    async def _drain(self) -> None:
        while await self.world.app.dispatcher.run_once():
            pass

    async def _accept(self, arrivals: Sequence[Arrival], later: timedelta) -> None:
        app = self.world.app
        rows = inbox.rows(arrivals, store_id=app.store.id, salt=app.store.salt, now=app.clock.now() + later)
        await app.database.write([(inbox.ACCEPT, rows)])

    def _dispatcher(self, clock: Marks) -> Dispatcher:
        app = self.world.app
        return Dispatcher(
            app.database, app.store, clock=clock, ids=app.ids, metrics=app.metrics, catalog_id=app.whatsapp.catalog_id,
            tick=timedelta(seconds=5), incoming=app.incoming, outgoing=app.outgoing, on_calls=lambda: None,
        )  # fmt: skip


@asynccontextmanager
async def track(url: str, files: Path, **more: str) -> AsyncIterator[Track]:
    async with crowd(url, files, **more) as world:
        await world.run(f"UPDATE product SET on_hand = {PLENTY} WHERE retailer_id IN ('CHAI-250', 'COFFEE-500')")
        yield Track(world)
