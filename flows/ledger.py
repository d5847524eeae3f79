"""The money of an order: payments and refunds as records, each with its own states, and the status derived from them.

Amounts are minor units of the order's currency. The database refuses more refunds than captures, and a second capture of
one transaction of a provider.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows.lifecycle import Lifecycle, read_grid
from flows.order import DEAD, Order

CHECKOUT, PROCESSING, PENDING, COMPLETED, FAILED, INVALID, VOID = (
    "checkout", "processing", "pending", "completed", "failed", "invalid", "void",
)  # fmt: skip
"""States of a payment: begun, at the provider, authorized and to be captured, captured; refused, to be tried again, given up."""
SETTLED = "settled"
"""A refund is `pending` until the provider says `settled` or `failed`."""
METHODS = ("cash", "transfer", "credit", "card", "upi", "pix", "link", "whatsapp_pay", "cod")
"""How money may come in when staff write it down."""

_GRID = """
            process     authorize  capture    fail    invalidate  void  retry
checkout    processing  pending    completed  failed  invalid     void  -
processing  .           pending    completed  failed  invalid     void  -
pending     processing  .          completed  failed  invalid     void  -
completed   -           -          .          -       invalid     void  -
failed      -           -          completed  .       -           -     checkout
invalid     -           -          -          -       .           -     checkout
void        -           -          -          -       -           .     -
"""

PAYMENT: Lifecycle[None] = Lifecycle(
    name="payment",
    states={state: (state,) for state in (CHECKOUT, PROCESSING, PENDING, COMPLETED, FAILED, INVALID, VOID)},
    starts=(CHECKOUT, COMPLETED),
    ends=frozenset({COMPLETED, FAILED, INVALID, VOID}),
    commands=("process", "authorize", "capture", "fail", "invalidate", "void", "retry"),
    facts=(),
    by_state=read_grid(_GRID),
)
"""A payment's record. A capture that comes after a failure is a fact of the provider's, and counts."""

REFUND: Lifecycle[None] = Lifecycle(
    name="refund",
    states={state: (state,) for state in (PENDING, SETTLED, FAILED)},
    starts=(PENDING, SETTLED),
    ends=frozenset({SETTLED, FAILED}),
    commands=("settle", "fail"),
    facts=(),
    by_state=read_grid("""
            settle   fail
pending     settled  failed
settled     .        -
failed      settled  .
"""),
)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that is to come, came, or did not. `transaction_id` is the provider's, known at the latest with the capture."""

    id: int
    store_id: int
    order_id: int
    method: str
    amount: int
    currency: str
    state: str
    created_at: datetime
    provider: str = ""
    reference: str = ""
    transaction_id: str | None = None
    captured_at: datetime | None = None
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, of one payment."""

    id: int
    store_id: int
    order_id: int
    payment_id: int
    amount: int
    state: str
    reason: str
    to_credit: bool
    created_at: datetime
    settled_at: datetime | None = None


STATUSES = (
    "unpaid", "pending", "partially_paid", "paid", "overpaid", "partially_refunded", "refunded", "failed", "voided",
)  # fmt: skip
"""Every `payment_status`."""
LISTED = {
    "paid": ("paid", "overpaid", "partially_refunded"),
    "unpaid": ("unpaid", "pending", "partially_paid", "failed"),
}
"""What people mean by *paid* and *unpaid* in a list."""


def captured(payments: Iterable[Payment]) -> int:
    return sum(payment.amount for payment in payments if payment.state == COMPLETED)


def refunded(refunds: Iterable[Refund]) -> int:
    """What has been given back or is on its way: it cannot be given twice."""
    return sum(refund.amount for refund in refunds if refund.state != FAILED)


def settled(order: Order, payments: Sequence[Payment], refunds: Iterable[Refund]) -> Order:
    """The order with its sums and its payment status as its records say, and whether they ask a question."""
    after = replace(order, captured=captured(payments), refunded=refunded(refunds))
    after = replace(after, payment_status=status(after, payments))
    return replace(after, asks_cancel=_asks_cancel(after))


def _asks_cancel(order: Order) -> bool:
    """All the money is back and nothing has left: somebody must say whether the order is canceled too."""
    nothing_left = order.fulfillment_status in ("unfulfilled", "backordered")
    return order.is_open and order.payment_status == "refunded" and nothing_left


def status(order: Order, payments: Iterable[Payment] | None = None) -> str:
    """`payment_status` of an order whose `captured` and `refunded` are up to date.

    Without `payments` (nothing about them changed) what is under way or has failed is taken from the status so far.
    """
    if order.captured:
        return _of_money(order)
    if order.status in DEAD or (order.waived and not order.payable):
        return "voided"
    states = {order.payment_status} if payments is None else {payment.state for payment in payments}
    if states & {PROCESSING, PENDING}:
        return "pending"
    return "failed" if states & {FAILED, INVALID} else "unpaid"


def _of_money(order: Order) -> str:
    if order.refunded >= order.captured:
        return "refunded"
    if order.net >= order.payable:
        return "paid" if order.net == order.payable else "overpaid"
    return "partially_refunded" if order.refunded else "partially_paid"
