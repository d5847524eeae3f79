"""A booking in words: what, when, with whom and where, for its customer and for staff."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flows import payments
from flows.appointment import Visit
from flows.hours import moment
from flows.messages import fit
from flows.money import show
from flows.order import Order
from flows.order_rules import is_prepaid
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store


def span(visit: Visit, store: Store) -> str:
    """`Fri 27 Nov, 15:30–16:15` by the store's clock; the day is said once."""
    start, end = (each.astimezone(store.zone) for each in (visit.appointment.starts_at, visit.appointment.ends_at))
    is_same = start.date() == end.date() and start.utcoffset() == end.utcoffset()
    return (
        f"{written(start, store, 'EEE d MMM, HH:mm')}–{written(end, store, 'HH:mm') if is_same else moment(end, store)}"
    )


def written(at: datetime, store: Store, pattern: str) -> str:
    """A moment by the store's clock, in a pattern of CLDR's and the store's words."""
    from babel.dates import format_datetime

    return str(format_datetime(at, pattern, tzinfo=store.zone, locale=store.locale.replace("-", "_")))


def clock(number: str | None, at: datetime, store: Store, language: str) -> str:
    """Whose clock it is, for whoever has a number (digits) of where clocks show another time `at` that moment; else empty.

    A number does not say where somebody is: their own time is not guessed.
    """
    from babel.dates import get_timezone_gmt
    from phonenumbers import NumberParseException, parse, timezone

    try:
        zones = timezone.time_zones_for_number(parse(f"+{number}"))
    except NumberParseException:
        return ""
    clocks = {at.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones if zone != timezone.UNKNOWN_TIMEZONE}
    here = at.astimezone(store.zone)
    if not clocks or here.utcoffset() in clocks:
        return ""
    return say(
        "visit.clock", language, store=store.name, zone=get_timezone_gmt(here, "long", store.locale.replace("-", "_"))
    )


def person(visit: Visit) -> str:
    """Who does it; empty when it is nobody in particular."""
    is_own = visit.service is not None and not visit.service.people
    return "" if is_own else plain(visit.appointment.calendar, 40)


def line(visit: Visit, store: Store, language: str) -> str:
    """All of it in one line: `Haircut · Fri 27 Nov, 15:30–16:15 · with Ravi · 12 MG Road`."""
    places, who = visit.appointment.places, person(visit)
    what = plain(visit.service.title if visit.service else visit.appointment.sku, 60)
    parts = [
        say("card.item", language, quantity=places, title=what) if places > 1 else what,
        span(visit, store),
        say("visit.with", language, who=who) if who else "",
        plain(visit.location, 80),
    ]
    return " · ".join(filter(None, parts))


def when_and_where(visit: Visit, store: Store) -> list[str]:
    """For staff: start and end, who does it and where."""
    language, who = store.language, person(visit)
    where = " · ".join(filter(None, [say("visit.with", language, who=who) if who else "", plain(visit.location, 80)]))
    lines = [say("visit.when", language, span=span(visit, store))]
    return [*lines, say("visit.where", language, where=where)] if where else lines


def section(visit: Visit, store: Store) -> list[str]:
    """The card's lines on the appointment: those, and whether the customer was reminded and will be there."""
    language, appointment, lines = store.language, visit.appointment, when_and_where(visit, store)
    key = "visit.reminded" if appointment.reminded_at else "visit.not_reminded"
    lines.append(say(key, language, at=moment(appointment.reminded_at, store) if appointment.reminded_at else ""))
    if appointment.coming_at:
        lines.append(say("visit.coming", language, at=moment(appointment.coming_at, store)))
    return lines


def in_a_list(visit: Visit, store: Store) -> str:
    """When it is and who does it, shortly; ✓ when the customer has said that they will be there."""
    start = written(visit.appointment.starts_at, store, "EEE d MMM, HH:mm")
    return fit(" ".join(filter(None, [start, person(visit), "✓" if visit.appointment.coming_at else ""])), 60)


def next_step(order: Order, visit: Visit, settings: Settings, store: Store, language: str) -> str:
    """Who moves next, and how it is paid: what its customer is answered."""
    asked = payments.amount_to_ask(order, settings) if is_prepaid(order) else 0
    rest = order.balance_due - asked
    if order.status == "scheduled":
        keys = ["notice.booking_scheduled", "next.pays" if asked else ""]
    elif asked and settings.get("order_flow") == "pay_then_confirm":
        keys = ["visit.pays_first"]
    else:
        keys = ["notice.booking_requested", "next.pays_then" if asked else ""]
    if rest:
        keys.append("visit.rest" if asked else "visit.pays_there")
    fields = {
        "label": order.label, "store": store.name, "visit": line(visit, store, language),
        "amount": show(asked or order.balance_due, order.currency, store.locale),
        "rest": show(rest, order.currency, store.locale),
    }  # fmt: skip
    return " ".join(say(key, language, **fields) for key in keys if key)
