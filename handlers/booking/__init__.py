"""The customer's side of a booking: a time is chosen, kept for a moment and booked, moved, or wished for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from flows import cart, checkout, choosing, meaning, menu, services, slot_offers, when
from flows.appointment import Service
from flows.choosing import Choosing, Tapped, Wanted
from flows.inbound import Cart, Tap, Words
from flows.meaning import When
from flows.messages import BUTTONS, ROWS, Text
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.understand import Wish, wish
from flows.understand import number as number_in
from flows.working import local
from handlers.booking import diary, times
from handlers.turn import Turn
from models import bookings, catalog, openings, questions
from models.openings import Openings

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
        order = await turn.theirs(of_order[1])
        return order is not None and await _begin_move(turn, Wanted("", is_move=True, number=order.number))
    tapped = choosing.read(content.id)
    if tapped is None:
        return False
    if tapped.choosing.moves and await turn.theirs(tapped.choosing.moves) is None:
        return False
    return await _do(turn, tapped)


async def _do(turn: Turn, tapped: Tapped) -> bool:
    chosen, known = tapped.choosing, await openings.services_of(turn.work)
    if tapped.verb == choosing.WHICH:
        return await _offer_services(turn, known, start=choosing.number(tapped.about) or 0)
    if tapped.verb == choosing.FORGET:
        return await times.forget(turn, chosen)
    if (service := choosing.find(known, chosen.code)) is None:
        return await _offer_services(turn, known, head=say("book.gone", turn.language))
    if tapped.verb == choosing.TELL:
        return _tell(turn, service, tapped.about)
    if chosen.moves and (why := await times.why_not_moved(turn, chosen)) is not None:
        turn.say(why)
        return True
    yes = choosing.read_yes(tapped.about)
    moment = _moment(yes.seconds if yes else choosing.number(tapped.about))
    match tapped.verb:
        case choosing.FIRST:
            await _offer_first(turn, service, chosen)
        case choosing.WHO:
            look = await diary.look(turn, service, chosen.of(0))
            turn.say(diary.offers(turn, service, chosen).who(look.calendars, choosing.number(tapped.about) or 0))
        case choosing.OTHER:
            await _offer_other(turn, service, chosen)
        case choosing.DAYS:
            await _offer_days(turn, service, chosen, since=moment)
        case choosing.TIMES if moment:
            await _offer_times(turn, service, chosen, moment)
        case choosing.AT if moment:
            await times.tap_time(turn, service, chosen, moment)
        case choosing.BOOK if moment and chosen.moves:
            await times.move(turn, service, chosen, moment)
        case choosing.BOOK if moment and yes:
            await times.book(turn, service, chosen, moment, yes)
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
        diary.ask(turn, Choosing(choosing.ANY))
    return True


async def _offer_first(turn: Turn, service: Service, chosen: Choosing, head: str = "") -> None:
    found = await openings.soon(
        turn.work, service, BUTTONS, places=chosen.places, calendar_id=chosen.calendar_id,
        but=await diary.own(turn, chosen),
    )  # fmt: skip
    turn.say(diary.offers(turn, service, chosen).first(found, head))
    diary.ask(turn, chosen)


async def _offer_other(turn: Turn, service: Service, chosen: Choosing) -> None:
    """All there is: first with whom, if there is a choice."""
    look = await diary.look(turn, service, chosen.of(0))
    if len(look.calendars) > 1:
        turn.say(diary.offers(turn, service, chosen).who(look.calendars))
        diary.ask(turn, chosen)
    else:
        await _offer_days(turn, service, chosen)


async def _offer_days(turn: Turn, service: Service, chosen: Choosing, *, since: datetime | None = None) -> None:
    look = await diary.look(turn, service, chosen)
    first = None if since is None else since.astimezone(turn.store.zone).date()
    turn.say(diary.offers(turn, service, chosen).days(list(islice(look.days(first), ROWS + 1)), turn.work.now))
    diary.ask(turn, chosen)


async def _offer_times(turn: Turn, service: Service, chosen: Choosing, since: datetime) -> None:
    look = await diary.look(turn, service, chosen)
    day = since.astimezone(turn.store.zone).date()
    found = list(islice(look.free(since, look.on(day).end), ROWS + 1))
    if found:
        turn.say(diary.offers(turn, service, chosen).times(found))
        diary.ask(turn, chosen, since)
    else:
        shown = slot_offers.day_of(since, turn.store)
        why = say("book.nothing_then", turn.language, title=plain(service.title), when=shown)
        diary.offer_instead(turn, look, chosen, why, since)


async def _offer_said(turn: Turn, service: Service, chosen: Choosing, words: str, day: date | None = None) -> bool:
    """Whether the words say when: what fits is offered, else what is near. `day` is the one that was spoken of."""
    offers = diary.offers(turn, service, chosen)
    try:
        said = when.read(words, now=turn.work.now, zone=turn.store.zone)
    except ValueError as error:
        slots = await openings.soon(
            turn.work, service, BUTTONS, places=chosen.places, but=await diary.own(turn, chosen)
        )
        turn.say(offers.instead(slot_offers.unclear(str(error), turn.language), slots))
        diary.ask(turn, chosen)
        return True
    if said is None:
        return False
    if said.day is None and day is not None:
        said = replace(said, day=day)
    look = await diary.look(turn, service, chosen.of(0))
    if (meant := choosing.person(look.calendars, f"{said.before} {said.after}")) is not None:
        chosen = chosen.of(meant.id)
    if chosen.calendar_id:
        look = await diary.look(turn, service, chosen)
    await _offer_when(turn, look, chosen, said)
    return True


async def _offer_when(turn: Turn, look: Openings, chosen: Choosing, said: When) -> None:
    offers = diary.offers(turn, look.service, chosen)
    span = meaning.stretch(said, look.working, now=turn.work.now, zone=turn.store.zone)
    if span is None:
        wanted = meaning.moment(said, look.working, now=turn.work.now, zone=turn.store.zone)
        assert wanted is not None, "words that mean no stretch mean a moment"
        if look.at(wanted) is not None:
            await times.tap_time(turn, look.service, chosen, wanted)
        else:
            diary.say_lost(turn, look, chosen, wanted, "book.not_free")
        return
    found = list(islice(look.free(span.start, span.end), ROWS + 1))
    if found:
        turn.say(offers.fitting(found) if len(found) <= BUTTONS else offers.times(found))
        diary.ask(turn, chosen, span.start)
    elif span.start >= look.until:
        diary.say_lost(turn, look, chosen, span.start, "book.too_far")
    else:
        shown = slot_offers.day_of(span.start, turn.store)
        why = say("book.nothing_then", turn.language, title=plain(look.service.title), when=shown)
        diary.offer_instead(turn, look, chosen, why, span.start)


# Another time for a booking


async def _begin_move(turn: Turn, wanted: Wanted) -> bool:
    """The booking that is named, or the only one; with several its customer says which."""
    found = await diary.booked(turn)
    if wanted.number is not None:
        named = await diary.booking(turn, wanted.number)
        found = [named] if named else []
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
    if (why := await times.why_not_moved(turn, chosen)) is not None:
        turn.say(why, about=order)
    elif visit.service is None:
        turn.say(Text(say("move.service_gone", turn.language, label=order.label, store=turn.store.name)), about=order)
    elif not await _offer_said(turn, visit.service, chosen, wanted.rest):
        line = diary.line(turn, visit)
        await _offer_first(turn, visit.service, chosen, say("move.head", turn.language, label=order.label, visit=line))
    return True


# Answers in words, and the end of it


async def _answer(turn: Turn, asked: Mapping[str, Any], words: str) -> bool:
    """Whether these words answer what was asked of somebody who chooses."""
    chosen, said = choosing.load(asked), wish(words)
    if said is Wish.YES and asked["yes"]:
        return await _do(turn, Tapped(chosen, choosing.BOOK, asked["yes"]))
    if said is Wish.NO or (said is Wish.CANCEL and asked["yes"] and number_in(words) is None):
        return await times.forget(turn, chosen)
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
    if service is None or (chosen.moves and await times.why_not_moved(turn, chosen) is not None):
        return False
    if choosing.asks_for_others(words):
        await _offer_other(turn, service, chosen)
        return True
    day = date.fromisoformat(asked["day"]) if asked["day"] else None
    return await _offer_said(turn, service, chosen, words, day)


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


def _moment(seconds: int | None) -> datetime | None:
    """As far as there are such days."""
    if seconds is None or seconds >= _FAR.timestamp():
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
