"""The load: prebuilt signed requests over keep-alive connections, one outstanding on each, from a process of its own."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import orjson

from benchmarks import SECRET
from bot.whatsapp.signature import Signature

NUMBER = "100200300400500"


@dataclass(frozen=True, slots=True)
class Result:
    """Answers a second and how long they took (milliseconds)."""

    per_second: float
    p50_ms: float
    p99_ms: float


def requests(count: int, *, start: int) -> list[bytes]:
    """A third texts, a third carts of three lines, a third statuses, each with an id of its own."""
    signature = Signature(SECRET)
    return [_request(body, signature.sign(body)) for body in _bodies(count, start)]


def _bodies(count: int, start: int) -> Iterator[bytes]:
    for n in range(start, start + count):
        person = f"9198{n % 5000:08d}"
        contact = {"wa_id": person, "profile": {"name": "Bench"}}
        base = {"from": person, "id": f"wamid.bench{n}", "timestamp": "1764800000"}
        lines = [
            {"product_retailer_id": f"SKU-{k}", "quantity": 2, "item_price": 499.5, "currency": "INR"} for k in range(3)
        ]
        what = (
            {
                "contacts": [contact],
                "messages": [{**base, "type": "text", "text": {"body": "hello, is this still there?"}}],
            },
            {
                "contacts": [contact],
                "messages": [{**base, "type": "order", "order": {"catalog_id": "1", "product_items": lines}}],
            },
            {
                "statuses": [
                    {"id": base["id"], "status": "delivered", "timestamp": base["timestamp"], "recipient_id": person}
                ]
            },
        )[n % 3]
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, **what}
        change = {"field": "messages", "value": value}
        yield orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def _request(body: bytes, signature: str) -> bytes:
    head = (
        "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one was answered."""

    def __init__(self, work: Iterator[bytes], taken: list[float], deadline: float) -> None:
        self._work, self._taken, self._deadline = work, taken, deadline
        self._seen = b""
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._next()

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if b"\r\n\r\n" not in self._seen:
            return
        if not self._seen.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._seen[:200].decode("latin-1")))
            return
        self._seen = b""
        self._taken.append(time.perf_counter() - self._sent_at)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or RuntimeError("the server closed the connection"))

    def _next(self) -> None:
        self._sent_at = time.perf_counter()
        request = next(self._work, None) if self._sent_at < self._deadline else None
        if request is None:
            self.done.set_result(None)
        else:
            self._transport.write(request)


async def drive(port: int, *, connections: int, work: list[bytes], seconds: float) -> Result:
    """Keep `connections` busy for so long, or until the work is used up."""
    loop = asyncio.get_running_loop()
    queue, taken = iter(work), list[float]()
    began = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(queue, taken, began + seconds), "127.0.0.1", port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + 10):
        await asyncio.gather(*(protocol.done for _, protocol in made))
    passed = time.perf_counter() - began
    for transport, _ in made:
        transport.close()
    taken.sort()
    return Result(len(taken) / passed, taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000)
