"""What a booking's timers say: to its customer before it begins, and to whoever of the shop it concerns."""

from datetime import UTC, datetime

from flows import card, choosing, labels, slot_offers, visits
from flows.appointment import Service, Slot, Visit
from flows.choosing import Choosing
from flows.hours import moment
from flows.messages import Button, Buttons, Template, Text
from flows.news import News
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.templates import booking_reminder

FREED = "slot_freed"
"""The timer of whoever asked for a day, when a time of it is free again; its subject is a service and that time."""
THERE, MOVE, CANCEL = "there", "move", "ask"
"""What a customer taps below a reminder: `b1042.there`, `b1042.move`, `c1042.ask`."""


def reminder(
    order: Order, visit: Visit, store: Store, language: str, *, now: datetime, number: str | None
) -> tuple[Buttons, Template]:
    """When it is, and what its customer can do about it: once they can move and cancel no more, they write to the shop.
    The second says the same where the window is closed.
    """
    line, buttons = visits.line(visit, store, language), _answers(order, visit, language, now)
    clock = visits.clock(number, visit.appointment.starts_at, store, language)
    text = " ".join(filter(None, [say("remind.visit", language, label=order.label, visit=line), clock]))
    if len(buttons) == 1:
        text = f"{text} {say('remind.write', language)}"
    news = f"{order.label}, {line}" + (f" ({clock.rstrip('.')})" if clock else "")
    return Buttons(text, buttons), booking_reminder(store, news, buttons, language)


def _answers(order: Order, visit: Visit, language: str, now: datetime) -> tuple[Button, ...]:
    there = Button(f"b{order.number}.{THERE}", say("remind.there", language))
    if now > visit.free_until:
        return (there,)
    move = Button(f"b{order.number}.{MOVE}", say("remind.move", language))
    return there, move, Button(f"c{order.number}.{CANCEL}", say("remind.cancel", language))


def coming(order: Order, visit: Visit, store: Store, language: str, *, now: datetime) -> Text:
    """What they are answered who say that they will be there."""
    shown = visits.line(visit, store, language)
    if order.status != "scheduled":
        status = labels.customer(order, language).lower()
        return Text(say("remind.over", language, label=order.label, status=status, visit=shown))
    if now >= visit.appointment.starts_at:
        return Text(say("remind.past", language, label=order.label, visit=shown, store=store.name))
    return Text(say("remind.thanks", language, span=visits.span(visit, store)))


def freed(sku: str, starts_at: datetime) -> str:
    """The subject of that timer; `read_freed` is its inverse."""
    return f"{choosing.code(sku)}.{int(starts_at.timestamp())}"


def read_freed(subject: str) -> tuple[str, datetime]:
    """The code of the service, and the time."""
    code, _, seconds = subject.partition(".")
    return code, datetime.fromtimestamp(int(seconds), UTC)


def free_again(service: Service, slot: Slot, store: Store, language: str) -> Buttons:
    """For who wanted to hear of it: the day, and a button that shows its times. Nothing is kept for anybody."""
    day = slot_offers.day_of(slot.starts_at, store)
    id_ = Choosing(choosing.code(service.sku)).id(choosing.TIMES, str(int(slot.starts_at.timestamp())))
    text = say("remind.freed", language, title=plain(service.title), day=day, store=store.name)
    return Buttons(text, (Button(id_, say("remind.times", language)),))


def to_staff(order: Order, visit: Visit, store: Store, *, customer: str) -> News:
    """For whoever it is with."""
    key = "remind.staff_sure" if visit.appointment.coming_at else "remind.staff"
    return News(_say(key, order, visit, store, customer=customer), (), order.id, is_nudge=True)


def unanswered(order: Order, visit: Visit, store: Store, *, customer: str, until: datetime) -> News:
    """Nobody has confirmed it yet."""
    text = _say("remind.unanswered", order, visit, store, customer=customer, until=moment(until, store))
    return News(text, _buttons(order, store, "confirm", "reject"), order.id)


def follow_up(order: Order, visit: Visit, store: Store, *, customer: str) -> News:
    """It is over: what became of it?"""
    text = _say("remind.follow_up", order, visit, store, customer=customer)
    return News(text, _buttons(order, store, "complete", "noshow"), order.id)


def _say(key: str, order: Order, visit: Visit, store: Store, *, customer: str, until: str = "") -> str:
    return say(
        key, store.language, head=card.head(order, store), label=order.label, customer=plain(customer),
        visit=visits.line(visit, store, store.language), until=until,
    )  # fmt: skip


def _buttons(order: Order, store: Store, *events: str) -> tuple[Button, ...]:
    return tuple(Button(card.action_id(order, event), say(f"action.{event}", store.language)) for event in events)
