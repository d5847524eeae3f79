"""A line to a server of this machine that can be cut at any byte, in either direction."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot import tasks

CHUNK = 65_536
WAIT_S = 10.0
LINGER = struct.pack("ii", 1, 0)
"""Closing a socket with this set makes the other side see a reset, not an end."""


@dataclass(frozen=True, slots=True)
class Cut:
    """After `at` bytes of the request, or of the answer, the line is reset, ends, or hangs."""

    of: str
    at: int
    how: str


class Proxy:
    """Every new connection takes the next of the planned cuts; when none is left it is an ordinary line."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._plan: deque[Cut | None] = deque()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._letting = asyncio.Event()
        self._begun = asyncio.Semaphore(0)
        self.sizes: dict[str, int] = {}
        """Bytes that the newest line has passed on of the request and of the answer."""

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def plan(self, cuts: Iterable[Cut | None], *, hold: bool = False) -> None:
        """For the next connections, one each; None lets one through. With `hold` no answer passes before `let_go`."""
        self._plan, self._begun = deque(cuts), asyncio.Semaphore(0)
        self._letting.clear() if hold else self._letting.set()

    async def all_held(self, count: int) -> None:
        """Wait until so many answers have begun."""
        async with asyncio.timeout(WAIT_S):
            for _ in range(count):
                await self._begun.acquire()

    def let_go(self) -> None:
        self._letting.set()

    async def start(self) -> None:
        self._letting.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._lines):
            await tasks.stop(line)
        await self._server.wait_closed()

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        cut = self._plan.popleft() if self._plan else None
        line = tasks.spawn(self._join(near, back, cut), name="line")
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _join(self, near: asyncio.StreamReader, back: asyncio.StreamWriter, cut: Cut | None) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self._target)
        request = tasks.spawn(self._pass(near, forth, "request", cut), name="request")
        answer = tasks.spawn(self._pass(far, back, "answer", cut), name="answer")
        try:
            await asyncio.wait([request, answer], return_when=asyncio.FIRST_COMPLETED)
            if cut is not None and cut.how == "hang":
                await tasks.stop(request)
                await near.read()  # until the client gives up
        finally:
            await tasks.stop(request)
            await tasks.stop(answer)
            for writer in (back, forth):
                if cut is not None and cut.how == "reset":
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                writer.transport.abort() if cut is not None and cut.how == "reset" else writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, of: str, cut: Cut | None) -> None:
        """Until the end, or the cut."""
        most = cut.at if cut is not None and cut.of == of else None
        passed = 0
        try:
            while data := await reader.read(CHUNK):
                if of == "answer" and not passed:
                    self._begun.release()
                    await self._letting.wait()
                data = data if most is None else data[: most - passed]
                passed += len(data)
                self.sizes[of] = passed
                writer.write(data)
                await writer.drain()
                if passed == most:
                    return
        except ConnectionError:
            return


@asynccontextmanager
async def proxy(port: int) -> AsyncIterator[Proxy]:
    made = Proxy(port)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
