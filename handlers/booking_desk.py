"""The diary at the desk: who comes when, another time for a booking, a booking for a customer, and time that is kept free."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from itertools import islice

from flows import booking, booking_desk, choosing, meaning, replies, slot_offers
from flows.appointment import Appointment, Calendar, Service, Slot
from flows.booking_desk import Entry, Offered
from flows.commands import BY_WORD, Row
from flows.desk import Request
from flows.hours import DAY
from flows.lifecycle import Move, Reason, Refused
from flows.messages import BUTTONS, ROWS, Text
from flows.order import STAFF, Action, Order
from flows.phrases import say
from flows.plain import plain
from flows.spelling import nearest
from flows.working import local
from handlers.turn import Turn
from models import agenda, bookings, openings, orders, visits
from models.openings import Openings


async def on_bookings(turn: Turn, row: Row, argument: str) -> None:
    asked = booking_desk.read_list(argument)
    if isinstance(asked, Reason):
        turn.record(row.action, "unclear")
        turn.say(Text(say(asked.key, turn.store.language, **asked.fields)))
        return
    today = turn.work.now.astimezone(turn.store.zone).date()
    first, last = (local(today + days * DAY, time(), turn.store.zone) for days in (asked.first, asked.last))
    found = await agenda.between(turn.work, first, last)
    if asked.is_mine:
        own = {
            calendar.id for calendar in await bookings.calendars(turn.work) if calendar.contact_id == turn.contact.id
        }
        found = [
            (order, each) for order, each in found if each.calendar_id in own or order.assignee_id == turn.contact.id
        ]
    booked = await visits.of_all(turn.work, [order for order, _ in found])
    entries = [Entry(order, booked[order.id], await turn.customer_of(order)) for order, _ in found]
    turn.record(row.action, "done")
    turn.say(booking_desk.listing(asked, entries, turn.store, today))


# Another time


async def on_reschedule(turn: Turn, request: Request, order: Order) -> None:
    """To the time that is said, of the same person unless another is named; what is missing is asked for."""
    words = request.note.split()
    request = replace(request, is_quiet=request.is_quiet or booking_desk.QUIET in words)
    text = " ".join(word for word in words if word != booking_desk.QUIET)
    visit = await visits.of(turn.work, order)
    wanted = Action("reschedule", STAFF, details={"to": turn.work.now.isoformat()})
    outcome = await orders.judge(turn.work, order, wanted, turn.settings)
    if request.is_forced and isinstance(outcome, Move):
        request = replace(request, is_forced=False)  # what needs no force is done without
    elif request.is_forced:
        outcome = await orders.judge(turn.work, order, replace(wanted, is_forced=True), turn.settings)
    if isinstance(outcome, Refused):
        turn.answer(order, request.word, "refused", replies.refused(order, request.word, outcome, turn.counter))
        return
    if visit is None or visit.service is None:
        key = "diary.no_visit" if visit is None else "diary.service_gone"
        turn.answer(order, request.word, "refused", replies.unclear(order, key, turn.counter))
        return
    was, service = visit.appointment, visit.service
    found, rest = await _slot(turn, service, text, places=was.places, own=was)
    if isinstance(found, Offered):
        row = BY_WORD[request.permit]
        start = f"{request.word} " if request.is_forced else ""
        people = booking_desk.names(await bookings.calendars_for(turn.work, service))
        said = booking_desk.ask_when(
            found, turn.event.id, turn.store, service, people,
            head=replies.headed(order, turn.counter), is_quiet=request.is_quiet,
        )  # fmt: skip
        turn.ask_rest(row, f"{start}{order.number}", said, about=order)
        return
    if request.is_forced and not rest:
        unexplained = Refused((Reason("why.reason", {"word": request.word}),))
        turn.answer(order, request.word, "refused", replies.refused(order, request.word, unexplained, turn.counter))
        return
    now = await bookings.move(turn.work, was, service, found)
    assert now is not None, "it was free a moment ago"
    moved = booking.rescheduled(was, now, STAFF, turn.store, is_quiet=request.is_quiet)
    if rest:
        moved = replace(moved, note=f"{moved.note} ({rest})", is_forced=request.is_forced)
    after, outcome = await orders.advance(turn.work, order, moved, turn.actor, turn.settings)
    assert isinstance(outcome, Move), "it was judged a moment ago"
    line = booking_desk.moved(was, now, service, turn.store)
    is_own = after.contact_id == turn.contact.id
    answer = replies.done(after, replace(request, note=""), turn.counter, is_own=is_own, about=[line])
    turn.answer(after, request.word, "done", answer)


async def _slot(
    turn: Turn, service: Service, text: str, *, places: int = 1, own: Appointment | None = None
) -> tuple[Slot | Offered, str]:
    """What `text` means: the slot with the words it says besides, or what can be had instead.

    The lead and the grid are for customers: staff book any time that is free.
    """
    now, store = turn.work.now, turn.store
    service = replace(service, lead=timedelta())
    calendars = await bookings.calendars_for(turn.work, service)
    found = booking_desk.said(text, now=now, store=store) if text else None
    around = text if found is None or isinstance(found, Reason) else f"{found.before} {found.after}".strip()
    named = choosing.person(calendars, around)
    own_id = own.calendar_id if own and own.calendar_id in {calendar.id for calendar in calendars} else 0
    calendar_id = named.id if named else own_id
    but = [own] if own else []
    look = await openings.of(turn.work, service, places=places, calendar_id=calendar_id, but=but)
    soon = tuple(islice(look.free(), BUTTONS))
    if found is None:
        return Offered("", soon, "diary.when"), ""
    if isinstance(found, Reason):
        return Offered(say(found.key, store.language, **found.fields), soon, "diary.when"), ""
    moment = booking_desk.moment(found, look.working, now=now, store=store)
    if moment is None:
        return _in_stretch(turn, look, found), ""
    if moment > now and moment < look.until:
        slot = booking_desk.at(service, look.diaries, moment, places)
        rest = _without(around, named.name if named else "")
        if slot is not None and (meant := _meant(rest, calendars) if named is None else None) is not None:
            return Offered(say("diary.near_name", store.language, name=plain(meant, 40)), (slot,), "diary.or_so"), ""
        if slot is not None:
            return slot, rest
    who = booking_desk.names(look.calendars)[calendar_id] if calendar_id and service.people else ""
    shown = slot_offers.moment_of(moment, store)
    key = "diary.past" if moment <= now else "diary.too_far" if moment >= look.until else "diary.not_free"
    why = say(
        key, store.language, moment=shown, last=slot_offers.day_of(look.until, store),
        who=who or say("diary.anyone", store.language),
    )  # fmt: skip
    near = look.near(moment, BUTTONS)
    if key == "diary.not_free" and calendar_id:
        everyone = await openings.of(turn.work, service, places=places, but=but)
        others = [booking_desk.at(service, [diary], moment, places) for diary in everyone.diaries]
        also = [slot for slot in others if slot is not None]
        return Offered(why, tuple([*also, *near][:ROWS]), is_named=bool(also)), ""
    return Offered(why, tuple(near)), ""


def _in_stretch(turn: Turn, look: Openings, found: meaning.When) -> Offered:
    """A day, or a part of it: what is free then."""
    span = meaning.stretch(found, look.working, now=turn.work.now, zone=turn.store.zone)
    assert span is not None, "words that mean no moment mean a stretch"
    slots = tuple(islice(look.free(span.start, span.end), ROWS))
    if slots:
        return Offered("", slots, "diary.which")
    shown = slot_offers.day_of(span.start, turn.store)
    why = say("diary.nothing_then", turn.store.language, day=shown)
    return Offered(why, tuple(look.near(span.start, BUTTONS)))


def _meant(words: str, calendars: Sequence[Calendar]) -> str | None:
    """A name that one of these words was probably meant to be."""
    known = {word: each.name for each in calendars if each.sku is None for word in each.name.casefold().split()}
    close = (nearest(word, known) for word in words.split() if len(word) > 2)
    return next((known[word] for word in close if word), None)


def _without(words: str, name: str) -> str:
    """What is left when a person's name was said."""
    said = {word.casefold() for word in name.split()} | {"with"} if name else set()
    return " ".join(word for word in words.split() if word.casefold().strip(",.") not in said)
