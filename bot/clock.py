"""The only reader of the clock and of randomness. The sandbox moves the clock by an offset; waiting is never sped up."""

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class Clock:
    """`now()` is the business's time (aware UTC), `monotonic()` the machine's (seconds, for timeouts and measuring).

    `listeners` are called when the clock was moved: whoever waits for a moment looks again.
    """

    offset: timedelta = field(default_factory=timedelta)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> datetime:
        """Sandbox and tests only: the day jumps forward. Never back, as no real clock that we depend on does."""
        if by < timedelta():
            raise ValueError("the clock only moves forward")
        self.offset += by
        for listener in self.listeners:
            listener()
        return self.now()

    @staticmethod
    def monotonic() -> float:
        return time.monotonic()


class Ids:
    """Time-ordered 63-bit ids, ascending in a process and unlikely to meet another's; a clash is refused by the primary key.

    Layout: 43 bits of milliseconds since 2020, 20 random bits.
    """

    _EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._random = random.Random()  # noqa: S311 - no secret: seeded by the system, so that no two processes agree

    def new(self) -> int:
        ms = int((self._clock.now() - self._EPOCH).total_seconds() * 1000)
        self._last = max(self._last + 1, (ms << 20) | self._random.getrandbits(20))
        return self._last

    @staticmethod
    def token() -> str:
        """An unguessable name (96 bits) that says nothing about anybody."""
        return secrets.token_urlsafe(12)

    @staticmethod
    def salt() -> bytes:
        """32 random bytes."""
        return secrets.token_bytes(32)
