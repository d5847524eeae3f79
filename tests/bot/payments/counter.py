"""The adapters beside the sandbox's stand-ins for their providers, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.payments import registry
from bot.payments.provider import Provider
from bot.sandbox.payments.pages import Page
from bot.sandbox.server import Sandbox
from flows.payments import CREATE, REFUND, Answer, Call
from tests.bot.sandbox.stage import CREDENTIALS, PEOPLE, PRODUCTS, START, StillClock

BACK = "http://127.0.0.1:8080/payments/return"
PROVIDERS = ("stripe", "razorpay")


@dataclass(slots=True)
class Counter:
    name: str
    sandbox: Sandbox
    provider: Provider
    clock: StillClock
    calls: int = 0

    @property
    def pages(self) -> list[Page]:
        return list(self.sandbox.world.providers.pages)

    def call(self, kind: str, reference: str = "w1", **details: Any) -> Call:
        """A call of its own; make it again with `perform(replace(call, attempts=2))`."""
        self.calls += 1
        told = {
            "reference": reference, "amount": 69800, "currency": "INR", "description": "Demo Store #1001",
            "created_at": START.isoformat(), "expires_at": (START + timedelta(hours=3)).isoformat(),
            "provider_id": "", "transaction_id": None, "capture": "at_once", **details,
        }  # fmt: skip
        return Call(self.calls, 1, self.name, kind, 10, 20 if kind == REFUND else None, told, attempts=1)

    async def create(self, reference: str = "w1", **details: Any) -> Page:
        answer = await self.provider.perform(self.call(CREATE, reference, **details))
        assert answer.fault == ""
        return self.sandbox.world.providers.pages.get(answer.provider_id)

    async def perform(self, kind: str, page: Page, **details: Any) -> Answer:
        paid = page.paid[-1].id if page.paid else None
        told = {"provider_id": page.id, "transaction_id": paid, **details}
        return await self.provider.perform(self.call(kind, page.reference, **told))


@asynccontextmanager
async def counter(name: str, *, wrong_key: bool = False) -> AsyncIterator[Counter]:
    clock = StillClock()
    sandbox = Sandbox(credentials=CREDENTIALS, clock=clock, people=PEOPLE, products=PRODUCTS, webhook=None)
    outer = web.Application()
    outer.add_subapp("/sandbox", sandbox.app())
    server = TestServer(outer)
    await server.start_server()
    accounts = [account for account in sandbox.accounts(str(server.make_url("")).rstrip("/")) if account.name == name]
    provider = registry.connect(accounts, clock=clock, return_url=BACK)[name]
    if wrong_key:
        sandbox.world.providers.keys[name].update(dict.fromkeys(sandbox.world.providers.keys[name], "another"))
    await provider.start()
    try:
        yield Counter(name, sandbox, provider, clock)
    finally:
        await provider.stop()
        await sandbox.stop()
        await server.close()
