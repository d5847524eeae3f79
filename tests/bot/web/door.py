"""A running bot whose loops stand still, so that what the door stored stays to be looked at; and how to knock at it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot import settings
from bot.app import App
from bot.whatsapp.signature import Signature
from models.engines import Hook
from models.statements import BYTES, INT, TEXT, statement
from tests import payloads
from tests.world import StillClock, environment

_ROWS = statement(
    "SELECT id, kind, ordering_key, payload, state FROM inbox ORDER BY id",
    {},
    {"id": INT, "kind": TEXT, "ordering_key": TEXT, "payload": BYTES, "state": TEXT},
)
_COUNT = statement("SELECT COUNT(*) FROM inbox", {}, {"count": INT})


class Door:
    def __init__(self, app: App, http: aiohttp.ClientSession) -> None:
        self.app = app
        self.port = app.port
        self.number = app.whatsapp.phone_number_id
        self.http = http
        self._signature = Signature(app.whatsapp.app_secret)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def sign(self, raw: bytes) -> str:
        return self._signature.sign(raw)

    def body(self, *items: object, **more: Any) -> bytes:
        """A POST with these messages, for our number."""
        return payloads.raw(payloads.messages(*items, number=self.number, **more))

    async def post(self, raw: bytes, **headers: str) -> int:
        """The answer's status to `raw`, signed as Meta does it; `headers` take the place of the usual ones."""
        given = {"X-Hub-Signature-256": self.sign(raw), "Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        async with self.http.post(self.url("/webhook"), data=raw, headers=given) as answer:
            await answer.read()
            return answer.status

    async def knock(self, *parts: bytes, port: int | None = None) -> bytes:
        """Bytes as they are, on a connection of their own; everything that comes back until it is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            async with asyncio.timeout(30):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    def head(self, *headers: bytes, length: int | None = None) -> bytes:
        size = [] if length is None else [b"Content-Length: %d" % length]
        lines = [b"POST /webhook HTTP/1.1", b"Host: waybill", b"Connection: close", *headers, *size]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    async def rows(self) -> list[dict[str, Any]]:
        async with self.app.database.transaction() as connection:
            [found] = await connection.fetch(_ROWS())
        return found

    async def count(self) -> int:
        async with self.app.database.transaction() as connection:
            [[row]] = await connection.fetch(_COUNT())
        return int(row["count"])

    def listen(self) -> Counter[str]:
        """From now on counts what passes the engines: an untouched database passes nothing."""
        hits: Counter[str] = Counter()

        def point(name: str) -> None:
            hits[name] += 1

        Hook.point = staticmethod(point)
        return hits


def status(answer: bytes) -> int:
    """The status of an answer as it came over the socket; 0 when there was none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


@asynccontextmanager
async def open_door(database_url: str, files: Path, **more: str) -> AsyncIterator[Door]:
    app = App(settings.load(environment(database_url, **more)), clock=StillClock(), files=files)
    await app.start(loops=False)
    try:
        async with aiohttp.ClientSession() as http:
            yield Door(app, http)
    finally:
        await app.stop()
