"""What a move makes of an order: its new status, its pieces and parcels, its prices, and the axes that follow from them.

All of it is values; `models/orders.py: advance` writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows import fulfilment, ledger
from flows.fulfilment import Parcels, Plan, Shipment
from flows.lifecycle import Move
from flows.order import Action, Line, Order, Sale
from flows.order_table import moved

OF_PARCELS = frozenset(
    {
        "ship", "out", "deliver", "failed", "cancel", "reject", "deny", "resume", "cancel_lines", "abandon", "recover", "expire",
    }
)  # fmt: skip
"""Events that change shipments, or where their pieces are kept, if there are any."""
PROMISED_ANEW = frozenset({"resume", "recover"})
"""Events after which an order's pieces are taken from the shelf again."""


@dataclass(frozen=True, slots=True)
class Allotted:
    """Lines with what of them is there and what is not, and from where the pieces come."""

    lines: Sequence[Line]
    plan: Plan


def apply(
    before: Sale,
    shipments: Sequence[Shipment],
    action: Action,
    outcome: Move,
    now: datetime,
    *,
    allotted: Allotted | None = None,
) -> tuple[Order, Parcels]:
    """The order after `action`, and what became of its lines and parcels. `allotted`: its pieces are promised anew."""
    order = moved(before.order, action, outcome, now)
    if allotted is not None:
        parcels = fulfilment.planned(order, allotted.lines, shipments, allotted.plan)
    else:
        parcels = fulfilment.follow(order, action, before.lines, shipments, now)
    all_here = _all_arrived(shipments, parcels) if action.event == "deliver" else None
    return derived(order, parcels.lines, is_delivered=all_here), parcels


def derived(order: Order, lines: Sequence[Line], *, is_delivered: bool | None = None) -> Order:
    """The order with its prices and the axes that follow from its lines and its money."""
    subtotal = sum(line.total for line in lines)
    discount = min(order.discount, subtotal)
    order = replace(order, subtotal=subtotal, discount=discount, total=subtotal - discount + order.tax + order.shipping)
    return replace(
        order,
        fulfillment_status=fulfilment.status(order, lines, is_delivered=is_delivered),
        payment_status=ledger.status(order),
    )


def _all_arrived(before: Sequence[Shipment], change: Parcels) -> bool:
    return all(shipment.state != fulfilment.SHIPPED for shipment in fulfilment.merged(before, change))
