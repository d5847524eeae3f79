"""Pieces and parcels: which pieces of an order are there, shipped, came back or will never come; and its shipments.

As long as nothing was split or sent, an order has no shipment rows: everything is in the one parcel to come.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows.order import DEAD, Action, Line, Order, Part, Sale

PENDING, READY, SHIPPED, DELIVERED, CANCELED = "pending", "ready", "shipped", "delivered", "canceled"
"""States of a shipment. `ready` is never stored: it is what a pending one is when nothing stands in its way."""

_UNPROMISED = DEAD | {"cart", "abandoned"}
"""Statuses in which no piece is kept for the order."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel: `parts` are pieces by retailer id. What the carrier reports (`carrier_status`) never moves the order."""

    id: int
    order_id: int
    number: int
    state: str
    parts: Mapping[str, int]
    location: str = ""
    tracking: str | None = None
    carrier: str | None = None
    carrier_status: str = "unknown"
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parcels:
    """An order's pieces and parcels after something happened to it; `new` is the parcel that was made of it, without an id."""

    lines: tuple[Line, ...]
    changed: tuple[Shipment, ...] = ()
    new: Shipment | None = None


def follow(
    order: Order, action: Action, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime
) -> Parcels:
    """What `action` does to pieces and parcels; `order` is as the action left it."""
    match action.event:
        case "ship":
            return _ship(order, action, lines, shipments, now)
        case "deliver":
            return _deliver(order, lines, shipments, now)
        case "failed":
            failed = [replace(s, carrier_status="failure") for s in shipments if s.state == SHIPPED]
            return Parcels(tuple(lines), tuple(failed))
        case "cancel" | "reject" | "deny":
            return Parcels(tuple(lines), tuple(replace(s, state=CANCELED) for s in shipments if s.state != DELIVERED))
        case "resume":
            back = [replace(s, state=PENDING) for s in shipments if s.state == CANCELED and s.shipped_at is None]
            return Parcels(tuple(lines), tuple(back))
        case "cancel_lines":
            return _cancel_lines(action, lines, shipments)
    return Parcels(tuple(lines))


def _ship(order: Order, action: Action, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime) -> Parcels:
    parcel = _counted(action.parts) or {line.retailer_id: line.left for line in lines if line.left}
    after = tuple(replace(line, shipped=line.shipped + parcel.get(line.retailer_id, 0)) for line in lines)
    sent = Shipment(
        0, order.id, len(shipments) + 1, SHIPPED, parcel,
        tracking=action.tracking, carrier=action.carrier, carrier_status="pre_transit", shipped_at=now,
    )  # fmt: skip
    planned = [shipment for shipment in shipments if shipment.state == PENDING]
    if not action.parts and planned:
        return Parcels(
            after,
            tuple(
                replace(
                    shipment, state=SHIPPED, tracking=action.tracking, carrier=action.carrier,
                    carrier_status="pre_transit", shipped_at=now,
                )
                for shipment in planned
            ),
        )  # fmt: skip
    return Parcels(after, _without(planned, parcel), sent)


def _without(planned: Sequence[Shipment], parcel: Mapping[str, int]) -> tuple[Shipment, ...]:
    """What is left of planned parcels when these pieces go another way."""
    left, changed = Counter(parcel), []
    for shipment in planned:
        kept = {}
        for sku, count in shipment.parts.items():
            taken = min(count, left[sku])
            left[sku] -= taken
            if count - taken:
                kept[sku] = count - taken
        if kept != dict(shipment.parts):
            changed.append(replace(shipment, parts=kept, state=shipment.state if kept else CANCELED))
    return tuple(changed)


def _deliver(order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime) -> Parcels:
    arrived = tuple(
        replace(shipment, state=DELIVERED, carrier_status="delivered", delivered_at=now)
        for shipment in shipments
        if shipment.state == SHIPPED
    )
    handed_over = {line.retailer_id: line.left for line in lines if line.left}
    if order.status != "delivery_confirmed" or not handed_over:
        return Parcels(tuple(lines), arrived)
    fetched = Shipment(
        0,
        order.id,
        len(shipments) + 1,
        DELIVERED,
        handed_over,
        carrier_status="delivered",
        shipped_at=now,
        delivered_at=now,
    )
    return Parcels(tuple(replace(line, shipped=line.quantity) for line in lines), arrived, fetched)


def _cancel_lines(action: Action, lines: Sequence[Line], shipments: Sequence[Shipment]) -> Parcels:
    gone = _counted(action.parts)
    after = tuple(
        replace(
            line,
            quantity=line.quantity - gone.get(line.retailer_id, 0),
            canceled=line.canceled + gone.get(line.retailer_id, 0),
            backordered=max(0, line.backordered - gone.get(line.retailer_id, 0)),
        )
        for line in lines
    )
    return Parcels(after, _without([s for s in shipments if s.state == PENDING], gone))


def _counted(parts: Sequence[Part]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for part in parts:
        counted[part.retailer_id] += part.quantity
    return dict(counted)


def promised(sale: Sale) -> Counter[str]:
    """Pieces kept on the shelf for this order, by retailer id."""
    if sale.order.status in _UNPROMISED:
        return Counter()
    return Counter({line.retailer_id: line.on_hand for line in sale.lines if line.on_hand > 0})


def gone(sale: Sale) -> Counter[str]:
    """Pieces that have left the shelf for good, by retailer id; what comes back does so by its return."""
    return Counter({line.retailer_id: line.shipped for line in sale.lines if line.shipped})


def status(order: Order, lines: Sequence[Line], *, is_delivered: bool | None = None) -> str:
    """`fulfillment_status`. `is_delivered`: whether every parcel that was sent has arrived; by default the order tells."""
    shipped = sum(line.shipped for line in lines)
    arrived = order.status in ("delivered", "delivery_confirmed", "completed", "awaiting_confirmation", "returned")
    arrived = arrived if is_delivered is None else is_delivered
    if not shipped:
        if order.status in DEAD:
            return "canceled"
        return "backordered" if any(line.backordered for line in lines) else "unfulfilled"
    if any(line.left for line in lines):
        return "partially_delivered" if arrived else "partially_shipped"
    return "delivered" if arrived else "shipped"


def state(shipment: Shipment, *, may_leave: bool) -> str:
    """The shipment's state as people see it: a pending one is `ready` when nothing stands before its shipping."""
    return READY if shipment.state == PENDING and may_leave else shipment.state
