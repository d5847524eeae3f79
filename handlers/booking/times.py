"""A time that a customer tapped: kept for them, booked, or the one to which their booking moves."""

from dataclasses import replace
from datetime import datetime

from flows import booking, checkout, choice, choosing, labels, reminding, slot_offers
from flows.appointment import Appointment, Service, Slot, Visit
from flows.choosing import Choosing, Yes
from flows.lifecycle import Move
from flows.messages import Message, Text
from flows.order import CUSTOMER, Action, Order, Step
from flows.order_table import in_full
from flows.phrases import say
from handlers.booking import diary
from handlers.turn import Turn
from models import bookings, choices, orders, timers, visits
from models.inbox import Event
from models.work import Work


async def tap_time(turn: Turn, service: Service, chosen: Choosing, moment: datetime) -> None:
    """Kept for its customer until they book it or the time is over."""
    look = await diary.look(turn, service, chosen)
    slot = look.at(moment)
    if slot is None:
        diary.say_lost(turn, look, chosen, moment, "book.lost")
    elif chosen.moves:
        await _ask_move(turn, service, chosen, slot)
    elif not await _hold(turn, service, chosen, slot, say("book.kept", turn.language)):
        diary.say_lost(turn, look, chosen, moment, "book.lost")


async def _hold(turn: Turn, service: Service, chosen: Choosing, slot: Slot, head: str) -> bool:
    if (held := await _keep(turn, service, chosen, slot)) is None:
        return False
    _say_kept(turn, service, chosen, held, head)
    return True


async def _keep(turn: Turn, service: Service, chosen: Choosing, slot: Slot) -> Appointment | None:
    """One time a customer: what was kept for them is free again."""
    until = turn.work.now + choosing.HOLD
    if (former := await bookings.held_by(turn.work, turn.contact.id)) is not None:
        await _give_back(turn.work, former, turn.event)
    held = await bookings.hold(turn.work, turn.contact.id, service, slot, places=chosen.places, until=until)
    if held is not None:
        timers.start(turn.work, kind=choosing.UNHOLD, subject=str(held.id), due_at=until)
    return held


def _say_kept(turn: Turn, service: Service, chosen: Choosing, held: Appointment, head: str) -> None:
    offers = diary.offers(turn, service, chosen)
    turn.say(offers.keep(Visit(held, service), head, now=turn.work.now))
    diary.ask(turn, chosen, held.starts_at, yes=offers.yes(held))


async def _give_back(work: Work, held: Appointment, event: Event) -> None:
    """What is held no more: who asked for a time like that hears of it."""
    await bookings.release(work, held)
    timers.ring(work, kind=reminding.FREED, subject=reminding.freed(held.sku, held.starts_at), cause=event.id)


async def on_unhold(work: Work, event: Event, subject: str) -> None:
    """What was held and not booked is free again; who held it learns that when they tap."""
    held = await bookings.find(work, int(subject))
    if held is not None and held.held_until is not None and held.held_until <= work.now:
        await _give_back(work, held, event)


async def forget(turn: Turn, chosen: Choosing) -> bool:
    if (held := await bookings.held_by(turn.work, turn.contact.id)) is not None:
        await _give_back(turn.work, held, turn.event)
    diary.close(turn)
    if (booked := await diary.booking(turn, chosen.moves)) is None:
        turn.say(Text(say("book.forgotten", turn.language)))
    else:
        order, visit = booked
        line = diary.line(turn, visit)
        turn.say(Text(say("move.kept", turn.language, label=order.label, visit=line)), about=order)
    return True


async def book(turn: Turn, service: Service, chosen: Choosing, moment: datetime, yes: Yes) -> None:
    """What is held becomes a booking. Of what is held no more its customer reads whether it can still be had."""
    held = await bookings.held_by(turn.work, turn.contact.id)
    if held is None or (held.sku, held.places, held.starts_at) != (service.sku, chosen.places, moment):
        await _book_late(turn, service, chosen, moment, yes)
    elif moment <= turn.work.now:
        await bookings.release(turn.work, held)
        diary.say_lost(turn, await diary.look(turn, service, chosen), chosen, moment, "book.past")
    elif yes.total != diary.offers(turn, service, chosen).total:
        _say_kept(turn, service, chosen, held, say("book.new_price", turn.language))
    else:
        await _place(turn, service, chosen, held)


async def _book_late(turn: Turn, service: Service, chosen: Choosing, moment: datetime, yes: Yes) -> None:
    for order, visit in await diary.booked(turn):
        if visit.appointment.id == yes.held_id:
            turn.say(Text(f"{say('book.already', turn.language)} {next_step(turn, order, visit)}"), about=order)
            return
    look = await diary.look(turn, service, chosen)
    slot = look.at(moment)
    if slot is None or not await _hold(turn, service, chosen, slot, say("book.still_free", turn.language)):
        diary.say_lost(turn, look, chosen, moment, "book.lost")


async def _place(turn: Turn, service: Service, chosen: Choosing, held: Appointment) -> None:
    beside = await turn.theirs(chosen.beside) if chosen.beside else None
    note = say("book.note_beside", turn.store.language, label=beside.label) if beside else ""
    order, line = await turn.new_booking(service, held.places, turn.contact)
    bookings.book(turn.work, held, order)
    await orders.place(turn.work, order, [line], event_id=turn.event.id, settings=turn.settings, note=note)
    order = await orders.arrived(turn.work, order, [line], turn.event.id, turn.settings)
    if beside is not None:
        back = say("book.note_beside", turn.store.language, label=order.label)
        orders.amend(turn.work, beside, Action("note", CUSTOMER, note=back), turn.actor)
    diary.close(turn)
    visit = await visits.of(turn.work, order)
    assert visit is not None
    also = say("book.beside", turn.language, label=beside.label) if beside else ""
    words = next_step(turn, order, visit)
    turn.say(
        await _booked_words(turn, order, visit, words, also), about=order,
        fallback=checkout.fallback(order, turn.store, words, turn.language),
    )  # fmt: skip


async def _booked_words(turn: Turn, order: Order, visit: Visit, words: str, also: str) -> Message:
    """What comes next: how it is paid, or the calendar."""
    if order.checkout_step == Step.PAYMENT:
        line = slot_offers.received(order, visit, turn.store, turn.language)
        head = "\n\n".join(filter(None, [line, also]))
        ways = await choices.ways(turn.work, order)
        return choice.ask(order, ways, head, store=turn.store, language=turn.language)
    text = "\n\n".join(filter(None, [words, also]))
    return slot_offers.booked(order, visit, text, turn.store, turn.language, now=turn.work.now)


def next_step(turn: Turn, order: Order, visit: Visit) -> str:
    return checkout.next_step(order, turn.settings, turn.store, turn.language, now=turn.work.now, visit=visit)


async def why_not_moved(turn: Turn, chosen: Choosing) -> Message | None:
    """Why the booking cannot get another time from its customer, if it cannot."""
    if (booked := await diary.booking(turn, chosen.moves)) is None:
        return Text(say("move.none", turn.language))
    order, visit = booked
    if not order.is_open:
        status = labels.customer(order, turn.language).lower()
        return Text(say("move.ended", turn.language, label=order.label, status=status))
    asked = in_full("reschedule", CUSTOMER)
    if isinstance(await orders.judge(turn.work, order, asked, turn.settings), Move):
        return None
    return Text(slot_offers.too_late(order, visit, turn.store, turn.language))


async def _ask_move(turn: Turn, service: Service, chosen: Choosing, slot: Slot) -> None:
    """Asks once. The new time is kept meanwhile, unless it overlaps the old one, which nobody else can take."""
    booked = await diary.booking(turn, chosen.moves)
    assert booked is not None, "it was judged a moment ago"
    order, visit = booked
    if (slot.calendar_id, slot.starts_at) == (visit.appointment.calendar_id, visit.appointment.starts_at):
        line = diary.line(turn, visit)
        turn.say(Text(say("move.same", turn.language, label=order.label, visit=line)), about=order)
        return
    await _keep(turn, service, chosen, slot)
    names = {calendar.id: calendar.name for calendar in await bookings.calendars(turn.work)}
    to = replace(
        visit.appointment, starts_at=slot.starts_at, ends_at=slot.ends_at, calendar_id=slot.calendar_id,
        calendar=names[slot.calendar_id],
    )  # fmt: skip
    chosen = chosen.of(slot.calendar_id)
    offers = diary.offers(turn, service, chosen)
    turn.say(offers.move(order, Visit(visit.appointment, service), Visit(to, service)), about=order)
    diary.ask(turn, chosen, slot.starts_at, yes=offers.yes(to))


async def move(turn: Turn, service: Service, chosen: Choosing, moment: datetime) -> None:
    booked = await diary.booking(turn, chosen.moves)
    assert booked is not None, "it was judged a moment ago"
    order, visit = booked
    was = visit.appointment
    if was.starts_at == moment and chosen.calendar_id in (0, was.calendar_id):
        line = diary.line(turn, visit)
        turn.say(Text(say("move.same", turn.language, label=order.label, visit=line)), about=order)
        return
    look = await diary.look(turn, service, chosen)
    slot = look.at(moment)
    if (held := await bookings.held_by(turn.work, turn.contact.id)) is not None:
        await bookings.release(turn.work, held)
    now = await bookings.move(turn.work, was, service, slot) if slot is not None else None
    if now is None:
        diary.say_lost(turn, look, chosen, moment, "book.lost")
        return
    moved = booking.rescheduled(was, now, CUSTOMER, turn.store)
    order, outcome = await orders.advance(turn.work, order, moved, turn.actor, turn.settings)
    assert isinstance(outcome, Move), "it was judged a moment ago"
    diary.close(turn)
    line = diary.line(turn, Visit(now, service))
    key = "move.done" if order.status == "scheduled" else "move.waits"
    text = say(key, turn.language, label=order.label, visit=line, store=turn.store.name)
    shown = slot_offers.booked(order, Visit(now, service), text, turn.store, turn.language, now=turn.work.now)
    turn.say(shown, about=order)
