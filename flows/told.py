"""Who hears of what: the occasions on which an order's customer, its assigned member of staff and all staff are told.

Settings and the vocabulary's policies switch each of them; `flows/notices.py` puts it into words.
"""

from flows.order import CUSTOMER, Action, Order
from flows.settings import NOTICES, Settings

ALL, ASSIGNEE = "all", "assignee"
"""Which staff are told of a change."""

_HAPPENED = {
    "hold": "on_hold", "release": "released", "resume": "resumed", "failed": "failed", "cancel_lines": "lines_canceled",
    "add": "lines_added", "came_in": "came_in", "reschedule": "booking_rescheduled",
}  # fmt: skip
"""Events that matter for what they are, not for the status that they lead to."""
BOOKED = {
    "pending": "booking_requested", "scheduled": "booking_scheduled", "completed": "booking_completed",
    "no_show": "no_show_follow_up", "canceled": "booking_canceled",
}  # fmt: skip
"""What the customer of a booking is told of each of its statuses."""
_UNTOLD = frozenset({"place", "submit", "recover", "fulfilled", "receipt", "archive", "unarchive", "return"})
"""Whoever acts is answered, and nobody else is concerned; or what follows has words of its own."""


def occasion(order: Order, action: Action) -> str | None:
    """What the customer could be told of; `order` is as `action` left it. None: there is nothing to tell."""
    if action.event in _HAPPENED:
        return _HAPPENED[action.event]
    if action.event in _UNTOLD:
        return None
    if action.event == "pack":
        return "ready_for_pickup" if order.delivery_method == "pickup" else "packed"
    if action.event == "deliver" and order.status == "partially_shipped":
        return "partially_delivered"
    return of_status(order)


def of_status(order: Order) -> str | None:
    """What the customer could be told of where it stands, whatever has led there."""
    name = BOOKED[order.status] if order.is_booking else order.status
    return name if name in NOTICES else None


def tells_customer(order: Order, action: Action, settings: Settings) -> bool:
    """Whether the customer hears of it, the wish of whoever acts aside."""
    return occasion(order, action) not in (None, *settings.get("notify.off"))


def tells_staff(before: Order, after: Order, action: Action, settings: Settings) -> str | None:
    """Which staff hear of a change of status. A new order has news of its own, and so has what its customer does to it."""
    if before.status == after.status or action.event in ("place", "submit") or action.by == CUSTOMER:
        return None
    if settings.get("notify.changes"):
        return ALL
    return ASSIGNEE if after.assignee_id is not None else None
