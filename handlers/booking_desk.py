"""The diary at the desk: who comes when, another time for a booking, a booking for a customer, and time that is kept free."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from itertools import islice

from flows import (
    booking,
    booking_desk,
    card,
    checkout,
    choice,
    choosing,
    meaning,
    notices,
    replies,
    slot_offers,
    staff_order,
)
from flows.appointment import Appointment, Calendar, Interval, Service, Slot, Visit
from flows.booking_desk import Entry, Offered
from flows.commands import BY_WORD, Row
from flows.desk import Request
from flows.hours import DAY
from flows.lifecycle import Move, Reason, Refused
from flows.messages import BUTTONS, ROWS, Text
from flows.order import STAFF, SYSTEM, Action, Line, Order, Sale, Step
from flows.order_table import in_full
from flows.phrases import say
from flows.plain import plain
from flows.spelling import nearest
from flows.working import local
from handlers.turn import Turn
from models import agenda, bookings, choices, effects, openings, orders, outbox, visits
from models.contacts import Contact
from models.openings import Openings

_EXAMPLE = "book +919800000001 SERVICE tomorrow 15:30"
_AHEAD = timedelta(days=400)
"""So far ahead blocks are listed."""
_ANYBODY = Calendar(0, 0, "")
"""Whoever keeps the shop's hours."""


async def on_bookings(turn: Turn, row: Row, argument: str) -> None:
    asked = booking_desk.read_list(argument)
    if isinstance(asked, Reason):
        turn.unclear(row.action, asked.key, **asked.fields)
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
    turn.record(row.action, "done")
    turn.say(booking_desk.listing(asked, await _entries(turn, found), turn.store, today))


# Another time


async def on_reschedule(turn: Turn, request: Request, order: Order) -> None:
    """To the time that is said, of the same person unless another is named; what is missing is asked for."""
    words = request.note.split()
    request = replace(request, is_quiet=request.is_quiet or booking_desk.QUIET in words)
    text = " ".join(word for word in words if word != booking_desk.QUIET)
    visit = await visits.of(turn.work, order)
    wanted = in_full("reschedule")
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
            head=card.head(order, turn.store), is_quiet=request.is_quiet,
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
    if not name:
        return words
    own = "|".join(map(re.escape, name.split()))
    return " ".join(re.sub(rf"(\bwith\s+)?\b({own})(\s+({own}))*\b[,.]?", "", words, flags=re.IGNORECASE).split())


# A booking for a customer


async def on_book(turn: Turn, row: Row, argument: str) -> None:
    """For whom, what and when; what is missing is asked for."""
    first, _, rest = argument.strip().partition(" ")
    line, _, below = rest.strip().partition("\n")
    if not first:
        turn.ask_rest(row, "", Text(say("diary.for_whom", turn.store.language)))
        return
    wanted = staff_order.customer(first)
    if wanted is None:
        turn.unclear(row.action, "diary.who", text=plain(first, 30), example=_EXAMPLE)
        return
    known = await openings.services_of(turn.work)
    meant = booking_desk.service_in(line, known)
    if len(meant.services) != 1:
        offered = meant.services or tuple(known)
        said = booking_desk.ask_service(offered, "" if meant.services else line, turn.event.id, turn.store)
        turn.ask_rest(row, f"{first} {line}".strip(), said)
        return
    [service] = meant.services
    found, note = await _slot(turn, service, meant.rest)
    if isinstance(found, Offered):
        people = booking_desk.names(await bookings.calendars_for(turn.work, service))
        head = plain(service.title)
        said = booking_desk.ask_when(found, turn.event.id, turn.store, service, people, head=head)
        turn.ask_rest(row, f"{first} {service.sku}", said)
        return
    customer = await turn.customer_for(wanted)
    if customer is None:
        turn.record(row.action, "unknown")
        turn.say(replies.no_order(wanted.order or 0, turn.store.language))
        return
    if is_quiet := note.split()[-1:] == [booking_desk.QUIET]:
        note = note.removesuffix(booking_desk.QUIET).rstrip()
    note = "\n".join(filter(None, [note, below.strip()]))
    order, visit = await _place(turn, service, found, customer, note=note, has_chat=wanted.has_chat, is_quiet=is_quiet)
    text = "\n".join(booking_desk.booked(order, visit, turn.store, is_quiet=is_quiet))
    turn.answer(order, row.action, "done", replies.kept_so(order, text, turn.counter, action=None))


async def _place(
    turn: Turn, service: Service, slot: Slot, customer: Contact, *, note: str, has_chat: bool, is_quiet: bool
) -> tuple[Order, Visit]:
    """Booked at once, for the shop has said so; only where the money comes first it waits for that."""
    order, line = await turn.new_booking(service, 1, customer)
    order = staff_order.of_the_shop(order, has_chat=has_chat)
    taken = await bookings.take(turn.work, customer.id, service, slot, places=1, order=order)
    assert taken is not None, "it was free a moment ago"
    await orders.place(
        turn.work, order, [line], event_id=turn.event.id, settings=turn.settings, note=note, by=STAFF,
        actor_id=turn.contact.id,
    )  # fmt: skip
    confirm = Action("confirm", SYSTEM, is_quiet=True)  # nothing to undo: the customer reads of the booking at once
    order, _ = await orders.advance(turn.work, order, confirm, turn.actor, turn.settings)
    order = await orders.arrived(turn.work, order, [line], turn.event.id, turn.settings, by=turn.contact.id)
    visit = await visits.of(turn.work, order)
    assert visit is not None
    if order.has_chat and not is_quiet:
        await _tell(turn, order, line, customer, visit)
    return order, visit


async def _tell(turn: Turn, order: Order, line: Line, customer: Contact, visit: Visit) -> None:
    """What the customer reads: the booking, or how it is paid."""
    language = customer.language or turn.store.language
    if order.checkout_step == Step.PAYMENT:
        ways = await choices.ways(turn.work, order)
        head = slot_offers.received(order, visit, turn.store, language)
        short = say("diary.short", language, store=turn.store.name)
        outbox.say(
            turn.work, customer.id, choice.ask(order, ways, head, store=turn.store, language=language),
            cause=turn.event.id, order_id=order.id, purpose=outbox.NOTICE,
            fallback=checkout.fallback(order, turn.store, short, language),
        )  # fmt: skip
        return
    where = await orders.setting_of(turn.work, order, turn.actor, turn.settings)
    await effects.save(turn.work, notices.booked(Sale(order, [line]), where), turn.event.id)


# Time that is kept free, and hours


async def on_block(turn: Turn, row: Row, argument: str) -> None:
    calendars = await _calendars(turn)
    titles = await _titles(turn, calendars)
    if not argument.strip():
        turn.record(row.action, "read")
        found = await bookings.blocks_between(turn.work, turn.work.now, turn.work.now + _AHEAD)
        turn.say(booking_desk.blocks(found, titles, turn.store))
        return
    line, _, below = argument.strip().partition("\n")
    found_when = booking_desk.said(line, now=turn.work.now, store=turn.store)
    working = openings.hours_of(_ANYBODY, turn.settings, turn.store, turn.work.now, turn.work.now + _AHEAD)
    span = (
        None
        if isinstance(found_when, Reason)
        else meaning.stretch(found_when, working, now=turn.work.now, zone=turn.store.zone)
    )
    if isinstance(found_when, Reason) or span is None:
        turn.unclear(row.action, "diary.block_when")
        return
    if span.end <= turn.work.now:
        turn.record(row.action, "refused")
        turn.say(Text(say("diary.block_past", turn.store.language)))
        return
    around = f"{found_when.before} {found_when.after}".strip()
    who = choosing.person(calendars, around)
    note = "\n".join(filter(None, [_without(around, who.name if who else ""), below.strip()]))
    block = bookings.block(turn.work, who, span.start, span.end, note=note, by=turn.contact.id)
    booked = await agenda.between(turn.work, span.start - DAY, span.end, calendar_id=who.id if who else None)
    inside = [(order, each) for order, each in booked if each.ends_at > span.start]
    turn.record(row.action, "done")
    turn.say(booking_desk.blocked(block, titles, await _entries(turn, inside), turn.store))


async def on_unblock(turn: Turn, row: Row, argument: str) -> None:
    position = argument.strip().lstrip("#").rstrip(".")
    if not position.isdecimal() or len(position) > 4:
        turn.unclear(row.action, "diary.which_block")
        return
    found = await bookings.blocks_between(turn.work, turn.work.now, turn.work.now + _AHEAD)
    if not 1 <= int(position) <= len(found):
        turn.record(row.action, "unknown")
        turn.say(Text(say("diary.no_block", turn.store.language, position=position)))
        return
    block = bookings.unblock(turn.work, found[int(position) - 1])
    titles = await _titles(turn, await _calendars(turn))
    turn.record(row.action, "done")
    turn.say(Text(say("diary.unblocked", turn.store.language, **booking_desk.of_block(block, titles, turn.store))))


async def on_hours(turn: Turn, row: Row, argument: str) -> None:
    """Of one calendar, or of all of them when nobody is named."""
    calendars = await _calendars(turn)
    titles = await _titles(turn, calendars)
    today = turn.work.now.astimezone(turn.store.zone).date()
    text = argument.strip()
    named = next((each for each in calendars if f"{text} ".casefold().startswith(f"{each.name} ".casefold())), None)
    if named is None and (first := text.partition(" ")[0]):
        named = next(
            (each for each in calendars if each.sku is None and first.casefold() == each.name.casefold()), None
        )
    meant, rest = ([named], text[len(named.name) :].strip()) if named else (calendars, text)
    if not rest:
        turn.record(row.action, "read")
        turn.say(booking_desk.hours(meant, titles, turn.store, today))
        return
    try:
        wanted = booking_desk.read_hours(rest, now=turn.work.now, store=turn.store)
    except ValueError as error:
        turn.unclear(row.action, "diary.hours_wrong", why=plain(str(error), 200).rstrip("."))
        return
    if wanted.day is None:
        changed = [bookings.set_hours(turn.work, each, wanted.text) for each in meant]
    else:
        changed = [bookings.set_exception(turn.work, each, wanted.day, wanted.text) for each in meant]
    turn.record(row.action, "done")
    head = say("diary.hours_set", turn.store.language)
    outside = await _outside(turn, meant, changed)
    turn.say(booking_desk.hours(changed, titles, turn.store, today, head=head, outside=outside))


async def _outside(turn: Turn, before: Sequence[Calendar], after: Sequence[Calendar]) -> list[Entry]:
    """Who is booked at a time that was within a calendar's hours, and is no more."""
    now, until = turn.work.now, turn.work.now + _AHEAD
    booked = await agenda.between(turn.work, now, until)
    found: list[tuple[Order, Appointment]] = []
    for pair in zip(before, after, strict=True):
        was, becomes = (openings.hours_of(each, turn.settings, turn.store, now, until) for each in pair)
        found += [
            (order, each) for order, each in booked
            if each.calendar_id == pair[0].id and _lies_in(each, was) and not _lies_in(each, becomes)
        ]  # fmt: skip
    return await _entries(turn, sorted(found, key=lambda each: (each[1].starts_at, each[0].number)))


def _lies_in(appointment: Appointment, hours: Sequence[Interval]) -> bool:
    return any(span.start <= appointment.starts_at and appointment.ends_at <= span.end for span in hours)


async def _entries(turn: Turn, found: Sequence[tuple[Order, Appointment]]) -> list[Entry]:
    booked = await visits.of_all(turn.work, [order for order, _ in found])
    return [Entry(order, booked[order.id], await turn.customer_of(order)) for order, _ in found]


async def _calendars(turn: Turn) -> list[Calendar]:
    """Of everybody who does a service, and of each service that nobody in particular does."""
    for service in await openings.services_of(turn.work):
        await bookings.calendars_for(turn.work, service)
    return await bookings.calendars(turn.work)


async def _titles(turn: Turn, calendars: Sequence[Calendar]) -> dict[int, str]:
    """What staff call each calendar."""
    services = {service.sku: plain(service.title, 40) for service in await openings.services_of(turn.work)}
    return {each.id: services.get(each.sku or "", plain(each.name, 40)) for each in calendars}
