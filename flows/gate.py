"""What a move makes of an order: its new status, its pieces and parcels, its prices, and the axes that follow from them.

All of it is values; `models/orders.py: advance` writes them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flows import fulfilment, ledger
from flows.fulfilment import Parcels, Shipment
from flows.lifecycle import Move
from flows.order import Action, Line, Order, Sale
from flows.order_table import moved

OF_PARCELS = frozenset({"ship", "deliver", "failed", "cancel", "reject", "deny", "resume", "cancel_lines"})
"""Events that change shipments, if there are any."""


def apply(
    before: Sale, shipments: Sequence[Shipment], action: Action, outcome: Move, now: datetime
) -> tuple[Order, Parcels]:
    """The order after `action`, and what became of its lines and parcels."""
    order = moved(before.order, action, outcome, now)
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
    now = {shipment.id: shipment for shipment in [*before, *change.changed]}.values()
    return all(shipment.state != fulfilment.SHIPPED for shipment in now)
