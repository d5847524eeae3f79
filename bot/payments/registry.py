"""The providers there are: who reads what each of them reports, and which of them this process has the keys for."""

from collections.abc import Callable, Iterable, Mapping

from bot.clock import Clock
from bot.payments import mercadopago, razorpay, stripe
from bot.payments.provider import Provider
from bot.settings import Account
from flows.payments import Report, Reported

READERS: Mapping[str, Callable[[bytes], list[Report]]] = {
    stripe.NAME: stripe.read,
    razorpay.NAME: razorpay.read,
    mercadopago.NAME: mercadopago.read,
}
"""Who reads an event of kind `payment.{name}`; what has been taken in is read whether or not its keys are still here."""
ADAPTERS: Mapping[str, Callable[..., Provider]] = {
    stripe.NAME: stripe.Stripe,
    razorpay.NAME: razorpay.Razorpay,
    mercadopago.NAME: mercadopago.MercadoPago,
}
"""Who calls a provider that has an account of its own in the environment."""


def connect(accounts: Iterable[Account], *, clock: Clock, return_url: str) -> dict[str, Provider]:
    """Whoever has paid on a provider's page comes back to `return_url`."""
    return {account.name: ADAPTERS[account.name](account, clock=clock, return_url=return_url) for account in accounts}


def read(kind: str, payload: bytes) -> Reported | None:
    """What a provider's event says; None of an event that is no provider's."""
    name = kind.removeprefix("payment.")
    return Reported(tuple(READERS[name](payload))) if name != kind and name in READERS else None
