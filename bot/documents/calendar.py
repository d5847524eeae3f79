"""A booking as a calendar file (RFC 5545): the same event for ever, in its newest version."""

from collections.abc import Sequence
from datetime import timedelta

from flows.appointment import Appointment
from flows.order import Line, Order
from flows.phrases import say
from flows.store import Store

ALARM = timedelta(hours=1)
YEAR = timedelta(days=366)
_STATUSES = {"pending": "TENTATIVE", "canceled": "CANCELLED", "rejected": "CANCELLED", "expired": "CANCELLED"}


def render(booking: Appointment, order: Order, lines: Sequence[Line], store: Store, *, location: str) -> bytes:
    """The file of one booking. Equal to the byte while nothing has changed."""
    from icalendar import Alarm, Calendar, Event

    title = next((line.title for line in lines if line.retailer_id == booking.sku), booking.sku)
    status = _STATUSES.get(order.status, "CONFIRMED")
    event = Event()
    event.add("uid", f"booking-{order.id}@waybill")
    # Either of them grows with each change, so the sum does, and no change is older to a calendar than the one before.
    event.add("sequence", order.version + booking.version)
    event.add("dtstamp", order.changed_at)
    event.add("dtstart", booking.starts_at.astimezone(store.zone))
    event.add("dtend", booking.ends_at.astimezone(store.zone))
    event.add("summary", title)
    event.add("description", _description(booking, order, store))
    event.add("status", status)
    if location:
        event.add("location", location)
    if status != "CANCELLED":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -ALARM)
        event.add_component(alarm)
    file = Calendar()
    file.add("prodid", "-//Waybill//Bookings//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", store.name)
    file.add_component(event)
    day = booking.starts_at.date()
    file.add_missing_timezones(first_date=day - YEAR, last_date=day + YEAR)
    made: bytes = file.to_ical()
    return made


def _description(booking: Appointment, order: Order, store: Store) -> str:
    language = store.language
    parts = [say("calendar.order", language, number=order.label, shop=store.name)]
    if booking.calendar != booking.sku:
        parts.append(say("calendar.person", language, person=booking.calendar))
    if booking.places > 1:
        parts.append(say("calendar.places", language, count=booking.places))
    if order.status == "pending":
        parts.append(say("calendar.waits", language, shop=store.name))
    if _STATUSES.get(order.status) == "CANCELLED":
        parts.append(say("calendar.ended", language))
    return " ".join(parts)
