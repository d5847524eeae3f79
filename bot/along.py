"""What a transaction of the dispatcher does for its neighbours: events that come with it, words that leave with it.

Where one process writes, the door, the dispatcher and the sender would otherwise take turns at the one writer, each with a
commit of its own (docs/decisions/0024-one-commit-for-a-batch.md).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from models.engines import Connection

Act = Callable[[Connection], Awaitable[None]]
"""The neighbour's part in the transaction; nothing comes of it unless that is committed."""


class Neighbour(Protocol):
    """A loop whose work somebody else's transaction may do."""

    def along(self) -> AbstractAsyncContextManager[Act]:
        """Around a transaction, from before it begins until it has ended."""

    def wake(self) -> None:
        """There is work that no transaction has done."""


class Afterwards:
    """A neighbour that does its work in transactions of its own: it is woken when its part would have been due."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    @asynccontextmanager
    async def along(self) -> AsyncIterator[Act]:
        is_due = False

        async def note(_connection: Connection) -> None:
            nonlocal is_due
            is_due = True

        yield note
        if is_due:
            self.wake()


class Nobody:
    """A neighbour without work."""

    @asynccontextmanager
    async def along(self) -> AsyncIterator[Act]:
        yield self._act

    async def _act(self, _connection: Connection) -> None:
        pass

    def wake(self) -> None:
        pass
