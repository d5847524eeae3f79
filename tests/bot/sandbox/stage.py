"""The sandbox with a stand-in for the bot: a web server that keeps every webhook and answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import Clock
from bot.sandbox.credentials import Credentials
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox

Json = dict[str, Any]

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CREDENTIALS = Credentials(
    phone_number_id="100000000000001",
    business_account_id="200000000000002",
    catalog_id="300000000000003",
    access_token="sandbox-token",
    app_secret="0123456789abcdef0123456789abcdef",
    verify_token="verify",
)
ASHA = Person("asha", "Asha", "919800000001", "IN.1001")
RAHUL = Person("rahul", "Rahul", "919800000002")
MEERA = Person("meera", "Meera", None, "IN.1003")
PEOPLE = (ASHA, RAHUL, MEERA)
PRODUCTS = (
    {"id": "TEA", "title": "Tea", "price": "349.00 INR", "availability": "in stock"},
    {"id": "CUP", "title": "Cup", "price": "120.50 INR", "sale_price": "99.50 INR", "availability": "in stock"},
    {"id": "POT", "title": "Pot", "price": "1299.00 INR", "availability": "out of stock"},
)
TEMPLATE = {
    "name": "order_update",
    "language": "en",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Order {{1}}: {{2}}.", "example": {"body_text": [["#1001", "shipped"]]}}],
}


class StillClock(Clock):
    """Stands still until it is moved."""

    __slots__ = ()

    def now(self) -> datetime:
        return START + self.offset


class Receiver:
    """The bot's webhook: keeps what comes; `statuses` are its next answers, then 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def values(self) -> list[Json]:
        """The value of every change, in the order of arrival."""
        bodies = [orjson.loads(body) for body in self.bodies]
        return [change["value"] for body in bodies for entry in body["entry"] for change in entry["changes"]]

    def texts(self) -> list[str]:
        return [m["text"]["body"] for value in self.values() for m in value.get("messages", [])]

    def states(self) -> list[str]:
        return [status["status"] for status in self.statuses_seen()]

    def statuses_seen(self) -> list[Json]:
        return [status for value in self.values() for status in value.get("statuses", [])]


@dataclass(slots=True)
class Stage:
    """Sandbox, receiver, and a client that calls the sandbox as the bot and as the page do."""

    sandbox: Sandbox
    bot: Receiver
    server: TestServer
    http: aiohttp.ClientSession
    clock: Clock

    async def send(self, body: Json, *, version: str = "v25.0") -> tuple[int, Any]:
        """A `POST /messages`; `body` without what all have in common."""
        return await self.graph(
            "POST",
            f"{CREDENTIALS.phone_number_id}/messages",
            {"messaging_product": "whatsapp", **body},
            version=version,
        )

    async def text(self, person: Person, words: str = "Hello", **more: Any) -> tuple[int, Any]:
        to = {"to": person.wa_id} if person.wa_id else {"recipient": person.bsuid}
        return await self.send({**to, "type": "text", "text": {"body": words}, **more})

    async def graph(self, method: str, path: str, body: Any = None, *, version: str = "v25.0") -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {CREDENTIALS.access_token}"}
        url = self.server.make_url(f"/sandbox/graph/{version}/{path}")
        async with self.http.request(method, url, json=body, headers=bearer) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self.http.request(method, self.server.make_url(f"/sandbox/control/{path}"), json=body) as answer:
            return answer.status, orjson.loads(await answer.read())


@asynccontextmanager
async def stage(ledger: Path | None = None, credentials: Credentials = CREDENTIALS) -> AsyncIterator[Stage]:
    receiver, clock = Receiver(), StillClock()
    bot = web.Application(client_max_size=4 * 1024 * 1024)
    bot.router.add_post("/webhook", receiver.receive)
    bot_server = TestServer(bot)
    await bot_server.start_server()
    sandbox = Sandbox(
        credentials=credentials,
        clock=clock,
        people=PEOPLE,
        products=PRODUCTS,
        webhook=str(bot_server.make_url("/webhook")),
        ledger=ledger,
    )
    outer = web.Application(client_max_size=101 * 1024 * 1024)
    outer.add_subapp("/sandbox", sandbox.app())
    server = TestServer(outer)
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        yield Stage(sandbox, receiver, server, http, clock)
    await sandbox.stop()
    await server.close()
    await bot_server.close()


def code(answer: tuple[int, Any]) -> tuple[int, int]:
    """HTTP status and Graph error code of a refusal."""
    return answer[0], answer[1]["error"]["code"]


def wamid(answer: tuple[int, Any]) -> str:
    """The id of an accepted send."""
    assert answer[0] == 200, answer
    return str(answer[1]["messages"][0]["id"])
