"""The order: what it is, what may happen to it, and what follows. A decision is a value; `models/orders.py` writes it.

A cart that arrives is `placed` at once, and `checkout_step` runs beside the status until nothing is open with the customer.
Statuses of later lifecycles (approval, invoices, returns) join this grid when they are built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from flows.lifecycle import Lifecycle, Move, Outcome, Reason, Refused, read_grid
from flows.settings import Settings


class Step(StrEnum):
    """What the customer has still to say."""

    ADDRESS = "address"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was sold: a snapshot, whatever becomes of the product. Prices are minor units of the order's currency."""

    retailer_id: str
    title: str
    quantity: int
    unit_price: int
    brand: str = ""
    image_link: str = ""

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the rules see it. Money is minor units of `currency`; `total = subtotal - discount + tax + shipping`."""

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
    version: int = 1

    @property
    def label(self) -> str:
        """`#1042`, as people call it."""
        return f"#{self.number}"

    @property
    def needs_address(self) -> bool:
        return self.delivery_method in ("courier", "rider")

    @property
    def is_open(self) -> bool:
        return self.status not in ORDER.ends


STATES = {
    "cart": ("abandoned",),
    "new": ("placed", "confirmed"),
    "processing": ("processing", "packed", "shipped", "out_for_delivery"),
    "on_hold": ("on_hold",),
    "complete": ("delivered",),
    "canceled": ("canceled", "expired"),
}

COMMANDS = ("confirm", "start", "pack", "ship", "out", "deliver", "hold", "release", "cancel")
FACTS = ("submit", "recover", "abandon", "expire")

# What holds for a state holds for its statuses, but for those with a row of their own below.
_BY_STATE = """
            confirm    start       pack    ship     out               deliver    hold     release  cancel    submit     recover  abandon    expire
cart        -          -           -       -        -                 -          -        -        canceled  =          placed   =          expired
new         .          processing  packed  shipped  -                 -          on_hold  -        canceled  =          =        =          =
processing  .          .           packed  shipped  out_for_delivery  delivered  on_hold  -        canceled  =          =        =          =
on_hold     -          -           -       -        -                 -          .        <        canceled  =          =        =          =
complete    -          -           -       -        -                 .          -        -        -         =          =        =          =
canceled    -          -           -       -        -                 -          -        -        .         =          =        =          =
"""  # noqa: E501 - a grid is read by its columns
_BY_STATUS = """
                  confirm    start  pack  ship     out               deliver    hold  release  cancel    submit     recover  abandon    expire
placed            confirmed  -      -     -        -                 -          on_hold  -     canceled  confirmed  =        abandoned  =
processing        .          .      packed  shipped  -               -          on_hold  -     canceled  =          =        =          =
packed            .          .      .     shipped  out_for_delivery  -          on_hold  -     canceled  =          =        =          =
shipped           .          .      .     .        out_for_delivery  delivered  -     -        canceled  =          =        =          =
out_for_delivery  .          .      .     .        .                 delivered  -     -        canceled  =          =        =          =
"""  # noqa: E501 - a grid is read by its columns


@dataclass(frozen=True, slots=True)
class Case:
    """An event and everything its guards may look at."""

    order: Order
    event: str
    settings: Settings
    by: str
    tracking: str | None = None
    reason: str | None = None


def _address_is_known(case: Case) -> Reason | None:
    if case.order.needs_address and case.order.address is None:
        return Reason("why.address")
    return None


def _tracking_is_given(case: Case) -> Reason | None:
    required = case.order.delivery_method in case.settings.get("tracking_required")
    return Reason("why.tracking") if required and not (case.tracking or case.order.tracking) else None


def _reason_is_given(case: Case) -> Reason | None:
    return None if case.reason else Reason("why.reason")


def _own_rider(case: Case) -> Reason | None:
    """Going out without having been handed to a carrier is for the shop's own rider."""
    if case.order.status == "packed" and case.order.delivery_method != "rider":
        return Reason("why.not_own_rider")
    return None


_CANCELED_UNTIL = {
    "placed": ("placed",),
    "confirmed": ("placed", "confirmed"),
    "packed": ("placed", "confirmed", "processing", "packed"),
    "shipped": ("placed", "confirmed", "processing", "packed", "shipped", "out_for_delivery"),
    "never": (),
}
"""`customer_cancel_until`: the statuses in which a customer may still cancel. `packed` means until it is on its way."""
_ON_ITS_WAY = ("shipped", "out_for_delivery")


def _may_still_cancel(case: Case) -> Reason | None:
    status = case.order.held_from or case.order.status
    if case.by == CUSTOMER:
        allowed = (*_CANCELED_UNTIL[case.settings.get("customer_cancel_until")], "abandoned")
        return None if status in allowed else Reason("why.too_late_to_cancel")
    if status in _ON_ITS_WAY and case.settings.get("cancel_after_ship") == "never":
        return Reason("why.no_cancel_after_ship")
    return None


def _customer_is_asked(case: Case) -> Reason | None:
    """Only an order that waits for its customer is abandoned; one that waits for the shop never is."""
    return Reason("why.waits_for_shop") if case.order.checkout_step == Step.COMPLETE else None


def _customer_is_asked_nothing(case: Case) -> Reason | None:
    return None if case.order.checkout_step == Step.COMPLETE else Reason("why.address")


def _flow_confirms(case: Case) -> Reason | None:
    """In the flow `manual` a complete order waits for the shop."""
    return Reason("why.manual") if case.settings.get("order_flow") == "manual" else None


ORDER: Lifecycle[Case] = Lifecycle(
    name="order",
    states=STATES,
    starts=("placed",),
    ends=frozenset({"delivered", "canceled", "expired"}),
    commands=COMMANDS,
    facts=FACTS,
    grid=read_grid(_BY_STATE, _BY_STATUS),
    guards={
        "ship": (_address_is_known, _tracking_is_given),
        "out": (_own_rider,),
        "hold": (_reason_is_given,),
        "cancel": (_may_still_cancel,),
        "submit": (_customer_is_asked_nothing, _flow_confirms),
        "abandon": (_customer_is_asked,),
    },
)

CUSTOMER, STAFF, TIMER, SYSTEM = "customer", "staff", "timer", "system"
"""Who did something, in the history."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something asked of an order, or reported of it, with its arguments."""

    event: str
    by: str
    note: str = ""
    tracking: str | None = None
    carrier: str | None = None
    is_quiet: bool = False
    details: Mapping[str, str] = field(default_factory=dict)


def decide(order: Order, action: Action, settings: Settings) -> Outcome:
    case = Case(order, action.event, settings, action.by, action.tracking, action.note or None)
    return ORDER.decide(order.status, action.event, case, held_from=order.held_from)


def moved(order: Order, action: Action, outcome: Move, now: datetime) -> Order:
    """The order after `action`; its version is the database's business."""
    holds = action.event == "hold"
    return replace(
        order,
        status=outcome.status,
        held_from=order.status if holds else None if outcome.status != order.status else order.held_from,
        tracking=action.tracking or order.tracking,
        carrier=action.carrier or order.carrier,
        changed_at=now if outcome.status != order.status else order.changed_at,
    )


def next_actions(order: Order, settings: Settings, *, by: str = STAFF) -> list[str]:
    """The commands that make sense now, the most likely first. What lacks only an argument is offered: it is asked for."""
    offered = []
    for event in COMMANDS:
        outcome = decide(order, Action(event, by, note="-", tracking="-"), settings)
        if isinstance(outcome, Move):
            offered.append(event)
    return sorted(offered, key=_LIKELY.index)


_LIKELY = ("confirm", "release", "ship", "deliver", "out", "pack", "start", "hold", "cancel")


def why_not(order: Order, event: str, settings: Settings, *, by: str = STAFF) -> tuple[Reason, ...]:
    """Every reason why `event` may not happen as it is now; empty when it may."""
    outcome = decide(order, Action(event, by), settings)
    return outcome.reasons if isinstance(outcome, Refused) else ()


REMIND, ABANDON, EXPIRE = "remind", "abandon", "expire"
TIMERS = (REMIND, ABANDON, EXPIRE)
"""Kinds of an order's timers; their subject is the order's id."""


def open_until(order: Order, settings: Settings) -> tuple[tuple[str, datetime], ...]:
    """The timers of an order whose open question is the customer's: (kind, when). A duration of 0 rings never."""
    waits: dict[str, str] = {}
    if order.status == "placed" and order.checkout_step != Step.COMPLETE:
        waits = {REMIND: "abandon_reminder", ABANDON: "abandon_after"}
    elif order.status == "abandoned":
        waits = {EXPIRE: "expire_after"}
    moments = []
    for kind, name in waits.items():
        wait: timedelta = settings.get(name)
        if wait:
            moments.append((kind, order.changed_at + wait))
    return tuple(moments)
