"""When staff get the list of their day: the diary of today, unasked."""

from datetime import date, datetime

from flows import reminders
from flows.appointment import Interval
from flows.hours import DAY
from flows.store import Store

TIMER = "morning"
"""Its subject is the day (ISO); set by each booking until the next morning: who comes at six is told of the day before."""


def due(starts_at: datetime, store: Store, now: datetime) -> tuple[str, datetime] | None:
    """The day in whose list an appointment stands, and when that is due; None when that is over."""
    day = starts_at.astimezone(store.zone).date()
    if starts_at < reminders.morning(day, store.zone):
        day -= DAY
    at = reminders.morning(day, store.zone)
    return (day.isoformat(), at) if at > now else None


def span(day: date, store: Store) -> Interval:
    """What stands in the list of that day."""
    return Interval(reminders.morning(day, store.zone), reminders.morning(day + DAY, store.zone))
