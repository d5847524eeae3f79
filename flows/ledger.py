"""The money of an order: payments and refunds as records, each with its own states, and the status derived from them.

Amounts are minor units of the order's currency. The database refuses more refunds than captures, and a second capture of
one transaction of a provider.
"""

from collections.abc import Collection, Iterable, Sequence
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

OPEN = (CHECKOUT, PROCESSING, PENDING)
"""Asked for and not decided: of these an order has one at a time, and the database sees to it."""

_GRID = """
            process     authorize  capture    fail    invalidate  void
checkout    processing  pending    completed  failed  invalid     void
processing  .           pending    completed  failed  invalid     void
pending     =           .          completed  failed  invalid     void
completed   =           =          .          =       =           =
failed      processing  pending    completed  .       invalid     void
invalid     =           =          completed  =       .           =
void        =           =          completed  =       =           .
"""

PAYMENT: Lifecycle[None] = Lifecycle(
    name="payment",
    states={state: (state,) for state in (CHECKOUT, PROCESSING, PENDING, COMPLETED, FAILED, INVALID, VOID)},
    starts=(CHECKOUT, COMPLETED),
    ends=frozenset({COMPLETED, FAILED, INVALID, VOID}),
    commands=(),
    facts=("process", "authorize", "capture", "fail", "invalidate", "void"),
    by_state=read_grid(_GRID),
)
"""A payment's record. All of it is reported, in any order, and money that came is never taken back by what is told later."""

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
settled     .        failed
failed      settled  .
"""),
)
"""A refund's record. Banks send back what went through; what we gave up may have gone through all the same."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that is to come, came, or did not. `transaction_id` is the provider's, known at the latest with the capture.

    One that the customer was asked for has a `reference` that nothing else has, and from `asked_at` on the means to pay it:
    `url` is a page or a code, `provider_id` what the provider calls it. `ended` says why it is void. Money that `is_held`
    came and counts for nothing until somebody of the shop has decided about it; only such money may be of no order.
    `told` is what the customer's own page of it in WhatsApp says of the order, where there is one.
    `proof` is Meta's id of the picture with which the customer says that it is paid, `proof_wamid` the message with it.
    """

    id: int
    store_id: int
    order_id: int | None
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
    provider_id: str = ""
    url: str = ""
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    ended: str = ""
    is_held: bool = False
    told: str = ""
    proof: str = ""
    proof_wamid: str = ""
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_payable(self) -> bool:
        """Whether money may still come of it: what the customer was given can be used again after a failure."""
        return self.is_open or self.state == FAILED

    @property
    def is_on_its_way(self) -> bool:
        """Whether the provider is at it: what it says next may be that the money is there."""
        return self.state in (PROCESSING, PENDING)

    @property
    def waits_for_shop(self) -> bool:
        """Whether its customer has shown that it is paid, and nobody of the shop has looked yet."""
        return bool(self.proof) and self.is_open

    @property
    def is_request(self) -> bool:
        """Whether the customer was asked for it; anything else was written down as it came."""
        return self.asked_at is not None or self.state != COMPLETED

    @property
    def counts(self) -> bool:
        """Whether it is money that the order has."""
        return self.state == COMPLETED and not self.is_held

    @property
    def left(self) -> int:
        """What of it could still go back."""
        return self.amount - self.refunded if self.state == COMPLETED else 0

    @property
    def request(self) -> str:
        """How asking for it stands, in the words of whoever waits for the answer."""
        if self.state == CHECKOUT:
            return "sent" if self.asked_at else "created"
        return {PROCESSING: "pending", PENDING: "pending", COMPLETED: "captured", VOID: self.ended or "canceled"}.get(
            self.state, FAILED
        )


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, of one payment. `transaction_id` is the provider's."""

    id: int
    store_id: int
    order_id: int | None
    payment_id: int
    amount: int
    state: str
    reason: str
    to_credit: bool
    created_at: datetime
    settled_at: datetime | None = None
    transaction_id: str | None = None
    version: int = 1


STATUSES = (
    "unpaid", "pending", "partially_paid", "paid", "overpaid", "partially_refunded", "refunded", "failed", "voided",
)  # fmt: skip
"""Every `payment_status`."""
LISTED = {
    "paid": ("paid", "overpaid", "partially_refunded"),
    "unpaid": ("unpaid", "pending", "partially_paid", "failed"),
    "refunded": ("refunded", "partially_refunded"),
    "overpaid": ("overpaid",),
}
"""What people mean by these words in a list."""


def captured(payments: Iterable[Payment]) -> int:
    return sum(payment.amount for payment in payments if payment.counts)


def refunded(refunds: Iterable[Refund]) -> int:
    """What has been given back or is on its way: it cannot be given twice."""
    return sum(refund.amount for refund in refunds if refund.state != FAILED)


def settled(order: Order, payments: Sequence[Payment], refunds: Iterable[Refund]) -> Order:
    """The order with its sums and its payment status as its records say, and whether they ask a question."""
    counted = {payment.id for payment in payments if payment.counts}
    back = refunded(refund for refund in refunds if refund.payment_id in counted)
    after = replace(order, captured=captured(payments), refunded=back)
    after = replace(after, payment_status=status(after, {payment.state for payment in payments}))
    return replace(after, asks_cancel=_asks_cancel(after))


def _asks_cancel(order: Order) -> bool:
    """All the money is back and nothing has left: somebody must say whether the order is canceled too."""
    nothing_left = order.fulfillment_status in ("unfulfilled", "backordered")
    return order.is_open and order.payment_status == "refunded" and nothing_left


def status(order: Order, states: Collection[str] | None = None) -> str:
    """`payment_status` of an order whose `captured` and `refunded` are up to date.

    Without the `states` of its payments (nothing about them changed) what is under way or has failed is taken from the
    status so far.
    """
    if order.captured:
        return _of_money(order)
    if order.status in DEAD or (order.waived and not order.payable):
        return "voided"
    known = {order.payment_status} if states is None else set(states)
    if known & {PROCESSING, PENDING}:
        return "pending"
    return "failed" if known & {FAILED, INVALID} else "unpaid"


def _of_money(order: Order) -> str:
    if order.refunded >= order.captured:
        return "refunded"
    if order.net >= order.payable:
        return "paid" if order.net == order.payable else "overpaid"
    return "partially_refunded" if order.refunded else "partially_paid"
