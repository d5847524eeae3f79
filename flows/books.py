"""The ledger as double entries: every line of money stands in two accounts, once with each sign, so that all of it is nothing.

`customer` is what customers owe (less than nothing: what is owed to them), `sales` what was sold, `credit` the store credit
that customers have, `held` money that counts for nothing; any other account is where money is, by provider or by method.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.ledger import COMPLETED, FAILED, Payment, Refund
from flows.order import DEAD, Order

CUSTOMER, SALES, CREDIT, HELD = "customer", "sales", "credit", "held"
CHARGE, PAYMENT, REFUND, ALLOWANCE, GIFT = "charge", "payment", "refund", "allowance", "credit"
COLUMNS = (
    "entry", "at", "order", "kind", "account", "amount", "currency", "method", "state", "reference", "transaction_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Half of an entry: `amount` minor units into `account`, or out of it with a minus."""

    entry: int
    at: datetime
    order: int | None
    kind: str
    account: str
    amount: int
    currency: str
    method: str = ""
    state: str = ""
    reference: str = ""
    transaction_id: str = ""

    def row(self) -> tuple[object, ...]:
        at = self.at.astimezone(UTC).isoformat()
        return (self.entry, at, self.order or "", *(getattr(self, name) for name in COLUMNS[3:]))


@dataclass(frozen=True, slots=True)
class Gift:
    """Store credit that was given, or taken back, without an order."""

    at: datetime
    amount: int
    currency: str


def entries(
    orders: Sequence[Order], payments: Sequence[Payment], refunds: Sequence[Refund], gifts: Sequence[Gift] = ()
) -> Iterator[Line]:
    """All of it, each entry two lines that sum to nothing."""
    numbers = {order.id: order.number for order in orders}
    of = {payment.id: payment for payment in payments}
    number = 0

    def pair(plus: str, minus: str, amount: int, **told: object) -> Iterator[Line]:
        nonlocal number
        number += 1
        for account, part in ((plus, amount), (minus, -amount)):
            yield Line(number, account=account, amount=part, **told)  # type: ignore[arg-type]

    for order in orders:
        told = {"at": order.placed_at, "order": order.number, "currency": order.currency}
        if order.total and order.status not in DEAD:
            yield from pair(CUSTOMER, SALES, order.total, kind=CHARGE, **told)
        if left := _not_owed_again(order):
            yield from pair(SALES, CUSTOMER, left, kind=ALLOWANCE, **{**told, "at": order.changed_at})
    for payment in payments:
        if payment.state == COMPLETED:
            against = HELD if payment.is_held else CUSTOMER
            yield from pair(
                _where(payment), against, payment.amount, kind=PAYMENT, at=payment.captured_at or payment.created_at,
                state=payment.request, **_named(payment, numbers),
            )  # fmt: skip
    for refund in refunds:
        payment = of[refund.payment_id]
        if refund.state != FAILED:
            against = HELD if payment.is_held else CUSTOMER
            out = CREDIT if refund.to_credit else _where(payment)
            yield from pair(
                against, out, refund.amount, kind=REFUND, at=refund.created_at, state=refund.state,
                **{**_named(payment, numbers), "transaction_id": refund.transaction_id or ""},
            )  # fmt: skip
    for gift in gifts:
        yield from pair(SALES, CREDIT, gift.amount, kind=GIFT, at=gift.at, order=None, currency=gift.currency)


def _not_owed_again(order: Order) -> int:
    """What was given back of goods that the customer keeps: sold for less, in the end."""
    owes = 0 if order.status in DEAD else order.total
    return owes - order.net - order.balance_due + order.credit_owed


def _where(payment: Payment) -> str:
    return CREDIT if payment.method == "credit" else payment.provider or payment.method


def _named(payment: Payment, numbers: Mapping[int, int]) -> dict[str, object]:
    return {
        "order": numbers.get(payment.order_id or 0), "currency": payment.currency, "method": payment.method,
        "reference": payment.reference, "transaction_id": payment.transaction_id or "",
    }  # fmt: skip
