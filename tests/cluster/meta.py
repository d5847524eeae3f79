"""A stand-in for Meta that is fast: signed webhooks to several doors, and a Graph that takes messages and counts them."""

import asyncio
import hashlib
import hmac
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from bot import tasks
from bot.clock import Clock
from tests import payloads
from tests.payloads import Json

SECRET = "an app secret of no account"
STATUSES_S = 0.05
"""How often it reports what it took, in one body."""
AGAIN_S = 0.2
"""Meta sends what was not acknowledged again, in the end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the Graph took: when, by our token, for whom."""

    at: float
    token: str
    to: str


@dataclass
class Meta:
    """`answers` counts what the doors said; `taken` is everything the Graph took, in order."""

    http: aiohttp.ClientSession
    answers: Counter[int] = field(default_factory=Counter)
    taken: list[Taken] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._unreported: list[Json] = []
        self._reporter: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._turn = itertools.cycle([""])

    def open(self, doors: Sequence[str]) -> None:
        """Where webhooks go, in turn."""
        self._turn = itertools.cycle(doors)

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([web.post("/{version}/{number}/messages", self._take), web.get("/{rest:.*}", _nothing)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._reporter = tasks.spawn(self._report(), name="statuses")

    async def stop(self) -> None:
        await tasks.stop(self._reporter)
        if self._runner is not None:
            await self._runner.cleanup()

    async def tell(self, *changes: Json, copies: int = 1) -> None:
        """One body, until it is acknowledged; `copies` of it at the same moment, at different doors."""
        body = payloads.raw(*changes)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        while True:
            heard = await asyncio.gather(*(self._post(next(self._turn), body, headers) for _ in range(copies)))
            if 200 in heard:
                return
            await asyncio.sleep(AGAIN_S)

    async def _post(self, door: str, body: bytes, headers: dict[str, str]) -> int:
        try:
            async with self.http.post(f"{door}/webhook", data=body, headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.answers[status] += 1
        return status

    async def _take(self, request: web.Request) -> web.Response:
        told = orjson.loads(await request.read())
        token, to = told["biz_opaque_callback_data"], str(told.get("to") or told.get("recipient"))
        self.taken.append(Taken(Clock.monotonic(), token, to))
        wamid = f"wamid.out.{next(self._numbers)}"
        self._unreported.append(payloads.status("delivered", wamid=wamid, token=token))
        return web.json_response({"messages": [{"id": wamid}], "contacts": [{"input": to, "wa_id": to}]})

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(STATUSES_S)
            if self._unreported:
                told, self._unreported = self._unreported, []
                await self.tell(payloads.statuses(*told))


async def _nothing(_request: web.Request) -> web.Response:
    """A Graph that knows of no templates."""
    answer: dict[str, Any] = {"data": []}
    return web.json_response(answer)
