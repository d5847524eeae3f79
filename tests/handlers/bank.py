"""A payment provider that does what a test says: it makes pages to pay on, and reports what was paid there, twice if asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
import pytest

from bot.payments import registry
from bot.payments.provider import lane
from flows.payments import AUTHORIZED, CAPTURE, CAPTURED, CREATE, REFUND, Answer, Call, Report
from models.inbox import Arrival
from tests.journeys.script import Line
from tests.world import Stage, stage

NAME = "stripe"
SHOP = "auto_collect_address=off;delivery_methods=pickup;payment_methods=link;pay.links=stripe;"
"""The shop asks for money by links; its customers fetch what they buy."""


@dataclass
class Bank:
    """`refunds` says what becomes of money given back: "settle", "fail", or nothing yet; `faults` refuses calls of a kind."""

    name: str = NAME
    calls: list[Call] = field(default_factory=list)
    refunds: str = "settle"
    faults: dict[str, str] = field(default_factory=dict)

    async def perform(self, call: Call) -> Answer:
        self.calls.append(call)
        reference = str(call.details["reference"])
        if call.kind in self.faults:
            return Answer(fault=self.faults[call.kind])
        if call.kind == CREATE:
            return Answer(url=f"https://pay.example/{reference}", provider_id=f"cs_{reference}")
        if call.kind == CAPTURE:
            amount = int(call.details["amount"] or 0)
            return Answer(reports=(Report(NAME, reference, CAPTURED, amount, "INR", f"ch_{reference}"),))
        if call.kind == REFUND and self.refunds:
            amount = int(call.details["refund_amount"] or 0)
            return Answer(
                reports=(Report(NAME, reference, self.refunds, amount, refund=f"re_{call.id}", reason="no funds"),)
            )
        return Answer()

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        raise NotImplementedError

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def of(self, kind: str) -> list[Call]:
        return [call for call in self.calls if call.kind == kind]


@dataclass
class Shop:
    """A running bot whose links are made by `bank`; Priya owns the shop, Ravi manages it."""

    world: Stage
    bank: Bank
    told: int = 0

    async def write(self, person: str, text: str) -> list[str]:
        await self.world.say(person, text)
        return await self.hear(person)

    async def tap(self, person: str, title: str) -> list[str]:
        await self.world.tap(person, title)
        return await self.hear(person)

    async def hear(self, person: str) -> list[str]:
        await self.world.settle()
        return [shown.body for shown in self.world.new(person)]

    async def hush(self) -> None:
        await self.world.settle()
        for person in self.world.people:
            self.world.new(person)

    async def order(self, sku: str = "TOTE-HATHI") -> str:
        """Asha orders, and is asked for the money. Returns the reference."""
        await self.world.cart("Asha", [Line(1, sku)], "")
        await self.hush()
        return await self.reference()

    async def reference(self) -> str:
        """Of what was asked for last."""
        [row] = await self.world.rows("SELECT reference FROM payment WHERE reference <> '' ORDER BY id DESC LIMIT 1")
        return str(row["reference"])

    async def report(
        self, reference: str, amount: int, *, says: str = CAPTURED, currency: str = "INR", transaction: str | None = None,
        refund: str = "",
    ) -> None:  # fmt: skip
        """The provider tells of it, by a webhook of its own."""
        self.told += 1
        told = Report(NAME, reference, says, amount, currency, transaction or f"ch_{reference}", refund=refund)
        arrival = Arrival(f"bank:{self.told}", f"payment.{NAME}", lane(reference), orjson.dumps(asdict(told)))
        await self.world.accept(arrival)
        await self.world.settle()

    async def authorize(self, reference: str, amount: int) -> None:
        await self.report(reference, amount, says=AUTHORIZED)

    async def one(self, sql: str) -> dict[str, object]:
        [row] = await self.world.rows(sql)
        return row


def read(payload: bytes) -> list[Report]:
    return [Report(**orjson.loads(payload))]


@asynccontextmanager
async def shop(
    url: str, files: Path, patch: pytest.MonkeyPatch, settings: str = "", ravi: str = "manager"
) -> AsyncIterator[Shop]:
    patch.setitem(registry.READERS, NAME, read)
    numbers = f"919800000011:owner:Priya,919800000012:{ravi}:Ravi"
    async with stage(url, files, STORE_SETTINGS=SHOP + settings, STAFF_NUMBERS=numbers) as world:
        bank = Bank()
        world.app.providers[NAME] = bank
        for person in ("Priya", "Ravi"):
            await world.say(person, "help")
        opened = Shop(world, bank)
        await opened.hush()
        yield opened
