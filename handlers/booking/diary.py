"""The diary as one customer sees it who books: what is free for them, what is theirs, and what they were asked last."""

from datetime import datetime

from flows import checkout, choosing, slot_offers
from flows import visits as said_of
from flows.appointment import Appointment, Service, Visit
from flows.choosing import Choosing, Yes
from flows.messages import BUTTONS
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.slot_offers import Offers
from handlers.turn import Turn
from models import bookings, openings, orders, questions, visits
from models.openings import Openings


def offers(turn: Turn, service: Service, chosen: Choosing) -> Offers:
    number = turn.message.sender.wa_id
    return Offers(service, chosen, turn.store, turn.settings, turn.language, number=number)


async def look(turn: Turn, service: Service, chosen: Choosing) -> Openings:
    """What is free, also where this very customer is what is in the way."""
    return await openings.of(
        turn.work, service, places=chosen.places, calendar_id=chosen.calendar_id, but=await own(turn, chosen)
    )


async def own(turn: Turn, chosen: Choosing) -> list[Appointment]:
    """What this customer holds, and the appointment that would move."""
    held = await bookings.held_by(turn.work, turn.contact.id)
    moving = await booking(turn, chosen.moves)
    return [*([held] if held else []), *([moving[1].appointment] if moving else [])]


async def booking(turn: Turn, number: int) -> tuple[Order, Visit] | None:
    """Their booking with this number; 0 is none."""
    order = await turn.theirs(number) if number else None
    visit = await visits.of(turn.work, order) if order else None
    return (order, visit) if order and visit else None


async def booked(turn: Turn) -> list[tuple[Order, Visit]]:
    """The customer's bookings that are to come."""
    found = await visits.of_all(turn.work, orders.open_with(turn.work, turn.contact.id))
    return [
        (order, found[order.id])
        for order in orders.open_with(turn.work, turn.contact.id)
        if order.id in found and found[order.id].appointment.starts_at > turn.work.now
    ]


def line(turn: Turn, visit: Visit) -> str:
    return said_of.line(visit, turn.store, turn.language)


def say_lost(turn: Turn, look: Openings, chosen: Choosing, moment: datetime, key: str) -> None:
    """That a time cannot be had, and the nearest that can."""
    if moment <= turn.work.now:
        key = "book.past"
    elif moment < turn.work.now + look.service.lead:
        key = "book.too_soon"
    elif moment >= look.until:
        key = "book.too_far"
    why = say(
        key, turn.language, title=plain(look.service.title), moment=slot_offers.moment_of(moment, turn.store),
        day=slot_offers.day_of(moment, turn.store), last=slot_offers.day_of(look.until, turn.store),
        ahead=slot_offers.days(look.service.lead, turn.language),
    )  # fmt: skip
    offer_instead(turn, look, chosen, why, moment)


def offer_instead(turn: Turn, look: Openings, chosen: Choosing, why: str, wanted: datetime) -> None:
    """What is nearest; and when nothing is left of a day on which somebody works, to hear of it."""
    day = wanted.astimezone(turn.store.zone).date()
    is_full = look.is_full(day)
    near = look.near(wanted, BUTTONS - is_full)
    turn.say(offers(turn, look.service, chosen).instead(why, near, day=day.isoformat() if is_full else ""))
    ask(turn, chosen, wanted)


def ask(turn: Turn, chosen: Choosing, day: datetime | None = None, *, yes: Yes | None = None) -> None:
    """Words are understood from now on: a time alone as one of that day. Where another question is open, they come second."""
    shown = day.astimezone(turn.store.zone).date().isoformat() if day else ""
    asked = {**chosen.dump(), "day": shown, "yes": str(yes or "")}
    open_one = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if open_one is not None and open_one.kind in (checkout.ADDRESS, checkout.CONFIRM_ADDRESS):
        questions.ask(
            turn.work, turn.contact.id, questions.CUSTOMER, kind=open_one.kind, order_id=open_one.order_id,
            data=open_one.data | {choosing.QUESTION: asked}, expires_at=open_one.expires_at,
        )  # fmt: skip
        return
    questions.ask(
        turn.work, turn.contact.id, questions.CUSTOMER, kind=choosing.QUESTION, data=asked,
        expires_at=turn.work.now + choosing.OPEN_FOR,
    )  # fmt: skip


def close(turn: Turn) -> None:
    open_one = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if open_one is not None and open_one.kind == choosing.QUESTION:
        questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
