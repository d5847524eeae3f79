"""The whole bot and the sandbox in one process, over real HTTP and a real database, on a clock that stands still."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bot import settings
from bot.app import App
from bot.clock import Clock
from bot.faults import FaultPoints
from bot.sandbox.bubbles import Bubble, Json
from bot.sandbox.payments.counter import act
from bot.sandbox.phone import Phone
from bot.sandbox.server import Sandbox
from flows.money import parse_amount, show
from flows.store import Store
from models import inbox, invariants
from models.inbox import Arrival
from models.invariants import Violation
from tests.journeys.play import Shown
from tests.journeys.script import Line

START = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""A Monday, ten in the morning in the demo shop."""
MOMENT = timedelta(seconds=1)


@dataclass(slots=True)
class StillClock(Clock):
    """Time passes only when a test says so."""

    at: datetime = field(default=START)

    def now(self) -> datetime:
        return self.at + self.offset


class Stage:
    """A running bot with its sandbox; `drain` does everything there is to do."""

    def __init__(self, app: App) -> None:
        assert app.sandbox is not None
        self.app = app
        self.sandbox: Sandbox = app.sandbox
        self._names = {person.name.split()[0]: person.id for person in self.sandbox.world.people}

    @property
    def store(self) -> Store:
        return self.app.store

    @property
    def people(self) -> Sequence[str]:
        return list(self._names)

    async def say(self, person: str, text: str) -> None:
        self._act(person).say(text)

    async def cart(self, person: str, lines: Sequence[Line], note: str) -> None:
        priced = [(line.sku, line.quantity, *([] if line.price is None else [line.price])) for line in lines]
        self._act(person).cart(priced, note)

    async def tap(self, person: str, title: str) -> None:
        self._act(person).tap(title)

    async def do(self, person: str, verb: str, what: str) -> None:
        if person == "Meta":
            self._meta(verb, what)
            return
        phone = self._act(person)
        match verb:
            case "sends":
                _send(phone, what)
            case "forwards":
                phone.say(what, forwarded=True)
            case "reacts":
                phone.react(phone.bubbles[-1].wamid, what)
            case "edits":
                phone.edit(_own(phone), what)
            case "replies":
                newest = next(bubble for bubble in reversed(phone.bubbles) if bubble.sender == "bot")
                phone.say(what, reply_to=newest.wamid)
            case "fills in":
                parts = zip(("name", "address", "city", "in_pin_code"), what.split(", "), strict=False)
                phone.address(dict(parts))
            case "deletes":
                phone.revoke(_own(phone))
            case "pays":
                self._pay(phone, what)
            case "changes number":
                self.sandbox.world.change(phone.person, wa_id=what)
            case "changes id":
                self.sandbox.world.change(phone.person, bsuid=what)

    def _pay(self, phone: Phone, what: str) -> None:
        """What the newest message that asks for money asks for: in the chat, or on the page that its link opens."""
        providers = self.sandbox.world.providers
        for bubble in reversed(phone.bubbles):
            url = bubble.shown.get("url")
            if url and (page := providers.page_at(url)) is not None:
                break
            if "order_details" in bubble.shown:
                _pay_in_chat(phone, what)
                return
        else:
            raise LookupError(f"{phone.person.name}'s phone shows nothing to pay")
        match what:
            case "":
                act(providers, page, "pay")
            case "twice":
                act(providers, page, "pay")
                act(providers, page, "again")
            case "again" | "fail":
                act(providers, page, what)
            case _:
                amount, _, currency = what.partition(" ")
                act(providers, page, "pay", amount=parse_amount(amount, page.currency), currency=currency)

    def _meta(self, verb: str, what: str) -> None:
        if verb == "delivers":
            self.sandbox.redeliver()
            return
        if verb == "says":
            name, _, standing = what.partition(" is ")
            self.sandbox.world.configure_payments(name, "razorpay", standing)
            return
        status = {"approves": "APPROVED", "pauses": "PAUSED", "rejects": "REJECTED", "disables": "DISABLED"}[verb]
        self.sandbox.world.announce(self.sandbox.templates.mark(what, self.store.language, status))

    async def later(self, by: timedelta) -> None:
        self.app.clock.move(by)

    async def clock(self, at: datetime) -> None:
        wanted = at.replace(tzinfo=self.store.zone)
        self.app.clock.move(wanted - self.app.clock.now())

    async def fault(self, switches: Mapping[str, int | bool | str]) -> None:
        self.sandbox.world.set_faults(dict(switches))

    async def settle(self) -> None:
        await self.app.drain()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a query finds in the bot's database."""
        async with self.app.database.transaction() as connection:
            found: list[dict[str, Any]] = await connection.execute_query_dict(sql)  # type: ignore[attr-defined]
            return found

    async def run(self, sql: str) -> None:
        async with self.app.database.transaction() as connection:
            await connection.execute_query(sql)  # type: ignore[attr-defined]

    async def accept(self, *arrivals: Arrival) -> None:
        """Events in the inbox, as the door would put them there."""
        rows = inbox.rows(arrivals, store_id=self.store.id, salt=self.store.salt, now=self.app.clock.now())
        await self.app.database.write([(inbox.ACCEPT, rows)])

    async def broken(self) -> list[Violation]:
        """What must always be true and is not: by the database alone, and beside the sandbox's own record."""
        async with self.app.database.transaction() as connection:
            found = await invariants.violations(connection, now=self.app.clock.now())
            return found + invariants.judge(await invariants.read(connection), self.sandbox.ledger.entries)

    async def said(self) -> list[tuple[str, str]]:
        """Everything in the outbox, in its order: to whom, and the words."""
        rows = await self.rows(
            "SELECT COALESCE(s.name, c.name) AS name, o.message FROM outbox o JOIN contact c ON c.id = o.contact_id"
            " LEFT JOIN staff s ON s.contact_id = c.id ORDER BY o.id"
        )
        return [(row["name"].split()[0], _words(row["message"])) for row in rows]

    def new(self, person: str) -> list[Shown]:
        return [_shown(bubble) for bubble in self._phone(person).new()]

    def _act(self, person: str) -> Phone:
        """Somebody takes a phone in hand, which takes a moment: nobody sends eight messages in none."""
        self.app.clock.move(MOMENT)
        return self._phone(person)

    def _phone(self, person: str) -> Phone:
        if person not in self._names:
            raise LookupError(f"nobody here is called {person}; there are {', '.join(self._names)}")
        return self.sandbox.person(self._names[person])


def _own(phone: Phone) -> str:
    """The newest message that the phone's owner wrote."""
    return next(bubble.wamid for bubble in reversed(phone.bubbles) if bubble.sender == "person")


_MEDIA = {
    "picture": ("image", "image/png", ""),
    "video": ("video", "video/mp4", ""),
    "voice message": ("audio", "audio/ogg", ""),
    "document": ("document", "application/pdf", "list.pdf"),
    "sticker": ("sticker", "image/webp", ""),
}


def _send(phone: Phone, what: str) -> None:
    match what:
        case "location":
            phone.location(19.07, 72.87)
        case "contact card":
            phone.contacts([("Priya", "+919800000011")])
        case "form":
            phone.address({"city": "Pune"}, reply_to="wamid.unknown")
        case "poll":
            phone._send({"type": "unsupported", "errors": [{"code": 131051}]}, {"body": "a poll"})
        case "foreign cart":
            phone.cart([("CHAI-250", 1)], catalog_id="999")
        case "huge cart":
            phone.cart([(f"SKU-{n}", 1) for n in range(101)])
        case "empty cart":
            phone.cart([])
        case _:
            kind, mime_type, filename = _MEDIA[what]
            phone.media(kind, b"a file", mime_type=mime_type, filename=filename)


def _pay_in_chat(phone: Phone, what: str) -> None:
    if what in ("", "fail", "wait"):
        phone.pay(what or "pay")
    else:
        amount, _, currency = what.partition(" ")
        phone.pay(amount=parse_amount(amount, "INR"), currency=currency)


def _asked(details: Json) -> tuple[tuple[str, str], ...]:
    """The items, what else the sum is made of, and the sum, as the phone lists them."""
    order, currency = details["order"], str(details["currency"])

    def money(minor: int) -> str:
        return show(minor, currency, "en_IN")

    items = [(i["name"], f"{i['quantity']} × {money(i['amount']['value'])}") for i in order["items"]]
    parts = [(name, money(order[name]["value"])) for name in ("tax", "shipping", "discount") if order.get(name)]
    return (
        *items,
        *(part for part in parts if order[part[0]]["value"]),
        ("Total", money(details["total_amount"]["value"])),
    )


def _shown(bubble: Bubble) -> Shown:
    shown = bubble.shown
    template = shown.get("template")
    if "address" in shown:
        return Shown(bubble.body, kind="address form")
    if "order_details" in shown:
        details = shown["order_details"]
        title = "Pay now" if details["order"].get("type") == "quick_pay" else "Review and pay"
        kind = f"template {template['name']}" if template else "order details"
        return Shown(bubble.body, (title,), _asked(details), kind=kind)
    if "order_status" in shown:
        told = shown["order_status"]
        paid = f", payment {told['payment']['status']}" if "payment" in told else ""
        status = f"{told['order']['status']}{paid}"
        return Shown(bubble.body, kind=f"template {template['name']}" if template else f"order status {status}")
    buttons = tuple(str(button["title"]) for button in bubble.buttons)
    if template:
        return Shown(str(template["text"]), buttons, kind=f"template {template['name']}")
    rows = tuple((str(row["title"]), str(row.get("description", ""))) for row in bubble.rows)
    opens = (str(shown["rows"]["button"]),) if rows else (str(shown["url_title"]),) if "url" in shown else ()
    return Shown(bubble.body, buttons or opens, rows, kind="catalogue" if "catalog" in shown else "")


def _told_at_once(settings: str) -> str:
    """Unless a test is about undoing, notices do not wait for an `undo_window`: the clock stands still."""
    return settings if "undo_window" in settings else f"{settings};undo_window=0s"


def environment(database_url: str, **more: str) -> dict[str, str]:
    more["STORE_SETTINGS"] = _told_at_once(more.get("STORE_SETTINGS", ""))
    return {"DATABASE_URL": database_url, "PORT": "0", "PUBLIC_URL": "http://127.0.0.1:8080", **more}


def _words(message: str | Mapping[str, Any]) -> str:
    said: Mapping[str, Any] = orjson.loads(message) if isinstance(message, str) else message
    return str(said.get("body") or said["parameters"][-1])


@asynccontextmanager
async def stage(
    database_url: str, files: Path, *, faults: FaultPoints | None = None, **more: str
) -> AsyncIterator[Stage]:
    """A bot on an empty or used database. Nothing runs by itself. `faults` is told of every point that I/O passes."""
    app = App(settings.load(environment(database_url, **more)), clock=StillClock(), files=files)
    app.faults = faults
    await app.start(loops=False)
    try:
        await app.jobs.look_at_templates()
        yield Stage(app)
    finally:
        await app.stop()


world = stage
