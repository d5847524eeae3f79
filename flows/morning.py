"""What staff read in the morning: the appointments of their day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from flows import labels, reminders, visits
from flows.appointment import Interval, Visit
from flows.messages import fit
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.working import after_midnight

TIMER = "morning"
"""Its subject is the day (ISO); set by each booking of that day."""
MOST = 30
"""Appointments in a list: with their lines it fits into one message."""
_LINE = 120


def due(starts_at: datetime, store: Store, now: datetime) -> tuple[str, datetime] | None:
    """The day of an appointment, and when its list is due; None when that is over."""
    day = starts_at.astimezone(store.zone).date()
    at = reminders.morning(day, store.zone)
    return (day.isoformat(), at) if at > now else None


def span(day: date, store: Store) -> Interval:
    return Interval(*(after_midnight(day, timedelta(days=n), store.zone) for n in range(2)))


def text(booked: Sequence[tuple[Order, Visit]], store: Store, *, customers: Mapping[int, str]) -> str:
    """The day in lines; `customers` are what staff call them, by contact."""
    language = store.language
    lines = [say("morning.head", language, count=len(booked))]
    lines += [_line(order, visit, store, customers[order.contact_id]) for order, visit in booked[:MOST]]
    if len(booked) > MOST:
        lines.append(say("morning.more", language, count=len(booked) - MOST))
    return "\n".join(lines)


def _line(order: Order, visit: Visit, store: Store, customer: str) -> str:
    parts = [
        visits.clock(visit.appointment.starts_at, store),
        f"{order.label} {plain(customer, 40)}",
        plain(visit.service.title if visit.service else visit.appointment.sku, 40),
        visits.person(visit),
        "" if order.status == "scheduled" else labels.staff(order, store),
        "✓" if visit.appointment.coming_at else "",
    ]
    return fit("• " + " · ".join(filter(None, parts)), _LINE)
