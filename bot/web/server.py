"""The listening socket: the webhook's front and aiohttp's server, with our limits on what a connection may hold on to."""

import asyncio
import os
from typing import cast

from aiohttp import web

from bot.web.front import Front
from bot.web.webhook import Webhook

KEEP_ALIVE_S = 75
LINGER_S = 2.0
"""After a refusal that did not wait for the body: so long is read on, so that the other side gets to see the answer."""
SHUTDOWN_S = 1.0
"""For requests under way when the program is told to stop; what is cut off was not acknowledged and comes again."""
CONNECTIONS = 900
"""At once. Below the 1,024 files that a process may usually hold open, with the rest for our own."""


class CannotListen(Exception):
    """The port is taken or not ours to use."""


class Server:
    """One application on one port, with a `webhook` behind its front."""

    def __init__(
        self,
        app: web.Application,
        webhook: Webhook | None = None,
        *,
        connections: int = CONNECTIONS,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._webhook = webhook
        self._most, self._keep_alive_s = connections, keep_alive_s
        self._fronts: dict[Front, None] = {}
        """The webhook's connections, the oldest first. Those that were left to aiohttp stay here until room is looked for."""
        self._listening: asyncio.Server | None = None
        # Compressed bodies are refused, so nothing needs to be unpacked; requests are counted, not logged.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False,
            keepalive_timeout=keep_alive_s, lingering_time=LINGER_S, shutdown_timeout=SHUTDOWN_S,
        )  # fmt: skip

    async def start(self, host: str, port: int) -> int:
        """The port it listens on: another than asked for if that was 0."""
        await self._runner.setup()
        try:
            self._listening = await asyncio.get_running_loop().create_server(self._admit, host, port)
        except OSError as error:
            # asyncio wraps the system's words into more words; a name that is not found has only its own.
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise CannotListen(f"Port {port} of {host} cannot be used ({why}). Set another HOST or PORT.") from error
        bound: int = self._listening.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Take no more connections, let requests under way end, close."""
        if self._listening is not None:
            self._listening.close()
        fronts = [front for front in self._fronts if not front.is_left]
        for front in fronts:
            front.stop()
        if under_way := [front.stored for front in fronts if front.stored is not None]:
            await asyncio.wait(under_way, timeout=SHUTDOWN_S)
        for front in fronts:
            if not front.is_left:
                front.abort()
        await self._runner.cleanup()

    def _admit(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        if self._webhook is None:
            return server() if len(server.connections) < self._most else _Turned()
        return Front(
            self._webhook, hand_over=server, on_begin=self._hold, on_end=self._forget, keep_alive_s=self._keep_alive_s
        )

    def _hold(self, front: Front) -> None:
        """One too many takes the place of the oldest on which Meta has not spoken: who holds many keeps nobody else out."""
        self._fronts[front] = None
        if len(self._fronts) > self._most:
            self._fronts = {each: None for each in self._fronts if not each.is_closed}
        if len(self._fronts) > self._most:
            next(each for each in self._fronts if not each.is_known).abort()

    def _forget(self, front: Front) -> None:
        self._fronts.pop(front, None)


class _Turned(asyncio.Protocol):
    """One connection too many: whoever it is comes again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()  # uvloop's is one in all but its class
