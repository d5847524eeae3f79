"""The order as a value: what was sold, where it stands on each of its axes, and what may be asked of it.

What may happen to it stands in `flows/order_table.py`, when it may in `flows/order_rules.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Step(StrEnum):
    """What the customer has still to say."""

    ADDRESS = "address"
    PAYMENT = "payment"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was sold: a snapshot, whatever becomes of the product. Prices are minor units of the order's currency.

    `quantity` pieces are sold now; those that were `canceled` before they left are no longer among them. `backordered`
    ones are not there yet, `returned` ones were shipped.
    """

    retailer_id: str
    title: str
    quantity: int
    unit_price: int
    brand: str = ""
    image_link: str = ""
    backordered: int = 0
    shipped: int = 0
    returned: int = 0
    canceled: int = 0

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity

    @property
    def left(self) -> int:
        """Pieces that have not been shipped."""
        return self.quantity - self.shipped

    @property
    def on_hand(self) -> int:
        """Pieces that could be shipped now."""
        return self.left - self.backordered


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of a line: `2xSKU`."""

    retailer_id: str
    quantity: int


STATES: Mapping[str, tuple[str, ...]] = {
    "cart": ("cart", "abandoned"),
    "new": ("placed", "confirmed"),
    "payment_review": ("payment_review",),
    "processing": (
        "approved", "processing", "awaiting_invoice", "invoice_issued", "packed", "partially_shipped", "shipped",
        "out_for_delivery", "awaiting_confirmation",
    ),
    "on_hold": ("on_hold",),
    "complete": ("delivered", "delivery_confirmed", "completed"),
    "canceled": ("canceled", "rejected", "expired"),
    "closed": ("returned",),
}  # fmt: skip
STATUSES = tuple(status for statuses in STATES.values() for status in statuses)
BOOKING_STATES: Mapping[str, tuple[str, ...]] = {
    "new": ("pending",),
    "processing": ("scheduled",),
    "complete": ("completed",),
    "canceled": ("canceled",),
    "closed": ("no_show",),
}
"""A booking has statuses of its own, in the same states."""
BOOKING_STATUSES = tuple(status for statuses in BOOKING_STATES.values() for status in statuses)
PRODUCT, BOOKING = "product", "booking"
"""Kinds of orders."""
DERIVED = ("partially_shipped", "returned")
"""Statuses that follow from records; nobody sets them."""

ENDED = frozenset(
    {"delivered", "delivery_confirmed", "completed", "canceled", "rejected", "expired", "returned", "no_show"}
)
"""Nothing more is to be done before somebody wishes it."""
FORCED = "force "
"""What stands in the history before an action that overruled the shop's own rules."""
WHATSAPP, STAFFED, COUNTER = "whatsapp", "staff", "counter"
"""Where an order came from: a cart, or the shop made it, with or without a conversation with the customer."""
ON_ITS_WAY = ("partially_shipped", "shipped", "out_for_delivery", "awaiting_confirmation")
DEAD = frozenset({"canceled", "rejected", "expired"})
"""Nothing comes of it, so nothing is owed for it."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the rules see it. Money is minor units of `currency`; `total = subtotal - discount + tax + shipping`.

    `payment_status`, `fulfillment_status` and `return_status` are derived from records of their own and kept for lists.
    `held_from` is where `release` and `resume` lead back to. `asks_cancel`: all money is back before anything has left, and
    somebody must say whether the order is canceled too. `mark` is a status of the merchant's own within `status`.
    `exchange_of` is the number of the order of which pieces come back for this one.
    `waived` is what need not be paid any more, since its pieces came back before it was.
    `deposit` is what of this order is asked for first; None is the store's own share of it.
    """

    id: int
    store_id: int
    contact_id: int
    number: int
    kind: str
    status: str
    checkout_step: str
    payment_method: str
    delivery_method: str
    currency: str
    subtotal: int
    discount: int
    tax: int
    shipping: int
    total: int
    placed_at: datetime
    changed_at: datetime
    held_from: str | None = None
    address: Mapping[str, str] | None = None
    address_source: str | None = None
    customer_note: str = ""
    tracking: str | None = None
    carrier: str | None = None
    needs_review: bool = False
    channel: str = "whatsapp"
    payment_status: str = "unpaid"
    captured: int = 0
    refunded: int = 0
    fulfillment_status: str = "unfulfilled"
    return_status: str = "none"
    assignee_id: int | None = None
    tags: Sequence[str] = ()
    invoice_number: str | None = None
    packed_at: datetime | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    archived_at: datetime | None = None
    mark: str | None = None
    asks_cancel: bool = False
    email: str | None = None
    billing_address: Mapping[str, str] | None = None
    exchange_of: int | None = None
    waived: int = 0
    deposit: int | None = None
    version: int = 1

    @property
    def label(self) -> str:
        """`#1042`, as people call it."""
        return f"#{self.number}"

    @property
    def is_booking(self) -> bool:
        """Whether it is a time of somebody's, and no goods: nothing of it is on a shelf or in a parcel."""
        return self.kind == BOOKING

    @property
    def has_chat(self) -> bool:
        """Whether there is a conversation with the customer: not when the shop took the order at its counter."""
        return self.channel != COUNTER

    @property
    def needs_address(self) -> bool:
        return self.delivery_method in ("courier", "rider")

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED

    @property
    def net(self) -> int:
        """What the shop has of the customer's money."""
        return self.captured - self.refunded

    @property
    def payable(self) -> int:
        """What the customer is to pay in all, as long as something comes of it."""
        return self.total - self.waived

    @property
    def balance_due(self) -> int:
        """What is still to be paid. Once everything has left, what was given back was meant, and is not owed again."""
        has_left = self.fulfillment_status in ("shipped", "delivered")
        return 0 if self.status in DEAD else max(0, self.payable - (self.captured if has_left else self.net))

    @property
    def was_paid(self) -> bool:
        """Whether it has been paid and the shop keeps some of it: nobody waits for a part that was given back."""
        return self.net > 0 and self.captured >= self.payable

    @property
    def credit_owed(self) -> int:
        return max(0, self.net - (0 if self.status in DEAD else self.payable))


class Sale(NamedTuple):
    """An order with its lines."""

    order: Order
    lines: Sequence[Line]


CUSTOMER, STAFF, TIMER, SYSTEM = "customer", "staff", "timer", "system"
"""Who did something, in the history."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something asked of an order, or reported of it, with its arguments.

    `parts` are the pieces that it is about; none means all that can be. `added` are lines that come to the order, as they
    are sold. `number` is the invoice's. `is_forced`: a manager overrules the store's own policies, and says why in `note`.
    """

    event: str
    by: str
    note: str = ""
    tracking: str | None = None
    carrier: str | None = None
    is_quiet: bool = False
    parts: tuple[Part, ...] = ()
    added: tuple[Line, ...] = ()
    number: str | None = None
    is_forced: bool = False
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the history remembers it."""
        return FORCED + self.event if self.is_forced else self.event
