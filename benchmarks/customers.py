"""People who send carts and wait for the answer: prebuilt signed requests, and the stand-in Graph's word on who was answered."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from benchmarks import SECRET
from benchmarks.load import NUMBER
from benchmarks.shops import PRODUCTS
from bot.whatsapp.signature import Signature

CONNECTIONS = 64
PATIENCE_S = 30
PEOPLE = 1_000
"""Of one run: whoever sends a second cart is known by then."""


@dataclass(frozen=True, slots=True)
class Cart:
    person: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """From the moment a cart should have been sent to its answer at the Graph API."""

    p50_ms: float
    p99_ms: float


def carts(count: int, run: int) -> list[Cart]:
    """Carts of three products each, from people that no other run knows."""
    signature = Signature(SECRET)
    return [_cart(n, run, signature) for n in range(count)]


def _cart(n: int, run: int, signature: Signature) -> Cart:
    person = f"9198{run:04d}{n % PEOPLE:04d}"
    lines = [
        {"product_retailer_id": f"SKU-{(n + 7 * k) % PRODUCTS}", "quantity": 2, "item_price": 499.5, "currency": "INR"}
        for k in range(3)
    ]
    message = {
        "from": person, "from_user_id": f"IN.{person}",
        "id": f"wamid.run{run}cart{n}", "timestamp": str(int(time.time())), "type": "order",
        "order": {"catalog_id": "1", "product_items": lines},
    }  # fmt: skip
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": NUMBER, "display_phone_number": "918000000000"},
        "contacts": [{"wa_id": person, "user_id": f"IN.{person}", "profile": {"name": "Bench"}}],
        "messages": [message],
    }
    change = {"field": "messages", "value": value}
    body = orjson.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "500400300200100", "changes": [change]}]}
    )
    head = (
        "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: {signature.sign(body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return Cart(person, head.encode() + body)


async def answered(graph: int) -> list[tuple[str, float]]:
    """Who was answered since the last time, and when."""
    reader, writer = await asyncio.open_connection("127.0.0.1", graph, limit=2**24)
    writer.write(b"GET /taken HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    writer.close()
    taken: list[tuple[str, float]] = orjson.loads(body)
    return taken


async def all_answered(graph: int, count: int) -> list[tuple[str, float]]:
    """Wait for `count` answers; that none is missing is part of the measurement."""
    seen = await answered(graph)
    async with asyncio.timeout(PATIENCE_S):
        while len(seen) < count:
            await asyncio.sleep(0.05)
            seen += await answered(graph)
    if len(seen) > count:
        raise RuntimeError(f"{len(seen)} answers to {count} carts")
    return seen


async def rush(port: int, graph: int, work: Sequence[Cart]) -> float:
    """All carts as fast as they are taken in; how many a second were answered, from the first request to the last answer."""
    await answered(graph)
    free, connections = await _connect(port)
    began = time.monotonic()
    for cart in work:
        (await free.get()).send(cart.request)
    seen = await all_answered(graph, len(work))
    for each in connections:
        each.transport.close()
    return len(work) / (max(at for _, at in seen) - began)


async def stroll(port: int, graph: int, work: Sequence[Cart], per_second: float) -> Wait:
    """Carts at their times, whether the last ones were answered or not. Nobody sends two."""
    await answered(graph)
    free, connections = await _connect(port)
    due: dict[str, float] = {}
    began = time.monotonic() + 0.05
    for n, cart in enumerate(work):
        due[cart.person] = at = began + n / per_second
        while (left := at - time.monotonic()) > 0:  # noqa: ASYNC110 - it is the clock that is waited for
            await asyncio.sleep(max(0.0, left - 0.001))
        (await free.get()).send(cart.request)
    waits = sorted((at - due[person]) * 1000 for person, at in await all_answered(graph, len(work)))
    for each in connections:
        each.transport.close()
    return Wait(statistics.median(waits), waits[int(len(waits) * 0.99)])


class _Connection(asyncio.Protocol):
    """Keep-alive; free again when its request was answered with 200."""

    def __init__(self, free: "asyncio.Queue[_Connection]") -> None:
        self._free = free
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._free.put_nowait(self)

    def send(self, request: bytes) -> None:
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if b"\r\n\r\n" not in self._seen:
            return
        if not self._seen.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self._seen[:200].decode("latin-1"))
        self._seen = b""
        self._free.put_nowait(self)


async def _connect(port: int) -> tuple["asyncio.Queue[_Connection]", list[_Connection]]:
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: _Connection(free), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    return free, [protocol for _, protocol in made]
