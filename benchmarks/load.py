"""The load: prebuilt signed requests over keep-alive connections, one outstanding on each, from a process of its own."""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

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
    busy: float
    """Share of its core that the load itself used: near 1 it would be what is measured."""


def requests(count: int, *, start: int) -> list[bytes]:
    """A third texts, a third carts of three lines, a third statuses, each with an id of its own."""
    signature = Signature(SECRET)
    return [_request(body, signature.sign(body)) for body in _bodies(count, start)]


def _bodies(count: int, start: int) -> Iterator[bytes]:
    for n in range(start, start + count):
        person = f"9198{n % 5000:08d}"
        contact = {"wa_id": person, "user_id": f"IN.{person}", "profile": {"name": "Bench"}}
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
                "contacts": [contact],
                "statuses": [
                    {"id": base["id"], "status": "delivered", "timestamp": base["timestamp"], "recipient_id": person}
                ],
            },
        )[n % 3]
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550009000", "phone_number_id": NUMBER},
            **what,
        }
        change = {"field": "messages", "value": value}
        yield orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


def _request(body: bytes, signature: str) -> bytes:
    head = (
        "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection:
    """Sends the next request as soon as the last one was answered."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._seen = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Whether what can be read now ends the answer; it must be a 200 without a body."""
        self._seen += self.socket.recv(4096)
        if not self._seen.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self._seen[:200].decode("latin-1") or "the server closed the connection")
        if not self._seen.endswith(b"\r\n\r\n"):
            return False
        self._seen = b""
        return True


async def drive(port: int, *, connections: int, work: list[bytes], seconds: float) -> Result:
    """Keep `connections` busy for so long, or until the work is used up.

    Plain sockets, and nothing else runs meanwhile: with asyncio the load, not the server, would be what is measured.
    """
    queue, taken = iter(work), list[float]()
    with selectors.DefaultSelector() as selector:
        made = [_Connection(port) for _ in range(connections)]
        began, used = time.perf_counter(), time.process_time()
        for connection in made:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(queue))
        waiting, deadline = connections, began + seconds
        while waiting:
            ready = selector.select(10)
            if not ready:
                raise RuntimeError("no answer within ten seconds")
            for key, _ in ready:
                connection = key.data
                if not connection.is_answered():
                    continue
                now = time.perf_counter()
                taken.append(now - connection.sent_at)
                request = next(queue, None) if now < deadline else None
                if request is None:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    waiting -= 1
                else:
                    connection.send(request)
        passed = time.perf_counter() - began
        busy = (time.process_time() - used) / passed
    taken.sort()
    return Result(len(taken) / passed, taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000, busy)
