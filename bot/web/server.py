"""The listening socket: aiohttp's server with our limits on what a connection may hold on to."""

import os

from aiohttp import web

KEEP_ALIVE_S = 75
LINGER_S = 2.0
"""After a refusal that did not wait for the body: so long is read on, so that the other side gets to see the answer."""
SHUTDOWN_S = 1.0
"""For requests under way when the program is told to stop; what is cut off was not acknowledged and comes again."""


class CannotListen(Exception):
    """The port is taken or not ours to use."""


class Server:
    """One application on one port. `port` is the one it got, when it was asked for 0."""

    def __init__(self, app: web.Application) -> None:
        # Compressed bodies are refused, so nothing needs to be unpacked; requests are counted, not logged.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_S, lingering_time=LINGER_S, shutdown_timeout=SHUTDOWN_S,
        )  # fmt: skip

    async def start(self, host: str, port: int) -> int:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            # asyncio wraps the system's words into more words; a name that is not found has only its own.
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise CannotListen(f"Port {port} of {host} cannot be used ({why}). Set another HOST or PORT.") from error
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Take no more connections, let requests under way end, close."""
        await self._runner.cleanup()
