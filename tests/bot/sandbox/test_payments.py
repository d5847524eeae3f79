"""The played payment providers: a page to pay on, webhooks that come as the faults have it, all of it kept over a restart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.payments.stripe import NAME
from bot.sandbox.payments.pages import Page
from bot.sandbox.payments.providers import Providers
from bot.sandbox.server import Sandbox
from tests.bot.sandbox.stage import CREDENTIALS, PEOPLE, PRODUCTS, StillClock

Json = dict[str, Any]


@dataclass(slots=True)
class Till:
    """A sandbox and the bot's door for payments: what it was told, and how it answers next."""

    sandbox: Sandbox
    http: aiohttp.ClientSession
    origin: str
    told: list[Json] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def providers(self) -> Providers:
        return self.sandbox.world.providers

    def page(self, *, description: str = "Demo Store #1001") -> Page:
        clock = self.sandbox.world.clock
        return self.providers.pages.make(
            NAME, "w1", amount=69800, currency="INR", description=description, back_url="http://127.0.0.1:8080/back",
            expires_at=clock.now() + timedelta(hours=1), asked={},
        )  # fmt: skip

    async def press(self, page: Page, **form: str) -> tuple[int, str]:
        """A button of the page, and what it shows then."""
        async with self.http.post(f"{self.origin}/sandbox/pay/{page.id}", data=form) as answer:
            return answer.status, await answer.text()

    async def control(self, page: Page, **given: Any) -> tuple[int, Json]:
        async with self.http.post(f"{self.origin}/sandbox/control/payments/{page.id}", json=given) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def later(self, seconds: float) -> list[str]:
        """The kinds of what the bot is told by then."""
        self.told.clear()
        self.sandbox.world.clock.move(timedelta(seconds=seconds))
        await self.sandbox.run_once()
        return [event["type"] for event in self.told]


@asynccontextmanager
async def till(ledger: Path | None = None) -> AsyncIterator[Till]:
    async def receive(request: web.Request) -> web.Response:
        opened.told.append(orjson.loads(await request.read()))
        return web.Response(status=opened.answers.pop(0) if opened.answers else 200)

    bot = web.Application()
    bot.router.add_post("/payments/stripe", receive)
    bot_server = TestServer(bot)
    await bot_server.start_server()
    sandbox = Sandbox(
        credentials=CREDENTIALS, clock=StillClock(), people=PEOPLE, products=PRODUCTS, ledger=ledger,
        webhook=str(bot_server.make_url("/webhook")),
    )  # fmt: skip
    outer = web.Application()
    outer.add_subapp("/sandbox", sandbox.app())
    server = TestServer(outer)
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        opened = Till(sandbox, http, str(server.make_url("")).rstrip("/"))
        yield opened
    await sandbox.stop()
    await server.close()
    await bot_server.close()


@pytest.fixture
async def at() -> AsyncIterator[Till]:
    async with till() as opened:
        yield opened


PAID = ["payment_intent.succeeded", "checkout.session.completed"]


async def test_the_page_takes_a_payment_and_shows_it(at: Till) -> None:
    page = at.page(description="Chai & <b>Co</b>")
    async with at.http.get(f"{at.origin}/sandbox/pay/{page.id}") as answer:
        shown = await answer.text()
    assert "Pay ₹698.00" in shown
    assert "Chai &amp; &lt;b&gt;Co&lt;/b&gt;" in shown
    assert (await at.press(page, do="fail"))[0] == 200
    status, shown = await at.press(page, do="pay")
    assert (status, "Your card was declined" in shown, ">Paid<" in shown) == (200, True, True)
    assert await at.later(0) == ["payment_intent.payment_failed", *PAID]
    assert page.taken == 69800


async def test_the_page_takes_another_amount_and_a_second_payment(at: Till) -> None:
    page = at.page()
    assert (await at.press(page, do="other", amount="1.5x"))[0] == 400
    assert (await at.press(page, do="other", amount="100.50"))[0] == 200
    assert (await at.press(page, do="pay"))[0] == 400
    assert (await at.press(page, do="again"))[0] == 200
    assert [paid.amount for paid in page.paid] == [10050, 69800]
    assert await at.later(0) == [*PAID, *PAID]
    assert len({event["id"] for event in at.told}) == 4


async def test_a_page_ends_by_itself_and_takes_nothing_then(at: Till) -> None:
    page = at.page()
    assert await at.later(3599) == []
    assert await at.later(1) == ["checkout.session.expired"]
    status, shown = await at.press(page, do="pay")
    assert (status, shown) == (400, "this page is expired: nothing can be paid on it any more\n")


async def test_what_the_page_does_the_control_json_does(at: Till) -> None:
    page = at.page()
    status, told = await at.control(page, do="pay", amount=1, currency="USD")
    assert (status, told["state"], told["paid"][0]["amount"], told["paid"][0]["currency"]) == (200, "paid", 1, "USD")
    assert (await at.control(page, do="dance"))[0] == 400
    assert (await at.control(page, do="again", amount="1"))[0] == 400
    async with at.http.post(f"{at.origin}/sandbox/control/payments/nowhere", json={"do": "pay"}) as answer:
        assert answer.status == 404
    async with at.http.get(f"{at.origin}/sandbox/control/payments") as answer:
        told = orjson.loads(await answer.read())
    assert [shown["id"] for shown in told["pages"]] == [page.id]
    assert set(told["keys"]) >= {"stripe", "razorpay"}


async def test_no_other_site_pays(at: Till) -> None:
    page = at.page()
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with at.http.post(f"{at.origin}/sandbox/pay/{page.id}", data={"do": "pay"}, headers=headers) as answer:
        assert answer.status == 403
    assert page.paid == []


async def test_a_webhook_is_tried_again_until_it_is_taken(at: Till) -> None:
    at.answers[:] = [503, 503, 500]
    at.providers.pages.fail(at.page())
    assert await at.later(0) == ["payment_intent.payment_failed"]
    assert await at.later(1) == []
    assert await at.later(1) == ["payment_intent.payment_failed"]
    assert await at.later(4) == ["payment_intent.payment_failed"]
    assert await at.later(8) == ["payment_intent.payment_failed"]
    assert await at.later(3600) == ["checkout.session.expired"]


async def test_webhooks_come_late_twice_or_never(at: Till) -> None:
    page = at.page()
    at.sandbox.world.set_faults({"pay_late_s": 60, "pay_duplicate": 1})
    at.providers.pages.fail(page)
    assert await at.later(59) == []
    assert await at.later(1) == ["payment_intent.payment_failed"] * 2
    at.sandbox.world.set_faults({"pay_late_s": 0, "pay_lost": 1})
    at.providers.pages.fail(page)
    at.providers.pages.pay(page)
    assert await at.later(60) == PAID
    assert len(list(at.sandbox.ledger.of("hook_lost"))) == 1


async def test_a_restart_forgets_neither_money_nor_webhooks(tmp_path: Path) -> None:
    ledger = tmp_path / "sandbox.jsonl"
    async with till(ledger) as at:
        page = at.page()
        at.providers.pages.fail(page)
        await at.later(0)
        at.providers.pages.pay(page)
        before = page.json()
    async with till(ledger) as at:
        assert [page.json() for page in at.providers.pages] == [before]
        assert await at.later(0) == PAID
    async with till(ledger) as at:
        assert await at.later(0) == []
