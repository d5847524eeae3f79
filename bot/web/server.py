"""The listening socket: aiohttp's server with our limits on what a connection may hold on to."""

import asyncio
import os

from aiohttp import web

KEEP_ALIVE_S = 75
LINGER_S = 2.0
"""After a refusal that did not wait for the body: so long is read on, so that the other side gets to see the answer."""
SHUTDOWN_S = 1.0
"""For requests under way when the program is told to stop; what is cut off was not acknowledged and comes again."""
CONNECTIONS = 900
"""At once; more are closed unheard. Below the 1,024 files that a process may usually hold open, with the rest for our own."""


class CannotListen(Exception):
    """The port is taken or not ours to use."""


class Server:
    """One application on one port. `port` is the one it got, when it was asked for 0."""

    def __init__(
        self, app: web.Application, *, connections: int = CONNECTIONS, keep_alive_s: float = KEEP_ALIVE_S
    ) -> None:
        self._most = connections
        self._listening: asyncio.Server | None = None
        # Compressed bodies are refused, so nothing needs to be unpacked; requests are counted, not logged.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False,
            keepalive_timeout=keep_alive_s, lingering_time=LINGER_S, shutdown_timeout=SHUTDOWN_S,
        )  # fmt: skip

    async def start(self, host: str, port: int) -> int:
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
        await self._runner.cleanup()

    def _admit(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None
        return server() if len(server.connections) < self._most else _Turned()


class _Turned(asyncio.Protocol):
    """One connection too many: whoever it is comes again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()
