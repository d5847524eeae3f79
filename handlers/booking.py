"""The customer's side of a booking: a time is chosen, kept for a moment and booked, moved, or wished for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from flows import (
    booking,
    cart,
    checkout,
    choice,
    choosing,
    labels,
    meaning,
    menu,
    reminding,
    services,
    slot_offers,
    when,
)
from flows import visits as said_of
from flows.appointment import Appointment, Service, Slot, Visit
from flows.choosing import Choosing, Tapped, Wanted, Yes
from flows.inbound import Cart, Tap, Words
from flows.lifecycle import Move
from flows.meaning import When
from flows.messages import BUTTONS, ROWS, Message, Text
from flows.order import CUSTOMER, Action, Line, Order, Step
from flows.phrases import say
from flows.plain import plain
from flows.slot_offers import Offers
from flows.understand import Wish, wish
from flows.understand import number as number_in
from flows.working import local
from handlers.turn import Turn
from models import bookings, catalog, choices, openings, orders, questions, timers, visits
from models.inbox import Event
from models.openings import Openings
from models.work import Work

_FAR = datetime(9999, 1, 1, tzinfo=UTC)


async def parted(turn: Turn) -> tuple[Turn | None, list[tuple[str, int]]]:
    """A cart as one of goods, if it has any, and what is booked: retailer ids with places."""
    sent = turn.message.content
    assert isinstance(sent, Cart)
    asked = dict.fromkeys(line.retailer_id for line in sent.lines)
    found, _ = await catalog.find_products(turn.work, asked)
    booked = {sku: 0 for sku in asked if sku in found and found[sku].kind == "service"}
    if not booked or cart.refused_whole(sent, len(asked), turn.catalog_id):
        return turn, []
    for line in sent.lines:
        if line.retailer_id in booked:
            booked[line.retailer_id] += max(0, line.quantity or 0)
    goods = tuple(line for line in sent.lines if line.retailer_id not in booked)
    if not goods:
        return None, list(booked.items())
    return replace(turn, message=replace(turn.message, content=replace(sent, lines=goods))), list(booked.items())


async def begin(turn: Turn, wanted: Sequence[tuple[str, int]], beside: Order | None) -> None:
    """What a cart has to be booked; `beside` is the order for its goods."""
    found, _ = await catalog.find_products(turn.work, [sku for sku, _ in wanted])
    head = [say("book.beside_first", turn.language, label=beside.label)] if beside else []
    number = beside.number if beside else 0
    possible: list[tuple[Service, Choosing]] = []
    for sku, places in wanted:
        service = services.read(found[sku], turn.settings) if found[sku].is_sellable else None
        title = plain(found[sku].title)
        if service is None or service.currency != turn.store.currency:
            head.append(say("book.not_now", turn.language, title=title))
        elif places > service.capacity > 1:
            head.append(say("book.too_many", turn.language, count=service.capacity, title=title))
        else:
            if places > 1 == service.capacity:
                head.append(say("book.one_at_a_time", turn.language, title=title))
            seats = max(1, min(places, service.capacity))
            possible.append((service, Choosing(choosing.code(sku), seats, beside=number)))
    text = "\n\n".join(head)
    match possible:
        case []:
            turn.say(Text(text))
        case [(service, chosen)]:
            await _offer_first(turn, service, chosen, text)
        case _:
            text = "\n\n".join([*head, say("book.which_next", turn.language)])
            ids = [chosen for _, chosen in possible]
            turn.say(slot_offers.which([s for s, _ in possible], turn.store, turn.language, head=text, ids=ids))


async def on_words(turn: Turn) -> bool:
    """Whether these words were about a time: a wish to book or to move, or an answer to what was asked."""
    content = turn.message.content
    assert isinstance(content, Words)
    if (wanted := choosing.wish(content.body)) is not None:
        if wanted.is_move:
            return await _begin_move(turn, wanted)
        return await _begin(turn, wanted.rest)
    if content.product and len(content.body) <= choosing.SHORT:
        found, _ = await catalog.find_products(turn.work, [content.product])
        if content.product in found and found[content.product].kind == "service":
            return await _begin(turn, content.body, sku=content.product)
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if question is None or len(content.body) > choosing.SHORT:
        return False
    if question.kind == choosing.QUESTION:
        return await _answer(turn, question.data, content.body)
    if asked := question.data.get(choosing.QUESTION):
        return await _answer_besides(turn, asked, content.body)
    return False


async def on_tap(turn: Turn) -> bool:
    """Whether this was a button about a time; one about somebody else's booking is as unknown as none."""
    content = turn.message.content
    assert isinstance(content, Tap)
    if content.id == menu.BOOK:
        return await _begin(turn, "")
    of_order = checkout.read_tap(content.id)
    if of_order is not None and of_order[0] == "b" and of_order[2] == choosing.MOVE:
        order = await _theirs(turn, of_order[1])
        return order is not None and await _begin_move(turn, Wanted("", is_move=True, number=order.number))
    tapped = choosing.read(content.id)
    if tapped is None:
        return False
    if tapped.choosing.moves and await _theirs(turn, tapped.choosing.moves) is None:
        return False
    return await _do(turn, tapped)


async def on_unhold(work: Work, event: Event, subject: str) -> None:
    """What was held and not booked is free again; who held it learns that when they tap."""
    held = await bookings.find(work, int(subject))
    if held is not None and held.held_until is not None and held.held_until <= work.now:
        await _give_back(work, held, event)


async def _give_back(work: Work, held: Appointment, event: Event) -> None:
    """What is held no more: who asked for a time like that hears of it."""
    await bookings.release(work, held)
    timers.ring(work, kind=reminding.FREED, subject=reminding.freed(held.sku, held.starts_at), cause=event.id)


async def _do(turn: Turn, tapped: Tapped) -> bool:
    chosen, known = tapped.choosing, await openings.services_of(turn.work)
    if tapped.verb == choosing.WHICH:
        return await _offer_services(turn, known, start=choosing.number(tapped.about) or 0)
    if tapped.verb == choosing.FORGET:
        return await _forget(turn, chosen)
    if (service := choosing.find(known, chosen.code)) is None:
        return await _offer_services(turn, known, head=say("book.gone", turn.language))
    if tapped.verb == choosing.TELL:
        return _tell(turn, service, tapped.about)
    if chosen.moves and (why := await _why_not_moved(turn, chosen)) is not None:
        turn.say(why)
        return True
    yes = choosing.read_yes(tapped.about)
    moment = _moment(yes.seconds if yes else choosing.number(tapped.about))
    match tapped.verb:
        case choosing.FIRST:
            await _offer_first(turn, service, chosen)
        case choosing.WHO:
            look = await _look(turn, service, chosen.of(0))
            turn.say(_offers(turn, service, chosen).who(look.calendars, choosing.number(tapped.about) or 0))
        case choosing.OTHER:
            await _offer_other(turn, service, chosen)
        case choosing.DAYS:
            await _offer_days(turn, service, chosen, since=moment)
        case choosing.TIMES if moment:
            await _offer_times(turn, service, chosen, moment)
        case choosing.AT if moment:
            await _tap_time(turn, service, chosen, moment)
        case choosing.BOOK if moment and chosen.moves:
            await _move(turn, service, chosen, moment)
        case choosing.BOOK if moment and yes:
            await _book(turn, service, chosen, moment, yes)
        case _:
            return False
    return True


# What there is to choose from


async def _begin(turn: Turn, words: str, *, sku: str | None = None) -> bool:
    """From a wish in words, which may say what and when. A shop without services has nothing to book."""
    known = await openings.services_of(turn.work)
    if not known:
        return False
    meant = [service for service in known if service.sku == sku] or choosing.named(known, words) or known
    if len(meant) > 1:
        return await _offer_services(turn, meant)
    [service] = meant
    chosen = Choosing(choosing.code(service.sku))
    if not await _offer_said(turn, service, chosen, words):
        await _offer_first(turn, service, chosen)
    return True


async def _offer_services(turn: Turn, known: Sequence[Service], *, head: str = "", start: int = 0) -> bool:
    if not known or start >= len(known):
        turn.say(Text(say("book.none", turn.language, store=turn.store.name)))
    else:
        turn.say(slot_offers.which(known, turn.store, turn.language, head=head, start=start))
        _ask(turn, Choosing(choosing.ANY))
    return True


async def _offer_first(turn: Turn, service: Service, chosen: Choosing, head: str = "") -> None:
    found = await openings.soon(
        turn.work, service, BUTTONS, places=chosen.places, calendar_id=chosen.calendar_id,
        but=await _own(turn, chosen),
    )  # fmt: skip
    turn.say(_offers(turn, service, chosen).first(found, head))
    _ask(turn, chosen)


async def _offer_other(turn: Turn, service: Service, chosen: Choosing) -> None:
    """All there is: first with whom, if there is a choice."""
    look = await _look(turn, service, chosen.of(0))
    if len(look.calendars) > 1:
        turn.say(_offers(turn, service, chosen).who(look.calendars))
        _ask(turn, chosen)
    else:
        await _offer_days(turn, service, chosen)


async def _offer_days(turn: Turn, service: Service, chosen: Choosing, *, since: datetime | None = None) -> None:
    look = await _look(turn, service, chosen)
    first = None if since is None else since.astimezone(turn.store.zone).date()
    turn.say(_offers(turn, service, chosen).days(list(islice(look.days(first), ROWS + 1)), turn.work.now))
    _ask(turn, chosen)


async def _offer_times(turn: Turn, service: Service, chosen: Choosing, since: datetime) -> None:
    look = await _look(turn, service, chosen)
    day = since.astimezone(turn.store.zone).date()
    found = list(islice(look.free(since, look.on(day).end), ROWS + 1))
    if found:
        turn.say(_offers(turn, service, chosen).times(found))
        _ask(turn, chosen, since)
    else:
        shown = slot_offers.day_of(since, turn.store)
        why = say("book.nothing_then", turn.language, title=plain(service.title), when=shown)
        _offer_instead(turn, look, chosen, why, since)


async def _offer_said(turn: Turn, service: Service, chosen: Choosing, words: str, day: date | None = None) -> bool:
    """Whether the words say when: what fits is offered, else what is near. `day` is the one that was spoken of."""
    offers = _offers(turn, service, chosen)
    try:
        said = when.read(words, now=turn.work.now, zone=turn.store.zone)
    except ValueError as error:
        slots = await openings.soon(turn.work, service, BUTTONS, places=chosen.places, but=await _own(turn, chosen))
        turn.say(offers.instead(slot_offers.unclear(str(error), turn.language), slots))
        _ask(turn, chosen)
        return True
    if said is None:
        return False
    if said.day is None and day is not None:
        said = replace(said, day=day)
    look = await _look(turn, service, chosen.of(0))
    if (meant := choosing.person(look.calendars, f"{said.before} {said.after}")) is not None:
        chosen = chosen.of(meant.id)
    if chosen.calendar_id:
        look = await _look(turn, service, chosen)
    await _offer_when(turn, look, chosen, said)
    return True


async def _offer_when(turn: Turn, look: Openings, chosen: Choosing, said: When) -> None:
    offers = _offers(turn, look.service, chosen)
    span = meaning.stretch(said, look.working, now=turn.work.now, zone=turn.store.zone)
    if span is None:
        wanted = meaning.moment(said, look.working, now=turn.work.now, zone=turn.store.zone)
        assert wanted is not None, "words that mean no stretch mean a moment"
        if look.at(wanted) is not None:
            await _tap_time(turn, look.service, chosen, wanted)
        else:
            _say_lost(turn, look, chosen, wanted, "book.not_free")
        return
    found = list(islice(look.free(span.start, span.end), ROWS + 1))
    if found:
        turn.say(offers.fitting(found) if len(found) <= BUTTONS else offers.times(found))
        _ask(turn, chosen, span.start)
    elif span.start >= look.until:
        _say_lost(turn, look, chosen, span.start, "book.too_far")
    else:
        shown = slot_offers.day_of(span.start, turn.store)
        why = say("book.nothing_then", turn.language, title=plain(look.service.title), when=shown)
        _offer_instead(turn, look, chosen, why, span.start)


def _say_lost(turn: Turn, look: Openings, chosen: Choosing, moment: datetime, key: str) -> None:
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
    _offer_instead(turn, look, chosen, why, moment)


def _offer_instead(turn: Turn, look: Openings, chosen: Choosing, why: str, wanted: datetime) -> None:
    """What is nearest; and when nothing is left of a day on which somebody works, to hear of it."""
    day = wanted.astimezone(turn.store.zone).date()
    is_full = look.is_full(day)
    near = look.near(wanted, BUTTONS - is_full)
    turn.say(_offers(turn, look.service, chosen).instead(why, near, day=day.isoformat() if is_full else ""))
    _ask(turn, chosen, wanted)


# A time is tapped, and booked


async def _tap_time(turn: Turn, service: Service, chosen: Choosing, moment: datetime) -> None:
    """Kept for its customer until they book it or the time is over."""
    look = await _look(turn, service, chosen)
    slot = look.at(moment)
    if slot is None:
        _say_lost(turn, look, chosen, moment, "book.lost")
    elif chosen.moves:
        await _ask_move(turn, service, chosen, slot)
    elif not await _hold(turn, service, chosen, slot, say("book.kept", turn.language)):
        _say_lost(turn, look, chosen, moment, "book.lost")


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
    offers = _offers(turn, service, chosen)
    turn.say(offers.keep(Visit(held, service), head, now=turn.work.now))
    _ask(turn, chosen, held.starts_at, yes=offers.yes(held))


async def _book(turn: Turn, service: Service, chosen: Choosing, moment: datetime, yes: Yes) -> None:
    """What is held becomes a booking. Of what is held no more its customer reads whether it can still be had."""
    held = await bookings.held_by(turn.work, turn.contact.id)
    if held is None or (held.sku, held.places, held.starts_at) != (service.sku, chosen.places, moment):
        await _book_late(turn, service, chosen, moment, yes)
    elif moment <= turn.work.now:
        await bookings.release(turn.work, held)
        _say_lost(turn, await _look(turn, service, chosen), chosen, moment, "book.past")
    elif yes.total != _offers(turn, service, chosen).total:
        _say_kept(turn, service, chosen, held, say("book.new_price", turn.language))
    else:
        await _place(turn, service, chosen, held)


async def _book_late(turn: Turn, service: Service, chosen: Choosing, moment: datetime, yes: Yes) -> None:
    for order, visit in await _booked(turn):
        if visit.appointment.id == yes.held_id:
            turn.say(Text(f"{say('book.already', turn.language)} {_next(turn, order, visit)}"), about=order)
            return
    look = await _look(turn, service, chosen)
    slot = look.at(moment)
    if slot is None or not await _hold(turn, service, chosen, slot, say("book.still_free", turn.language)):
        _say_lost(turn, look, chosen, moment, "book.lost")


async def _place(turn: Turn, service: Service, chosen: Choosing, held: Appointment) -> None:
    beside = await _theirs(turn, chosen.beside) if chosen.beside else None
    note = say("book.note_beside", turn.store.language, label=beside.label) if beside else ""
    order = checkout.new_booking(
        service, held.places, order_id=turn.work.ids.new(), number=await orders.take_number(turn.work),
        contact_id=turn.contact.id, store=turn.store, settings=turn.settings, now=turn.work.now,
        credit=await choices.balance(turn.work, turn.contact.id, turn.store.currency),
    )  # fmt: skip
    product, _ = await catalog.find_products(turn.work, [service.sku])
    sold = product[service.sku]
    line = Line(service.sku, service.title, held.places, service.price, brand=sold.brand, image_link=sold.image_link)
    bookings.book(turn.work, held, order)
    await orders.place(turn.work, order, [line], event_id=turn.event.id, settings=turn.settings, note=note)
    if order.checkout_step == Step.COMPLETE:
        order = await orders.submit(turn.work, order, turn.event.id, turn.settings)
    if beside is not None:
        back = say("book.note_beside", turn.store.language, label=order.label)
        orders.amend(turn.work, beside, Action("note", CUSTOMER, note=back), turn.actor)
    _close(turn)
    visit = await visits.of(turn.work, order)
    assert visit is not None
    also = say("book.beside", turn.language, label=beside.label) if beside else ""
    words = _next(turn, order, visit)
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


def _next(turn: Turn, order: Order, visit: Visit) -> str:
    return checkout.next_step(order, turn.settings, turn.store, turn.language, now=turn.work.now, visit=visit)


# Another time for a booking


async def _begin_move(turn: Turn, wanted: Wanted) -> bool:
    """The booking that is named, or the only one; with several its customer says which."""
    found = await _booked(turn)
    if wanted.number is not None:
        order = await _theirs(turn, wanted.number)
        visit = await visits.of(turn.work, order) if order else None
        found = [(order, visit)] if order and visit else []
    if not found:
        if not await openings.services_of(turn.work):
            return False
        turn.say(Text(say("move.none", turn.language)))
        return True
    if len(found) > 1:
        turn.say(slot_offers.bookings(found, turn.store, turn.language))
        return True
    [(order, visit)] = found
    chosen = Choosing(
        choosing.code(visit.appointment.sku), visit.appointment.places, moves=order.number,
        calendar_id=visit.appointment.calendar_id,
    )  # fmt: skip
    if (why := await _why_not_moved(turn, chosen)) is not None:
        turn.say(why, about=order)
    elif visit.service is None:
        turn.say(Text(say("move.service_gone", turn.language, label=order.label, store=turn.store.name)), about=order)
    elif not await _offer_said(turn, visit.service, chosen, wanted.rest):
        line = _line(turn, visit)
        await _offer_first(turn, visit.service, chosen, say("move.head", turn.language, label=order.label, visit=line))
    return True


async def _why_not_moved(turn: Turn, chosen: Choosing) -> Message | None:
    """Why the booking cannot get another time from its customer, if it cannot."""
    order = await _theirs(turn, chosen.moves)
    visit = await visits.of(turn.work, order) if order else None
    if order is None or visit is None:
        return Text(say("move.none", turn.language))
    if not order.is_open:
        status = labels.customer(order, turn.language).lower()
        return Text(say("move.ended", turn.language, label=order.label, status=status))
    asked = Action("reschedule", CUSTOMER, details={"to": turn.work.now.isoformat()})
    if isinstance(await orders.judge(turn.work, order, asked, turn.settings), Move):
        return None
    return Text(slot_offers.too_late(order, visit, turn.store, turn.language))


async def _ask_move(turn: Turn, service: Service, chosen: Choosing, slot: Slot) -> None:
    """Asks once. The new time is kept meanwhile, unless it overlaps the old one, which nobody else can take."""
    order = await _theirs(turn, chosen.moves)
    visit = await visits.of(turn.work, order) if order else None
    assert order is not None
    assert visit is not None
    if (slot.calendar_id, slot.starts_at) == (visit.appointment.calendar_id, visit.appointment.starts_at):
        line = _line(turn, visit)
        turn.say(Text(say("move.same", turn.language, label=order.label, visit=line)), about=order)
        return
    await _keep(turn, service, chosen, slot)
    names = {calendar.id: calendar.name for calendar in await bookings.calendars(turn.work)}
    to = replace(
        visit.appointment, starts_at=slot.starts_at, ends_at=slot.ends_at, calendar_id=slot.calendar_id,
        calendar=names[slot.calendar_id],
    )  # fmt: skip
    chosen = chosen.of(slot.calendar_id)
    offers = _offers(turn, service, chosen)
    turn.say(offers.move(order, Visit(visit.appointment, service), Visit(to, service)), about=order)
    _ask(turn, chosen, slot.starts_at, yes=offers.yes(to))


async def _move(turn: Turn, service: Service, chosen: Choosing, moment: datetime) -> None:
    order = await _theirs(turn, chosen.moves)
    visit = await visits.of(turn.work, order) if order else None
    assert order is not None
    assert visit is not None
    was = visit.appointment
    if was.starts_at == moment and chosen.calendar_id in (0, was.calendar_id):
        line = _line(turn, visit)
        turn.say(Text(say("move.same", turn.language, label=order.label, visit=line)), about=order)
        return
    look = await _look(turn, service, chosen)
    slot = look.at(moment)
    if (held := await bookings.held_by(turn.work, turn.contact.id)) is not None:
        await bookings.release(turn.work, held)
    now = await bookings.move(turn.work, was, service, slot) if slot is not None else None
    if now is None:
        _say_lost(turn, look, chosen, moment, "book.lost")
        return
    moved = booking.rescheduled(was, now, CUSTOMER, turn.store)
    order, outcome = await orders.advance(turn.work, order, moved, turn.actor, turn.settings)
    assert isinstance(outcome, Move), "it was judged a moment ago"
    _close(turn)
    line = _line(turn, Visit(now, service))
    key = "move.done" if order.status == "scheduled" else "move.waits"
    text = say(key, turn.language, label=order.label, visit=line, store=turn.store.name)
    shown = slot_offers.booked(order, Visit(now, service), text, turn.store, turn.language, now=turn.work.now)
    turn.say(shown, about=order)


async def _booked(turn: Turn) -> list[tuple[Order, Visit]]:
    """The customer's bookings that are to come."""
    found = await visits.of_all(turn.work, orders.open_with(turn.work, turn.contact.id))
    return [
        (order, found[order.id])
        for order in orders.open_with(turn.work, turn.contact.id)
        if order.id in found and found[order.id].appointment.starts_at > turn.work.now
    ]


# Answers in words, and the end of it


async def _answer(turn: Turn, asked: Mapping[str, Any], words: str) -> bool:
    """Whether these words answer what was asked of somebody who chooses."""
    chosen, said = choosing.load(asked), wish(words)
    if said is Wish.YES and asked["yes"]:
        return await _do(turn, Tapped(chosen, choosing.BOOK, asked["yes"]))
    if said is Wish.NO or (said is Wish.CANCEL and asked["yes"] and number_in(words) is None):
        return await _forget(turn, chosen)
    if chosen.code == choosing.ANY:
        known = await openings.services_of(turn.work)
        return bool(choosing.named(known, words)) and await _begin(turn, words)
    return await _answer_when(turn, asked, words)


async def _answer_besides(turn: Turn, asked: Mapping[str, Any], words: str) -> bool:
    """The same while something else is asked: only words that say nothing but when."""
    try:
        said = when.read(words, now=turn.work.now, zone=turn.store.zone)
    except ValueError:
        return False
    is_only = said is not None and not said.before and not said.after
    return is_only and await _answer_when(turn, asked, words)


async def _answer_when(turn: Turn, asked: Mapping[str, Any], words: str) -> bool:
    chosen = choosing.load(asked)
    service = choosing.find(await openings.services_of(turn.work), chosen.code)
    if service is None or (chosen.moves and await _why_not_moved(turn, chosen) is not None):
        return False
    if choosing.asks_for_others(words):
        await _offer_other(turn, service, chosen)
        return True
    day = date.fromisoformat(asked["day"]) if asked["day"] else None
    return await _offer_said(turn, service, chosen, words, day)


async def _forget(turn: Turn, chosen: Choosing) -> bool:
    if (held := await bookings.held_by(turn.work, turn.contact.id)) is not None:
        await _give_back(turn.work, held, turn.event)
    _close(turn)
    order = await _theirs(turn, chosen.moves) if chosen.moves else None
    visit = await visits.of(turn.work, order) if order else None
    if order is None or visit is None:
        turn.say(Text(say("book.forgotten", turn.language)))
    else:
        line = _line(turn, visit)
        turn.say(Text(say("move.kept", turn.language, label=order.label, visit=line)), about=order)
    return True


def _tell(turn: Turn, service: Service, about: str) -> bool:
    """They hear of it when something is free on that day after all."""
    try:
        day = date.fromisoformat(about)
    except ValueError:
        return False
    today = turn.work.now.astimezone(turn.store.zone).date()
    if not today <= day <= today + service.horizon:
        return False
    bookings.wish(turn.work, turn.contact.id, service.sku, day)
    shown = slot_offers.day_of(local(day, time(), turn.store.zone), turn.store)
    turn.say(Text(say("book.will_tell", turn.language, title=plain(service.title), day=shown)))
    return True


# What all of them need


def _line(turn: Turn, visit: Visit) -> str:
    return said_of.line(visit, turn.store, turn.language)


def _offers(turn: Turn, service: Service, chosen: Choosing) -> Offers:
    number = turn.message.sender.wa_id
    return Offers(service, chosen, turn.store, turn.settings, turn.language, number=number)


async def _look(turn: Turn, service: Service, chosen: Choosing) -> Openings:
    """What is free, also where this very customer is what is in the way."""
    return await openings.of(
        turn.work, service, places=chosen.places, calendar_id=chosen.calendar_id, but=await _own(turn, chosen)
    )


async def _own(turn: Turn, chosen: Choosing) -> list[Appointment]:
    """What this customer holds, and the appointment that would move."""
    held = await bookings.held_by(turn.work, turn.contact.id)
    order = await _theirs(turn, chosen.moves) if chosen.moves else None
    moving = await bookings.of_order(turn.work, order.id) if order else None
    return [each for each in (held, moving) if each is not None]


async def _theirs(turn: Turn, number: int) -> Order | None:
    """The order with this number if it is theirs: another's is as unknown as none."""
    order = await orders.find(turn.work, number)
    return order if order is not None and order.contact_id == turn.contact.id else None


def _ask(turn: Turn, chosen: Choosing, day: datetime | None = None, *, yes: Yes | None = None) -> None:
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


def _close(turn: Turn) -> None:
    open_one = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if open_one is not None and open_one.kind == choosing.QUESTION:
        questions.close(turn.work, turn.contact.id, questions.CUSTOMER)


def _moment(seconds: int | None) -> datetime | None:
    """As far as there are such days."""
    if seconds is None or seconds >= _FAR.timestamp():
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
