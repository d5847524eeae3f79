"""Bookings by their time: what is to come, for the lists of the day."""

from datetime import datetime

from flows.appointment import Appointment
from flows.order import Order
from models import bookings, orders
from models.work import Work


async def between(
    work: Work, start: datetime, end: datetime, *, calendar_id: int | None = None
) -> list[tuple[Order, Appointment]]:
    """What begins from `start` until before `end`, by time, with its order: all but what was given back."""
    found = await bookings.between(work, start, end, calendar_id=calendar_id)
    of_order = {a.order_id: a for a in found if a.order_id is not None}
    booked = await orders.get_all(work, list(of_order))
    pairs = [(booked[order_id], appointment) for order_id, appointment in of_order.items()]
    return sorted(pairs, key=lambda pair: (pair[1].starts_at, pair[0].number))
