"""Pieces and parcels: which pieces of an order are there, shipped, came back or will never come; and its shipments.

As long as nothing was split or sent, an order has no shipment rows: everything is in the one parcel to come.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows.order import DEAD, STAFF, Action, Line, Order, Part, Sale

PENDING, READY, SHIPPED, DELIVERED, CANCELED = "pending", "ready", "shipped", "delivered", "canceled"
BACKORDERED = "backordered"
"""States of a shipment. `ready` and `backordered` are never stored: a pending one is so as things stand."""

_UNPROMISED = DEAD | {"cart", "abandoned"}
"""Statuses in which no piece is kept for the order."""


MAIN = ""
"""The place where pieces are unless somebody said otherwise."""
Plan = Mapping[str, Mapping[str, int]]
"""Which pieces come from where: place → retailer id → how many."""


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
    """An order's pieces and parcels after something happened to it; `new` are the parcels made of it, without ids."""

    lines: tuple[Line, ...]
    changed: tuple[Shipment, ...] = ()
    new: tuple[Shipment, ...] = ()


def follow(
    order: Order, action: Action, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime
) -> Parcels:
    """What `action` does to pieces and parcels; `order` is as the action left it."""
    match action.event:
        case "ship":
            return _ship(order, action, lines, shipments, now)
        case "out" if any(line.left for line in lines):
            return _ship(order, action, lines, shipments, now)
        case "deliver":
            return _deliver(order, lines, shipments, now)
        case "failed":
            failed = [replace(s, carrier_status="failure") for s in shipments if s.state == SHIPPED]
            return Parcels(tuple(lines), tuple(failed))
        case "cancel" | "reject" | "deny":
            return Parcels(tuple(lines), tuple(replace(s, state=CANCELED) for s in shipments if s.state != DELIVERED))
        case "cancel_lines":
            return _cancel_lines(action, lines, shipments)
        case "add":
            return Parcels(_added(lines, action.added))
    return Parcels(tuple(lines))


def _ship(order: Order, action: Action, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime) -> Parcels:
    """What leaves comes out of the planned parcels first, each from its own place; the rest is a parcel of its own."""
    parcel = counted(action.parts) or {line.retailer_id: line.left for line in lines if line.left}
    left, changed, new = Counter(parcel), list[Shipment](), list[Shipment]()

    def send(shipment: Shipment) -> Shipment:
        return replace(
            shipment, state=SHIPPED, tracking=action.tracking, carrier=action.carrier, carrier_status="pre_transit",
            shipped_at=now,
        )  # fmt: skip

    def make(parts: Mapping[str, int], location: str) -> None:
        new.append(send(Shipment(0, order.id, len(shipments) + len(new) + 1, PENDING, parts, location)))

    for planned in [shipment for shipment in shipments if shipment.state == PENDING]:
        taken = {sku: count for sku, most in planned.parts.items() if (count := min(most, left[sku]))}
        left.subtract(taken)
        if taken == dict(planned.parts):
            changed.append(send(planned))
        elif taken:
            changed.append(replace(planned, parts=_less(planned.parts, taken)))
            make(taken, planned.location)
    if rest := {sku: count for sku, count in left.items() if count}:
        make(rest, MAIN)
    after = tuple(replace(line, shipped=line.shipped + parcel.get(line.retailer_id, 0)) for line in lines)
    return Parcels(after, tuple(changed), tuple(new))


def _less(parts: Mapping[str, int], taken: Mapping[str, int]) -> dict[str, int]:
    return {sku: left for sku, count in parts.items() if (left := count - taken.get(sku, 0))}


def _deliver(order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], now: datetime) -> Parcels:
    """What is on its way has arrived; what is fetched leaves the shelf and arrives in one."""
    fetched = Parcels(tuple(lines))
    if order.status == "delivery_confirmed":
        fetched = _ship(order, Action("ship", STAFF), lines, shipments, now)
    sent = [s for s in (*shipments, *fetched.changed) if s.state == SHIPPED]
    return Parcels(fetched.lines, tuple(map(_arrive(now), sent)), tuple(map(_arrive(now), fetched.new)))


def _arrive(now: datetime) -> Callable[[Shipment], Shipment]:
    return lambda sent: replace(sent, state=DELIVERED, carrier_status="delivered", delivered_at=now)


def _cancel_lines(action: Action, lines: Sequence[Line], shipments: Sequence[Shipment]) -> Parcels:
    """Of a line, what is not there yet goes first; of planned parcels, the last ones lose their pieces first."""
    going = counted(action.parts)
    missing = {line.retailer_id: min(line.backordered, going.get(line.retailer_id, 0)) for line in lines}
    after = tuple(
        replace(
            line,
            quantity=line.quantity - going.get(line.retailer_id, 0),
            canceled=line.canceled + going.get(line.retailer_id, 0),
            backordered=line.backordered - missing[line.retailer_id],
        )
        for line in lines
    )
    return Parcels(after, _fitted(after, [s for s in shipments if s.state == PENDING]))


def _fitted(lines: Sequence[Line], planned: Sequence[Shipment]) -> tuple[Shipment, ...]:
    """Planned parcels that hold no more than there is to send."""
    room = Counter({line.retailer_id: line.on_hand for line in lines})
    changed = []
    for shipment in planned:
        kept = {sku: held for sku, count in shipment.parts.items() if (held := min(count, room[sku]))}
        room.subtract(kept)
        if kept != dict(shipment.parts):
            changed.append(replace(shipment, parts=kept, state=PENDING if kept else CANCELED))
    return tuple(changed)


def _added(lines: Sequence[Line], added: Sequence[Line]) -> tuple[Line, ...]:
    """More of a line is sold at the line's own price; anything else is a line of its own."""
    more = {line.retailer_id: line for line in added}
    grown = [
        replace(line, quantity=line.quantity + extra.quantity, backordered=line.backordered + extra.backordered)
        if (extra := more.pop(line.retailer_id, None))
        else line
        for line in lines
    ]
    return (*grown, *more.values())


def planned(order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], plan: Plan) -> Parcels:
    """The parcels of an order whose pieces were promised anew: one a place, when one place does not have them all. Those
    that were planned before and never left are planned again.
    """
    again = [] if set(plan) <= {MAIN} else list(plan.items())
    changed = []
    for shipment in [s for s in shipments if s.shipped_at is None]:
        if again:
            location, parts = again.pop(0)
            changed.append(replace(shipment, state=PENDING, location=location, parts=parts))
        else:
            changed.append(replace(shipment, state=CANCELED))
    new = tuple(
        Shipment(0, order.id, len(shipments) + n, PENDING, parts, location)
        for n, (location, parts) in enumerate(again, 1)
    )
    return Parcels(tuple(lines), tuple(changed), new)


def filled(order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], plan: Plan) -> Parcels:
    """Pieces that were missing have come, to these places."""
    came = Counter[str]()
    for parts in plan.values():
        came.update(parts)
    after = tuple(replace(line, backordered=line.backordered - came[line.retailer_id]) for line in lines)
    changed, new = list[Shipment](), list[Shipment]()
    for location, parts in plan.items():
        here = next((s for s in shipments if (s.state, s.location) == (PENDING, location)), None)
        if here is not None:
            changed.append(replace(here, parts=dict(Counter(here.parts) + Counter(parts))))
        elif location != MAIN:
            new.append(Shipment(0, order.id, len(shipments) + len(new) + 1, PENDING, parts, location))
    return Parcels(after, tuple(changed), tuple(new))


def counted(parts: Sequence[Part]) -> dict[str, int]:
    """Pieces by retailer id."""
    pieces: Counter[str] = Counter()
    for part in parts:
        pieces[part.retailer_id] += part.quantity
    return dict(pieces)


def is_promised(order: Order) -> bool:
    """Whether pieces are kept for the order."""
    return order.status not in _UNPROMISED and not order.is_booking


def promised(sale: Sale) -> Counter[str]:
    """Pieces kept on the shelf for this order, by retailer id."""
    if not is_promised(sale.order):
        return Counter()
    return Counter({line.retailer_id: line.on_hand for line in sale.lines if line.on_hand > 0})


def gone(sale: Sale) -> Counter[str]:
    """Pieces that have left the shelf for good, by retailer id; what comes back does so by its return."""
    return Counter({line.retailer_id: line.shipped for line in sale.lines if line.shipped})


def promised_at(order: Order, shipments: Sequence[Shipment]) -> Counter[tuple[str, str]]:
    """Of those, the pieces kept at other places than the main one, by retailer id and place."""
    if not is_promised(order):
        return Counter()
    return _at(shipment for shipment in shipments if shipment.state == PENDING)


def gone_from(shipments: Sequence[Shipment]) -> Counter[tuple[str, str]]:
    return _at(shipment for shipment in shipments if shipment.shipped_at is not None)


def _at(shipments: Iterable[Shipment]) -> Counter[tuple[str, str]]:
    pieces: Counter[tuple[str, str]] = Counter()
    for shipment in shipments:
        if shipment.location != MAIN:
            pieces.update({(sku, shipment.location): count for sku, count in shipment.parts.items()})
    return pieces


def merged(shipments: Sequence[Shipment], change: Parcels) -> list[Shipment]:
    """An order's parcels with what became of them."""
    return list({shipment.number: shipment for shipment in (*shipments, *change.changed, *change.new)}.values())


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


def shown(order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], *, may_leave: bool) -> list[Shipment]:
    """The parcels as people see them: those there are, the one to come, and the one that waits for pieces.

    A planned parcel is `ready` when nothing stands before its shipping, `backordered` while its pieces are missing.
    """
    waits = CANCELED if order.status in DEAD else READY if may_leave else PENDING
    seen = [replace(s, state=waits) if s.state == PENDING else s for s in shipments]
    held = Counter[str]()
    for shipment in shipments:
        held.update(shipment.parts if shipment.state == PENDING else {})
    to_come = {line.retailer_id: rest for line in lines if (rest := line.on_hand - held[line.retailer_id]) > 0}
    missing = {line.retailer_id: line.backordered for line in lines if line.backordered}
    for parts, state in ((to_come, waits), (missing, CANCELED if order.status in DEAD else BACKORDERED)):
        if parts:
            seen.append(Shipment(0, order.id, len(seen) + 1, state, parts))
    return seen
