"""A stand-in for the Graph API that takes every message at once: what it costs is small beside whoever sends.

`GET /taken` answers whom messages went to and when (`time.monotonic`, which all processes share), and forgets it. Started
as `python -m benchmarks.graph graph PORT`.
"""

import asyncio
import os
import sys
import time
from typing import cast

import orjson
import uvloop


class Graph(asyncio.Protocol):
    """One keep-alive connection; requests carry a Content-Length, as those of both clients do."""

    taken: list[tuple[str, float]]

    def __init__(self, taken: list[tuple[str, float]]) -> None:
        self.taken = taken
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].lower()
            length = _length(head)
            if len(self._seen) < end + 4 + length:
                return
            body, self._seen = self._seen[end + 4 : end + 4 + length], self._seen[end + 4 + length :]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"get /taken"):
            answer = orjson.dumps(self.taken)
            self.taken.clear()
        elif head.startswith(b"post"):
            message = orjson.loads(body)
            to = message.get("to") or message["recipient"].removeprefix("IN.")
            self.taken.append((to, time.monotonic()))
            answer = orjson.dumps({
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": f"wamid.{time.monotonic_ns()}"}],
            })  # fmt: skip
        else:
            answer = b'{"data": []}'
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer


def _length(head: bytes) -> int:
    at = head.find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve(port: int) -> None:
    taken: list[tuple[str, float]] = []
    server = await asyncio.get_running_loop().create_server(lambda: Graph(taken), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    uvloop.run(serve(int(sys.argv[2])))
