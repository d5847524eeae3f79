"""Postgres's NOTIFY between processes, over a connection of its own: hints that there is work, which may be lost.

They go out after the commit that made the work, not within it: docs/decisions/0019-hints-after-the-commit.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

CHANNEL = "waybill"
ANSWER_S = 5.0
"""A server that takes longer for so little is gone, or might as well be."""


_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""`InternalClientError` is what comes of asking while the server is just going away."""


class LineLost(ConnectionError):
    """The connection ended, or what is at its other end does not answer."""


class Line:
    """An open connection that hears what other processes say."""

    def __init__(self, connection: Any, lost: asyncio.Event) -> None:
        self._connection, self._lost = connection, lost

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    async def say(self, topics: Iterable[str]) -> None:
        """Tell every other process; without topics only find out whether the server is there."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._connection.execute(
                    "SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic", CHANNEL, sorted(topics)
                )
        except _GONE as error:
            raise LineLost(type(error).__name__) from error


@asynccontextmanager
async def line(
    credentials: Mapping[str, Any], *, heard: Callable[[str], None], ended: Callable[[], None]
) -> AsyncIterator[Line]:
    """Connect and listen. `heard` is called with the topic of each hint from elsewhere, `ended` when the connection is lost.

    Raises OSError or `LineLost` when there is nobody to connect to.
    """
    lost = asyncio.Event()

    def on_end(_connection: object) -> None:
        lost.set()
        ended()

    def on_notice(_connection: object, pid: int, _channel: str, topic: object) -> None:
        if pid != connection.get_server_pid():  # what we said ourselves
            heard(str(topic))

    try:
        connection = await asyncpg.connect(**credentials)
    except _GONE as error:
        raise LineLost(type(error).__name__) from error
    try:
        connection.add_termination_listener(on_end)
        try:
            await connection.add_listener(CHANNEL, on_notice)
        except _GONE as error:
            raise LineLost(type(error).__name__) from error
        yield Line(connection, lost)
    finally:
        connection.terminate()
