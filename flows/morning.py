"""When staff get the list of their day: the diary of today, unasked."""

from datetime import date, datetime, timedelta

from flows import reminders
from flows.appointment import Interval
from flows.store import Store
from flows.working import after_midnight

TIMER = "morning"
"""Its subject is the day (ISO); set by each booking of that day."""


def due(starts_at: datetime, store: Store, now: datetime) -> tuple[str, datetime] | None:
    """The day of an appointment, and when its list is due; None when that is over."""
    day = starts_at.astimezone(store.zone).date()
    at = reminders.morning(day, store.zone)
    return (day.isoformat(), at) if at > now else None


def span(day: date, store: Store) -> Interval:
    return Interval(*(after_midnight(day, timedelta(days=n), store.zone) for n in range(2)))
