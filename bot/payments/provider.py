"""What every payment provider can do for us, whoever it is, and how what it says becomes values."""

from collections.abc import Mapping
from typing import Any, Protocol

from flows.payments import Answer, Call
from models.inbox import Arrival


class Unavailable(Exception):
    """Nobody answered, or not so that it could be understood: the same call is made again later."""


class Forged(Exception):
    """A webhook that its provider did not sign."""


class Unreadable(Exception):
    """A signed webhook that is not what the provider documents."""


class Provider(Protocol):
    """An adapter. One for each provider that the environment has secrets for; `name` is its word in `/payments/{name}`.

    Its module has a `read` as well, in `registry.READERS`: what an event of kind `payment.{name}` says, as reports. It
    never raises, and finds nothing in what is about nothing of ours.
    """

    name: str

    async def perform(self, call: Call) -> Answer:
        """Make one call, once, with `call.id` as its idempotency key; raises Unavailable.

        By `call.kind`: "create" answers with `url` and `provider_id`; "look_up", "capture" and "refund" with `reports`
        ("settle" and "fail" of a refund; none while it is on its way); "withdraw" with nothing.
        """
        ...

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        """A webhook as events for the inbox, of kind `payment.{name}`. Raises Forged and Unreadable; understands little else."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def lane(reference: str) -> str:
    """The ordering key of everything about one request to pay."""
    return f"p:{reference}" if reference else "unknown"


def minor(value: Any) -> int | None:
    """An amount in minor units as providers write it; None for what is no amount of money at all."""
    return value if type(value) is int and 0 < value < 10**15 else None
