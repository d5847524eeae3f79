"""The diary at the desk: what staff ask of it in words, and what they are answered."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from flows import card, choosing, labels, meaning, slot_offers, visits, when
from flows.appointment import Appointment, Block, Calendar, Diary, Interval, Service, Slot, Visit
from flows.hours import parse_hours, parse_span
from flows.lifecycle import Reason
from flows.meaning import When
from flows.messages import (
    BODY,
    BUTTON_TITLE,
    BUTTONS,
    ROW_TITLE,
    ROWS,
    TEXT,
    Button,
    Buttons,
    Message,
    Row,
    Rows,
    Text,
    fit,
    with_question,
)
from flows.order import Order, Step
from flows.phrases import say
from flows.plain import plain
from flows.slots import fits
from flows.spelling import nearest
from flows.store import Store
from flows.working import local

SPANS = {"today": (0, 1), "tomorrow": (1, 2), "week": (0, 7)}
"""Days from today on, the last one not with them."""
QUIET = "quiet"
_BOTH = (0, 2)
_SKU = 70
"""Characters of an id that fits into a button's."""
_NAME = 40
"""Characters of a name in a button's id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of the diary: `span` names them."""

    first: int
    last: int
    span: str
    is_mine: bool = False


def read_list(argument: str) -> Asked | Reason:
    """What follows `bookings`."""
    words = argument.lower().replace(",", " ").split()
    unknown = next((word for word in words if word not in SPANS and word != "mine"), None)
    if unknown is not None:
        hint = nearest(unknown, [*SPANS, "mine"])
        key = "diary.wrong_near" if hint else "diary.wrong"
        return Reason(key, {"word": plain(unknown, 30), "nearest": hint})
    span = next((word for word in words if word in SPANS), "both")
    first, last = SPANS.get(span, _BOTH)
    return Asked(first, last, span, "mine" in words)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the diary. `customer` is what staff call them."""

    order: Order
    visit: Visit
    customer: str


def listing(asked: Asked, entries: Sequence[Entry], store: Store, today: date) -> Rows | Text:
    """By day and time, each to be opened by a tap while there are no more than a list has rows."""
    language = store.language
    if not entries:
        key = "diary.none_mine" if asked.is_mine else "diary.none"
        return Text(say(key, language, span=say(f"diary.span_{asked.span}", language)))
    lines: list[str] = []
    for day, of_day in groupby(
        entries, key=lambda entry: entry.visit.appointment.starts_at.astimezone(store.zone).date()
    ):
        same = list(of_day)
        lines += (
            ["", f"*{_heading(same[0], day, store, today)}*"]
            if lines
            else [f"*{_heading(same[0], day, store, today)}*"]
        )
        lines += [_line(entry, store) for entry in same]
    text = "\n".join(lines)
    if len(entries) <= ROWS and len(text) <= BODY:
        rows = tuple(
            Row(card.action_id(e.order, "order"), card.head(e.order, store)[:ROW_TITLE], _row(e, store))
            for e in entries
        )
        return Rows(text, say("diary.open", language), rows)
    if len(text) <= TEXT:
        return Text(text)
    shown = text[: TEXT - 200].rpartition("\n")[0]
    count = len(entries) - shown.count("#")
    return Text(f"{shown}\n\n{say('diary.more', language, count=count)}")


def _heading(entry: Entry, day: date, store: Store, today: date) -> str:
    shown = slot_offers.day_of(entry.visit.appointment.starts_at, store)
    key = {0: "diary.today", 1: "diary.tomorrow"}.get((day - today).days)
    return say(key, store.language, day=shown) if key else shown


def _line(entry: Entry, store: Store) -> str:
    visit = entry.visit
    who, status = visits.person(visit), labels.staff(entry.order, store)
    parts = [entry.customer, who, status, entry.order.label, "✓" if visit.appointment.coming_at else ""]
    time = visits.written(visit.appointment.starts_at, store, "HH:mm")
    about = " · ".join(plain(part, 40) for part in parts if part)
    return say("diary.line", store.language, time=time, service=_title(visit), about=about)


def _row(entry: Entry, store: Store) -> str:
    return f"{visits.written(entry.visit.appointment.starts_at, store, 'HH:mm')} {plain(entry.customer, 40)}"


def _title(visit: Visit) -> str:
    places = visit.appointment.places
    title = plain(visit.service.title if visit.service else visit.appointment.sku, 40)
    return f"{places} × {title}" if places > 1 else title


# A time in words, for a service


@dataclass(frozen=True, slots=True)
class Offered:
    """No slot yet: why (empty: nothing was said), and what can be had; `named` tells whose each is."""

    why: str
    slots: tuple[Slot, ...]
    key: str = "diary.nearest"
    is_named: bool = False


def at(service: Service, diaries: Iterable[Diary], moment: datetime, places: int) -> Slot | None:
    """The slot at just this time, also between the times that customers are offered."""
    found = (diary for diary in diaries if fits(service, diary, moment, places))
    return next((Slot(diary.calendar_id, moment, moment + service.duration) for diary in found), None)


def said(text: str, *, now: datetime, store: Store) -> When | Reason:
    """When `text` says."""
    try:
        found = when.read(text, now=now, zone=store.zone)
    except ValueError as error:
        return Reason("diary.unclear", {"why": plain(str(error), 200).rstrip(".")})
    return found or Reason("diary.no_when", {"text": plain(text, 60)})


def moment(found: When, working: Sequence[Interval], *, now: datetime, store: Store) -> datetime | None:
    """The one moment that was said; None when it was a day, or a part of one."""
    if meaning.stretch(found, working, now=now, zone=store.zone) is not None:
        return None
    return meaning.moment(found, working, now=now, zone=store.zone)


def names(calendars: Sequence[Calendar]) -> Mapping[int, str]:
    return {calendar.id: plain(calendar.name, _NAME) for calendar in calendars}


def ask_when(offered: Offered, token: int, store: Store, service: Service, people: Mapping[int, str], *,
             head: str = "", is_quiet: bool = False) -> Message:  # fmt: skip
    """The slots as buttons that go on with the command; with names where they are of several people."""
    language = store.language
    if not offered.slots:
        question = say("diary.when_full", language, horizon=slot_offers.days(service.horizon, language))
        return Text("\n\n".join(filter(None, [head, offered.why, question])))
    text = with_question("\n\n".join(filter(None, [head, offered.why])), say(offered.key, language))
    choices: dict[tuple[str, str], tuple[str, str, str]] = {}
    for slot in offered.slots:
        written = slot.starts_at.astimezone(store.zone).isoformat(timespec="minutes")
        who = re.sub(r"\W+", " ", people[slot.calendar_id]).strip() if len(people) > 1 else ""
        title = slot_offers.moment_of(slot.starts_at, store)
        described = people[slot.calendar_id] if len(people) > 1 else ""
        id_ = f"rest.{token}.{' '.join(filter(None, [written, who, QUIET if is_quiet else '']))}"
        choices.setdefault((title, described if offered.is_named else ""), (id_, title, described))
    found = list(choices.values())[:ROWS]
    if len(found) <= BUTTONS and not offered.is_named:
        return Buttons(text, tuple(Button(id_, fit(title, BUTTON_TITLE)) for id_, title, _ in found))
    rows = tuple(Row(id_, fit(title, ROW_TITLE), described) for id_, title, described in found)
    return Rows(text, say("diary.times", language), rows)


def moved(was: Appointment, now: Appointment, service: Service, store: Store) -> str:
    """Old and new time, for the answer."""
    old, new = (visits.span(Visit(each, service), store) for each in (was, now))
    people = [visits.person(Visit(each, service)) for each in (was, now)]
    if people[0] != people[1]:
        old, new = f"{old} {people[0]}", f"{new} {people[1]}"
    return say("diary.moved", store.language, old=old, new=new)


# A booking for a customer


@dataclass(frozen=True, slots=True)
class Meant:
    """The services that words may mean, and the words without the name of the one it is."""

    services: tuple[Service, ...]
    rest: str


def service_in(text: str, services: Sequence[Service]) -> Meant:
    """By SKU, else by words of the title: the one all of whose title is said, or those that say most of it."""
    said = text.split()
    for service in services:
        sku = service.sku.casefold().split()
        for here in range(len(said)):
            if [word.casefold() for word in said[here : here + len(sku)]] == sku:
                return Meant((service,), " ".join([*said[:here], *said[here + len(sku) :]]))
    found = choosing.named(services, text)
    words = {word.casefold() for word in re.findall(r"\w+", text)}
    whole = [each for each in found if {word.casefold() for word in re.findall(r"\w+", each.title)} <= words]
    found = whole if len(whole) == 1 else found
    title = {word.casefold() for word in re.findall(r"\w+", found[0].title)} if len(found) == 1 else set()
    return Meant(tuple(found), " ".join(word for word in said if word.casefold().strip(",.") not in title))


def ask_service(services: Sequence[Service], text: str, token: int, store: Store) -> Message:
    """Which of them: all there are when none was named, and the one it was probably meant to be."""
    language = store.language
    if not services:
        return Text(say("diary.no_services", language))
    words = {word.casefold(): each for each in services for word in [each.sku, *re.findall(r"\w+", each.title)]}
    close = next((near for word in text.split() if len(word) > 2 and (near := nearest(word, words))), None)
    if close:
        question = say("diary.no_service_near", language, text=plain(text, 60), title=plain(words[close].title))
    else:
        question = (
            say("diary.no_service", language, text=plain(text, 60)) if text else say("diary.which_service", language)
        )
    rows = tuple(
        Row(f"rest.{token}.{each.sku}", fit(plain(each.title), ROW_TITLE), plain(each.sku, 60))
        for each in services[:ROWS]
        if len(each.sku) < _SKU
    )
    return Rows(question, say("diary.services", language), rows) if rows else Text(question)


def booked(order: Order, visit: Visit, store: Store, *, is_quiet: bool = False) -> list[str]:
    """What staff read of a booking that they made."""
    told = "diary.asked_payment" if order.checkout_step == Step.PAYMENT else "diary.told"
    key = "diary.no_chat" if not order.has_chat else "desk.quiet" if is_quiet else told
    waits = [say("diary.pays_first", store.language)] if order.status == "pending" else []
    return [visits.line(visit, store, store.language), *waits, say(key, store.language)]


# Time that is kept free, and hours


def span_of(start: datetime, end: datetime, store: Store) -> str:
    """From when until when; the day is said once, and whole days without a time."""
    first, last = (each.astimezone(store.zone) for each in (start, end))
    if first.time() == last.time() == time() and first.date() < last.date():
        until = slot_offers.day_of(end - timedelta(hours=1), store)
        since = slot_offers.day_of(start, store)
        return since if since == until else f"{since}–{until}"
    pattern = "HH:mm" if first.date() == last.date() else "EEE d MMM, HH:mm"
    return f"{slot_offers.moment_of(start, store)}–{visits.written(end, store, pattern)}"


def of_block(block: Block, names: Mapping[int, str], store: Store) -> dict[str, str]:
    who = say("diary.everyone", store.language) if block.calendar_id is None else names.get(block.calendar_id, "-")
    note = f" ({plain(block.note, 60)})" if block.note else ""
    return {"span": span_of(block.starts_at, block.ends_at, store), "who": f"{who}{note}"}


def blocks(found: Sequence[Block], names: Mapping[int, str], store: Store) -> Text:
    if not found:
        return Text(say("diary.no_blocks", store.language))
    lines = [
        say("diary.block", store.language, position=position, **of_block(block, names, store))
        for position, block in enumerate(found, 1)
    ]
    return Text("\n".join([say("diary.blocks", store.language), *lines]))


def blocked(block: Block, names: Mapping[int, str], inside: Sequence[Entry], store: Store) -> Text:
    """What is blocked, and who is booked then all the same."""
    lines = [say("diary.blocked", store.language, **of_block(block, names, store))]
    return Text("\n".join([*lines, *_still_booked("diary.inside", inside, store)]))


def _still_booked(key: str, found: Sequence[Entry], store: Store) -> list[str]:
    """Who is booked at a time that is closed now: staying is for staff to decide."""
    if not found:
        return []
    lines = ["", say(key, store.language, count=len(found), number=found[0].order.number)]
    return lines + [
        f"{slot_offers.day_of(each.visit.appointment.starts_at, store)}, {_line(each, store)}" for each in found
    ]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours to set: of a `day`, or of every week without one. `text` is as a calendar keeps it; empty takes them back."""

    text: str
    day: date | None = None


_SPANS = r"\d{1,2}:\d\d-\d{1,2}:\d\d"
_ON_DAY = re.compile(rf"(?P<day>.+?)\s+(?P<hours>closed|-|{_SPANS}(?:\s*,\s*{_SPANS})*)", re.IGNORECASE)


def read_hours(text: str, *, now: datetime, store: Store) -> Hours:
    """A single weekday is the next one; `every` makes it each. ValueError says in words what is wrong."""
    if text == "-":
        return Hours("")
    every, _, weekly = text.partition(" ")
    if every.lower() == "every":
        parse_hours(weekly)
        return Hours(weekly)
    found = _ON_DAY.fullmatch(text)
    if found is not None:
        said = when.read(found["day"], now=now, zone=store.zone)
        is_day = said is not None and said.day is not None and said.at is None and said.part is None
        if said is not None and said.day is not None and is_day and not said.before and not said.after:
            if said.day < now.astimezone(store.zone).date():
                raise ValueError(say("diary.hours_over", store.language, day=said.day.isoformat()))
            hours = found["hours"].lower()
            spans = [part.strip() for part in hours.split(",")] if hours not in ("closed", "-") else []
            for span in spans:
                parse_span(span)
            return Hours("" if hours == "-" else ",".join(spans) or hours, said.day)
    parse_hours(text)
    return Hours(text)


def hours(
    calendars: Sequence[Calendar], titles: Mapping[int, str], store: Store, today: date, *, head: str = "",
    outside: Sequence[Entry] = (),
) -> Text:  # fmt: skip
    """Each calendar's hours, and the days to come on which they are others; and who is booked `outside` of them."""
    language = store.language
    if not calendars:
        return Text(say("diary.no_calendars", language))
    lines = [head] if head else []
    for calendar in calendars:
        own = calendar.hours or say("diary.hours_shop", language)
        lines.append(say("diary.hours", language, name=titles[calendar.id], hours=own))
        for day, text in sorted(calendar.exceptions.items()):
            if date.fromisoformat(day) >= today:
                at = local(date.fromisoformat(day), time(12), store.zone)
                shown = say("diary.closed", language) if text == "closed" else text
                lines.append(say("diary.hours_day", language, day=slot_offers.day_of(at, store), hours=shown))
    return Text("\n".join([*lines, *_still_booked("diary.outside", outside, store)]))
