"""The providers there are: who reads what each of them reports, and which of them this process has the secrets for."""

from collections.abc import Callable, Mapping

from flows.payments import Report, Reported

READERS: Mapping[str, Callable[[bytes], list[Report]]] = {}
"""Who reads an event of kind `payment.{name}`; what has been taken in is read whether or not its secrets are still here."""


def read(kind: str, payload: bytes) -> Reported | None:
    """What a provider's event says; None of an event that is no provider's."""
    name = kind.removeprefix("payment.")
    return Reported(tuple(READERS[name](payload))) if name != kind and name in READERS else None
